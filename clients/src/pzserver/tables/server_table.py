"""One table of the server: its columns and rows, and for tables of users the changes that their owners may make."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from pzserver.tables.adql import literal
from pzserver.tables.columns import Column, ColumnList
from pzserver.tables.queries import run_sync
from pzserver.tables.rows import TableRows
from pzserver.tables.user_table_requests import TablePermissions, UserTableRequests

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from pzserver.connections.connection import Connection
    from pzserver.tables.frames import TableLike

__all__ = ["ServerTable", "UserTable"]


class ServerTable(TableRows):
    """A table that can be queried.

    Parameters
    ----------
    name
        Its name with its schema.
    """

    def __init__(self, connection: Connection, name: str, description: str | None = None) -> None:
        self._connection = connection
        self._name = name
        self.description = description or ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.table_name}: {self.description}>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.table_name)}: {escape(self.description)}</p>{self.columns._repr_html_()}"

    def __len__(self) -> int:
        (row,) = self.query("SELECT COUNT(*) AS n FROM {table}").to_arrow().to_pylist()
        return int(row["n"])

    @property
    def table_name(self) -> str:
        """Name of the table in queries."""
        return self._name

    @cached_property
    def columns(self) -> ColumnList:
        """Columns of the table, with units, UCDs and descriptions; they have no meanings of photo-z products."""
        condition = f"table_name = {literal(self.table_name)} ORDER BY column_index"
        names = "column_name, datatype, unit, ucd, description"
        found = run_sync(self._connection, f"SELECT {names} FROM TAP_SCHEMA.columns WHERE {condition}")  # noqa: S608 - quoted
        return ColumnList(
            Column(row["column_name"], row["datatype"], row["unit"], row["ucd"], None, row["description"])
            for row in found.to_arrow().to_pylist()
        )


class UserTable(ServerTable):
    """A table of a user; its owner, and groups to which the owner allows it, may change it."""

    @cached_property
    def _requests(self) -> UserTableRequests:
        return UserTableRequests(self._connection)

    @property
    def permissions(self) -> TablePermissions:
        """Who else may read the table, or add rows to it."""
        return self._requests.permissions(self.table_name)

    def append(self, table: TableLike | str | Path) -> Self:
        """Add the rows of a table with the same columns, all or none.

        Raises
        ------
        InvalidValueError
            A column does not fit, or a value is not allowed by a unique index.
        """
        self._requests.load(self.table_name, self._requests.prepared(table))
        return self

    def index(self, column: str, *, unique: bool = False) -> Self:
        """Index a column; a unique index refuses rows whose value exists already."""
        self._requests.index(self.table_name, self.columns[column].name, unique=unique)
        return self

    def share(
        self, *, public: bool | None = None, read_group: str | None = None, write_group: str | None = None
    ) -> TablePermissions:
        """Let others read the table, or add rows to it; what is not given stays, an empty text removes a group."""
        old = self.permissions
        self._requests.permit(
            self.table_name,
            TablePermissions(
                old.owner,
                old.is_public if public is None else public,
                old.read_group if read_group is None else read_group,
                old.write_group if write_group is None else write_group,
            ),
        )
        return self.permissions

    def drop(self) -> None:
        """Remove the table with its rows."""
        self._requests.remove(self.table_name)
