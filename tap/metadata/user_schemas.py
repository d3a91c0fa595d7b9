"""Table provider of user tables, with one schema for each user."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby

from core.auth.models import Identity
from core.files.kept import KeptFiles
from products.rows.stored_columns import stored_names, stored_schema
from products.user_tables.loading import arrow_schema
from products.user_tables.models import UserTable
from products.user_tables.service import SCHEMA_PREFIX, UserTableService
from tap.adql import CatalogTable
from tap.metadata.catalog import TableBlock
from tap.models import TapSchema, TapTable

__all__ = ["UserTables"]


class UserTables:
    """`TableProvider` of the user tables that an identity may read.

    Parameters
    ----------
    files
        The Parquet files of user tables.
    """

    def __init__(self, service: UserTableService, files: KeptFiles) -> None:
        self._service = service
        self._files = files

    def stamp(self) -> object:
        """Return a value that changes whenever a table is created, changed or removed."""
        return self._service.stamp()

    def schemas(self, identity: Identity) -> list[TapSchema]:
        """Return a schema for each user who has tables."""
        names = dict.fromkeys(table.schema for table in self._service.all(identity))
        return [TapSchema(name, f"Tables of the user {name.removeprefix(SCHEMA_PREFIX)}", ()) for name in names]

    def tables(self, identity: Identity, schema: str) -> list[TapTable]:
        """Return the tables of a user."""
        return [table for table in self._all(identity) if table.schema == schema]

    def blocks(self, identity: Identity) -> Iterator[TableBlock]:
        """Yield one block: few people have many tables."""
        key = (identity.user_id, identity.acts_as_admin, sorted(identity.groups))
        yield TableBlock(f"user tables {self.stamp()} {key}", partial(self._all, identity))

    def named(self, identity: Identity, schema: str, name: str) -> Iterator[TapTable]:
        """Yield the user tables of a name in any case."""
        if not schema.lower().startswith(SCHEMA_PREFIX):
            return iter(())
        return (_table(table, self._files) for table in self._service.named(identity, schema, name))

    def _all(self, identity: Identity) -> list[TapTable]:
        # The tables are sorted by schema.
        return [
            _table(table, self._files, order)
            for _, members in groupby(self._service.all(identity), key=lambda table: table.schema)
            for order, table in enumerate(members)
        ]


def _table(table: UserTable, files: KeptFiles, order: int = 0) -> TapTable:
    columns, position = table.definition.columns, table.definition.position
    sorted_rows = position is not None and bool(table.parts)
    entry = CatalogTable(
        name=table.full_name,
        columns=columns,
        position=position if sorted_rows else None,
        sorted_by_healpix=sorted_rows,
        engine_schema=table.schema,
        engine_table=table.name,
        engine_columns=stored_names(len(columns)),
    )
    return TapTable(
        schema=table.schema,
        entry=entry,
        description=table.definition.description or f"Table of {table.owner}",
        principal=frozenset(column.name for column in columns),
        files=tuple(files.local(part.stored_id) for part in table.parts),
        hold=partial(files.hold, *(part.stored_id for part in table.parts)),
        rows=None if table.parts else lambda: stored_schema(arrow_schema(columns), indexed=False).empty_table(),
        row_count=table.rows,
        more_indexed=frozenset(table.indexed),
        order=order,
        summaries=table.summaries,
    )
