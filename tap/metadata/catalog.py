"""Catalogue of tables: the table set of each identity, composed from providers and cached until one changes."""

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

_MAX_SETS = 64


class TableProvider(Protocol):
    """Provider of tables for queries, such as products, user tables or a registry."""

    def stamp(self) -> object:
        """Return a value that changes whenever any of the tables changes; called before each query, so it is cheap."""

    def schemas(self, identity: Identity) -> Iterable[TapSchema]:
        """Return the schemas with the tables that the identity may query; names of schemas are unique to a provider.

        The result is cached for the identity while the stamps of all providers stay the same.
        """


@dataclass(frozen=True)
class TableSet:
    """The schemas and tables that one identity may query."""

    schemas: tuple[TapSchema, ...]

    @cached_property
    def tables(self) -> Mapping[str, TapTable]:
        """The tables by full name."""
        return {table.name: table for schema in self.schemas for table in schema.tables}

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue for the translator of ADQL."""
        return Catalog(table.entry for table in self.tables.values())


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
