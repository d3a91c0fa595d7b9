"""The tables of users as a query sees them: one schema for each user who has some."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from products.user_tables.loading import arrow_schema
from products.user_tables.models import UserTable
from tap.adql import CatalogTable
from tap.models import TapSchema, TapTable

__all__ = ["user_schemas"]


def user_schemas(tables: Iterable[UserTable], folder: Path) -> Iterator[TapSchema]:
    """Put tables into their schemas; they come sorted by these.

    Parameters
    ----------
    folder
        Where the files of their rows are.
    """
    for schema, members in groupby(tables, key=lambda table: table.schema):
        listed = tuple(_table(member, folder) for member in members)
        if listed:
            yield TapSchema(schema, f"Tables of the user {schema.removeprefix('user_')}", listed)


def _table(table: UserTable, folder: Path) -> TapTable:
    columns, position = table.definition.columns, table.definition.position
    sorted_rows = position is not None and bool(table.parts)
    entry = CatalogTable(
        name=table.full_name,
        columns=columns,
        position=position if sorted_rows else None,
        sorted_by_healpix=sorted_rows,
        engine_schema=table.schema,
        engine_table=table.name,
    )
    return TapTable(
        schema=table.schema,
        entry=entry,
        description=table.definition.description or f"Table of {table.owner}",
        principal=frozenset(column.name for column in columns),
        files=tuple(folder / part.stored_id for part in table.parts),
        rows=None if table.parts else lambda: arrow_schema(columns).empty_table(),
        row_count=table.rows,
        more_indexed=frozenset(table.indexed),
    )
