"""Catalogue of tables: the table set of each identity, composed from providers and cached until one changes."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from threading import Lock
from typing import Protocol

from core.auth.models import Identity
from tap.adql import CatalogTable
from tap.adql.catalog import chosen_table, unknown_table
from tap.adql.tree import TableName
from tap.metadata.rows import tap_schema_rows
from tap.metadata.standard_tables import TAP_SCHEMA_COLUMNS, TAP_SCHEMA_KEYS, standard_table
from tap.models import TapSchema, TapTable

__all__ = ["METADATA_SCHEMAS", "TableCatalog", "TableLookup", "TableProvider", "TableSet"]

#: Schemas of metadata: their tables are described, and their rows are made, from what an identity may query.
METADATA_SCHEMAS = frozenset({"photoz", "tap_schema"})

_MAX_SETS = 64
_PARTS = 2


class TableProvider(Protocol):
    """Provider of tables for queries, such as products, user tables or a registry."""

    def stamp(self) -> object:
        """Return a value that changes whenever any of the tables changes; called before each query, so it is cheap."""

    def schemas(self, identity: Identity) -> Iterable[TapSchema]:
        """Return the schemas with the tables that the identity may query; names of schemas are unique to a provider.

        The result is cached for the identity while the stamps of all providers stay the same.
        """

    def named(self, identity: Identity, schema: str, name: str) -> Iterable[TapTable]:
        """Return the tables whose schema and name, in any case, are given, if the identity may query them now.

        Tables of `METADATA_SCHEMAS` are taken from `schemas`.
        """


@dataclass(frozen=True)
class TableSet:
    """The schemas and tables that one identity may query."""

    schemas: tuple[TapSchema, ...]

    @cached_property
    def tables(self) -> Mapping[str, TapTable]:
        """The tables by full name."""
        return {table.name: table for schema in self.schemas for table in schema.tables}


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
    """Table sets of identities: the tables of all providers, and TAP_SCHEMA.

    A set is cached until the stamp of a provider changes.

    Parameters
    ----------
    providers
        Providers of tables, in the order of their schemas; TAP_SCHEMA, which describes them all, comes last.
    """

    def __init__(self, providers: Sequence[TableProvider]) -> None:
        self._providers = tuple(providers)
        self._sets: OrderedDict[object, tuple[object, TableSet]] = OrderedDict()
        self._lock = Lock()

    def tables_of(self, identity: Identity) -> TableSet:
        """Return the tables that the identity may query."""
        key = (identity.user_id, identity.acts_as_admin, identity.groups, identity.linked_product)
        stamp = tuple(provider.stamp() for provider in self._providers)
        with self._lock:
            cached = self._sets.get(key)
        if cached is not None and cached[0] == stamp:
            return cached[1]
        tables = self._make(identity)
        with self._lock:
            self._sets[key] = (stamp, tables)
            self._sets.move_to_end(key)
            while len(self._sets) > _MAX_SETS:
                self._sets.popitem(last=False)
        return tables

    def lookup(self, identity: Identity) -> TableLookup:
        """Return the tables that the identity may query, to be looked up by name."""
        return TableLookup(self, identity)

    def named(self, identity: Identity, schema: str, name: str) -> list[TapTable]:
        """Return the tables whose schema and name, in any case, are given, if the identity may query them now."""
        if schema.lower() in METADATA_SCHEMAS:
            written = f"{schema}.{name}".lower()
            return [table for known, table in self.tables_of(identity).tables.items() if known == written]
        return [table for provider in self._providers for table in provider.named(identity, schema, name)]

    def _make(self, identity: Identity) -> TableSet:
        schemas = [schema for provider in self._providers for schema in provider.schemas(identity)]
        return TableSet((*schemas, _tap_schema(schemas)))


def _tap_schema(others: Sequence[TapSchema]) -> TapSchema:
    """Return TAP_SCHEMA; its rows describe the other schemas and itself."""
    all_schemas = list(others)
    tables = tuple(
        standard_table("tap_schema", name, columns, TAP_SCHEMA_KEYS, partial(tap_schema_rows, name, all_schemas))
        for name, columns in TAP_SCHEMA_COLUMNS.items()
    )
    schema = TapSchema("tap_schema", "Schemas, tables, columns and keys of this service (TAP 1.1)", tables)
    all_schemas.append(schema)
    return schema
