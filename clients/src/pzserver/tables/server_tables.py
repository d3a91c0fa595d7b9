"""Tables of the server: those of products, of metadata, and of users, who create and change their own through pyvo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pzserver.errors import InvalidValueError, NotFoundError
from pzserver.tables.adql import literal
from pzserver.tables.queries import run_sync
from pzserver.tables.records import RecordList
from pzserver.tables.server_table import ServerTable, UserTable
from pzserver.tables.user_table_requests import UserTableRequests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pzserver.connections.connection import Connection
    from pzserver.tables.frames import TableLike

__all__ = ["ServerTables", "TableEntry", "TableList"]

_OWN = "user_"


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table in the list of tables."""

    name: str
    schema: str
    kind: str
    description: str | None


class TableList(RecordList[TableEntry]):
    """Tables that you may query, also by name."""

    _fields = ("name", "kind", "description")
    _noun = "table"


class ServerTables:
    """Tables that you may query (TAP 1.1 §4), and your own ones."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._requests = UserTableRequests(connection)

    def __repr__(self) -> str:
        return f"<ServerTables of {self._connection.base_url}>"

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()  # the same for notebooks

    def __iter__(self) -> Iterator[TableEntry]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._found(f"LOWER(table_name) = {literal(name.lower())}"))

    def __getitem__(self, name: str) -> ServerTable:
        """Return a table by its name, with its schema, or of one of your own without it.

        Raises
        ------
        NotFoundError
            There is no such table that you may read.
        """
        for wanted in (name,) if "." in name else (f"{self.schema}.{name}", name):
            if found := self._found(f"LOWER(table_name) = {literal(wanted.lower())}"):
                kind = UserTable if found[0].schema.startswith(_OWN) else ServerTable
                return kind(self._connection, found[0].name, found[0].description)
        raise NotFoundError(f"There is no table '{name}' that you may read.")

    @property
    def schema(self) -> str:
        """Schema of your own tables, as the server makes it from your user name."""
        name = str(self._connection.json("POST", "logged_user")["username"])
        return _OWN + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:100]

    @property
    def own(self) -> TableList:
        """Your own tables."""
        return self.list(schema=self.schema)

    def list(self, search: str | None = None, *, schema: str | None = None) -> TableList:
        """List the tables.

        Parameters
        ----------
        search
            Words that the name or the description contains.
        schema
            Name of a schema, such as ``redshift_catalog``.
        """
        conditions = [] if schema is None else [f"LOWER(schema_name) = {literal(schema.lower())}"]
        for word in (search or "").lower().split():
            pattern = literal(f"%{word}%")
            conditions.append(f"(LOWER(table_name) LIKE {pattern} OR LOWER(description) LIKE {pattern})")
        return TableList(self._found(" AND ".join(conditions)))

    def create(
        self,
        name: str,
        table: TableLike | str | Path,
        *,
        description: str = "",
        units: Mapping[str, object] | None = None,
        ucds: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
        index: Iterable[str] = (),
        replace: bool = False,
    ) -> UserTable:
        """Create a table of your own, with rows.

        Parameters
        ----------
        name
            Its name, with your schema or without it.
        table
            A table in memory, or the path of a file.
        units, ucds, descriptions
            Those of columns, by name; those of astropy and Arrow are taken over.
        index
            Columns to index.
        replace
            Whether a table of this name is removed first; its permissions are kept.

        Raises
        ------
        InvalidValueError
            A column cannot be stored, or a table of this name exists.
        PermissionDeniedError
            The schema is not yours; the message names the one that is.
        """
        full = name if "." in name else f"{self.schema}.{name}"
        rows = self._requests.prepared(table, units, ucds, descriptions)
        kept = None
        if replace:
            with suppress(NotFoundError):
                kept = self._requests.permissions(full)
                self._requests.remove(full)
        self._requests.create(full, rows, description)
        if kept is not None:
            self._requests.permit(full, kept)
        found = self[full]
        if not isinstance(found, UserTable):
            raise InvalidValueError(f"{full} is not a table of a user.")
        for column in index:
            found.index(column)
        return found

    def _found(self, condition: str) -> tuple[TableEntry, ...]:
        where = f" WHERE {condition}" if condition else ""
        query = "SELECT table_name, schema_name, table_type, description FROM TAP_SCHEMA.tables"
        rows = run_sync(self._connection, f"{query}{where} ORDER BY schema_name, table_index, table_name").to_arrow()
        return tuple(TableEntry(*row.values()) for row in rows.to_pylist())
