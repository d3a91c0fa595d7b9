"""Everything that one identity may query, put together from the providers of tables and kept while it holds."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from threading import Lock
from typing import Protocol

from core.auth.models import Identity
from tap.adql import Catalog
from tap.metadata.rows import tap_schema_rows
from tap.metadata.standard_tables import TAP_SCHEMA_COLUMNS, TAP_SCHEMA_KEYS, standard_table
from tap.models import TapSchema, TapTable

__all__ = ["TableCatalog", "TableProvider", "TableSet"]

_KEPT = 64


class TableProvider(Protocol):
    """Something that has tables for queries: products, users, a registry."""

    def stamp(self) -> object:
        """Return a value that differs from an earlier one when any of the tables was changed since.

        It is asked for before each query, so it has to be cheap.
        """

    def schemas(self, identity: Identity) -> Iterable[TapSchema]:
        """Return the schemas with those tables that the identity may query; no other provider has a schema of the name.

        What it gives is kept for the identity while the stamps of all providers stay the same.
        """


@dataclass(frozen=True)
class TableSet:
    """The schemas and tables that one identity may query."""

    schemas: tuple[TapSchema, ...]

    @cached_property
    def tables(self) -> Mapping[str, TapTable]:
        """Every table by its full name."""
        return {table.name: table for schema in self.schemas for table in schema.tables}

    @cached_property
    def catalog(self) -> Catalog:
        """The tables as the translator of ADQL sees them."""
        return Catalog(table.entry for table in self.tables.values())


class TableCatalog:
    """Give each identity the tables that it may query: those of all providers, and TAP_SCHEMA.

    A set is kept until a provider says that something changed, so that a query costs one cheap look at each of them.

    Parameters
    ----------
    providers
        Where the tables come from, in the order of their schemas; TAP_SCHEMA, which describes them all, comes last.
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
            kept = self._sets.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        made = self._make(identity)
        with self._lock:
            self._sets[key] = (stamp, made)
            self._sets.move_to_end(key)
            while len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        return made

    def _make(self, identity: Identity) -> TableSet:
        schemas = [schema for provider in self._providers for schema in provider.schemas(identity)]
        return TableSet((*schemas, _tap_schema(schemas)))


def _tap_schema(others: Sequence[TapSchema]) -> TapSchema:
    """Make TAP_SCHEMA; its rows describe the other schemas and itself."""
    all_schemas = list(others)
    tables = tuple(
        standard_table("tap_schema", name, columns, TAP_SCHEMA_KEYS, partial(tap_schema_rows, name, all_schemas))
        for name, columns in TAP_SCHEMA_COLUMNS.items()
    )
    schema = TapSchema("tap_schema", "What can be queried here: schemas, tables, columns and keys (TAP 1.1)", tables)
    all_schemas.append(schema)
    return schema
