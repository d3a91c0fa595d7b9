"""Catalogue of tables: what each identity may query, composed from providers, by name or as a whole."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from core.auth.models import ANONYMOUS, Identity
from tap.adql import CatalogTable
from tap.adql.catalog import chosen_table, unknown_table
from tap.adql.tree import TableName
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.metadata.rows import schema_rows, tap_schema_rows
from tap.metadata.standard_tables import TAP_SCHEMA_COLUMNS, TAP_SCHEMA_KEYS, standard_table
from tap.models import RowFiles, TapSchema, TapTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableBlock", "TableCatalog", "TableLookup", "TableProvider", "TableSet"]

_TAP_SCHEMA = TapSchema("tap_schema", "Schemas, tables, columns and keys of this service (TAP 1.1)", ())
_MAX_SETS = 16
_PARTS = 2

#: Tables of TAP_SCHEMA of which only the standard tables have rows.
_KEYS = frozenset({"keys", "key_columns"})


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Some of the tables of a provider, as far as an identity may query them.

    Parameters
    ----------
    key
        A text that is another whenever the tables are others, or described otherwise.
    has_keys
        Whether the tables may have foreign keys.
    rows
        Functions that make rows of tables of TAP_SCHEMA, by the name of the table, faster than from ``tables``, and
        rows of tables that the provider has itself.
    """

    key: str
    tables: Callable[[], Iterable[TapTable]]
    has_keys: bool = False
    rows: Mapping[str, Callable[[], "pa.Table"]] = field(default_factory=dict)
    _row_blocks: dict[str, RowBlock] = field(default_factory=dict, init=False, repr=False, compare=False)

    def row_block(self, name: str) -> RowBlock:
        """Return the rows of a table of TAP_SCHEMA, or of another one of ``rows``; the same object each time."""
        known = self._row_blocks.get(name)
        if known is None:
            known = self._row_blocks[name] = RowBlock(self.key, partial(_block_rows, name, self))
        return known


class TableProvider(Protocol):
    """Provider of tables for queries, such as products, user tables or a registry; names of schemas are its own."""

    def stamp(self) -> object:
        """Return a value that changes whenever any of the tables changes; called often, so it is cheap."""

    def schemas(self, identity: Identity) -> Sequence[TapSchema]:
        """Return the schemas in which the identity may query tables, without the tables."""

    def tables(self, identity: Identity, schema: str) -> Iterable[TapTable]:
        """Return the tables of a schema that the identity may query, in their order."""

    def named(self, identity: Identity, schema: str, name: str) -> Iterable[TapTable]:
        """Return the tables whose schema and name, in any case, are given, if the identity may query them now."""

    def blocks(self, identity: Identity) -> Iterable[TableBlock]:
        """Return all tables that the identity may query, in blocks from which the rows of TAP_SCHEMA are made."""


@dataclass(frozen=True)
class TableSet:
    """The schemas and tables that one identity may query."""

    schemas: tuple[TapSchema, ...]

    @cached_property
    def tables(self) -> Mapping[str, TapTable]:
        """The tables by full name."""
        return {table.name: table for schema in self.schemas for table in schema.tables}

    def matching(self, search: str) -> list[TapTable]:
        """Return the tables whose name and description have all words of a search in any case, those of data first."""
        words = search.lower().split()
        found = (
            table
            for table in self.tables.values()
            if all(word in f"{table.name} {table.description}".lower() for word in words)
        )
        return sorted(found, key=lambda table: table.located is not None)


class TableLookup:
    """The tables that one identity may query, each looked up when it is named.

    It is a resolver for the translator of ADQL. What it has found is kept, for one query.
    """

    def __init__(self, catalog: "TableCatalog", identity: Identity) -> None:
        self._catalog = catalog
        self._identity = identity
        #: The tables that were found so far, by full name.
        self.found: dict[str, TapTable] = {}

    def get(self, name: str) -> TapTable | None:
        """Return the table of a full name, in the case in which it is listed, or None."""
        parts = CatalogTable(name, (), None, False, "", "").parts
        return next((table for table in self._named(parts) if table.name == name), None)

    def find(self, reference: TableName) -> CatalogTable:
        """Return the table that a query names, or raise QueryError."""
        candidates = self._named(tuple(name.text for name in reference.names))
        chosen = chosen_table(reference, [table.entry for table in candidates])
        if chosen is None:
            raise unknown_table(reference, self._catalog.tables_of(self._identity).tables)
        return chosen

    def _named(self, parts: Sequence[str]) -> list[TapTable]:
        if len(parts) != _PARTS:
            return []
        tables = self._catalog.named(self._identity, *parts)
        self.found.update({table.name: table for table in tables})
        return tables


class TableCatalog:
    """The tables of all providers, and TAP_SCHEMA.

    Parameters
    ----------
    providers
        Providers of tables, in the order of their schemas; TAP_SCHEMA, which describes them all, comes last.
    files
        Where the rows of TAP_SCHEMA are kept.
    """

    def __init__(self, providers: Sequence[TableProvider], files: MetadataFiles) -> None:
        self._providers = tuple(providers)
        self._files = files
        self._segments = RowSegments(files, files.stored)
        self._sets: OrderedDict[object, tuple[object, TableSet]] = OrderedDict()
        self._lock = Lock()

    def lookup(self, identity: Identity) -> TableLookup:
        """Return the tables that the identity may query, to be looked up by name."""
        return TableLookup(self, identity)

    def named(self, identity: Identity, schema: str, name: str) -> list[TapTable]:
        """Return the tables whose schema and name, in any case, are given, if the identity may query them now."""
        if schema.lower() == _TAP_SCHEMA.name:
            return [self._standard(identity, name.lower())] if name.lower() in TAP_SCHEMA_COLUMNS else []
        return [table for provider in self._providers for table in provider.named(identity, schema, name)]

    def stamp(self, identity: Identity) -> str:
        """Return a text that changes whenever what the identity may query changes."""
        stamps = [provider.stamp() for provider in self._providers]
        return hashlib.sha256(repr((stamps, reader_of(identity))).encode()).hexdigest()

    def schemas(self, identity: Identity) -> Iterator[tuple[TapSchema, Iterable[TapTable]]]:
        """Yield each schema with the tables that the identity may query, which are read while they are used."""
        for provider in self._providers:
            for schema in provider.schemas(identity):
                yield schema, provider.tables(identity, schema.name)
        yield _TAP_SCHEMA, self._standard_tables(identity)

    def tables_of(self, identity: Identity) -> TableSet:
        """Return all tables that the identity may query, kept until a provider changes."""
        key, stamp = reader_of(identity), tuple(provider.stamp() for provider in self._providers)
        with self._lock:
            kept = self._sets.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        found = self.schemas(identity)
        made = TableSet(tuple(replace(known, tables=tuple(tables)) for known, tables in found))
        with self._lock:
            self._sets[key] = (stamp, made)
            self._sets.move_to_end(key)
            while len(self._sets) > _MAX_SETS:
                self._sets.popitem(last=False)
        return made

    def prepare(self, schemas: Collection[str]) -> None:
        """Make the rows of metadata tables that everybody may read, as far as they are not there yet.

        Parameters
        ----------
        schemas
            Names of the schemas, which have no tables with many rows of their own.
        """
        for schema, tables in self.schemas(ANONYMOUS):
            for table in tables if schema.name in schemas else ():
                if table.located is not None:
                    table.located()

    def _standard_tables(self, identity: Identity) -> tuple[TapTable, ...]:
        return tuple(self._standard(identity, name) for name in TAP_SCHEMA_COLUMNS)

    def _standard(self, identity: Identity, name: str) -> TapTable:
        columns = TAP_SCHEMA_COLUMNS[name]
        order = list(TAP_SCHEMA_COLUMNS).index(name)
        files = partial(self._rows, identity, name)
        return standard_table(_TAP_SCHEMA.name, name, columns, TAP_SCHEMA_KEYS, files, order)

    def _rows(self, identity: Identity, name: str) -> RowFiles:
        """Return the files of the rows of a table of TAP_SCHEMA."""
        full_name = f"{_TAP_SCHEMA.name}.{name}"
        if name == "schemas":
            listed = [schema for provider in self._providers for schema in provider.schemas(identity)]
            described = [(schema.name, schema.utype, schema.description) for schema in (*listed, _TAP_SCHEMA)]
            return RowFiles((self._files.file(full_name, repr(described), partial(schema_rows, described)),))
        own = TableBlock(_TAP_SCHEMA.name, partial(self._standard_tables, identity), has_keys=True)
        blocks = [block for provider in self._providers for block in provider.blocks(identity)]
        parts = [block.row_block(name) for block in (*blocks, own) if block.has_keys or name not in _KEYS]
        return self._segments.files(full_name, reader_of(identity), parts)


def _block_rows(name: str, block: TableBlock) -> "pa.Table":
    made = block.rows.get(name)
    return tap_schema_rows(name, block.tables()) if made is None else made()
