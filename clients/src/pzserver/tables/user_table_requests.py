"""Requests that create, fill, index, share and remove tables of users: through pyvo, and rows as Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pzserver.errors import InvalidValueError, RequestError, check
from pzserver.tables.definitions import table_definition
from pzserver.tables.frames import ColumnWords, arrow_table, parquet_file, with_metadata
from pzserver.tables.queries import tap_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    import pyvo

    from pzserver.connections.connection import Connection
    from pzserver.tables.frames import TableLike

__all__ = ["TablePermissions", "UserTableRequests"]

_PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class TablePermissions:
    """Who else may use a table of a user; groups are names, empty for none."""

    owner: str
    is_public: bool
    read_group: str
    write_group: str


class UserTableRequests:
    """Requests about tables of users (VOSI 1.2 draft, as CADC's clients send them)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepared(
        self,
        table: TableLike | str | Path,
        units: Mapping[str, object] | None = None,
        ucds: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Return a table in memory, or that of a file, as Arrow with further metadata."""
        if isinstance(table, str | Path):
            from pzserver.tables.readers import read_table

            table = read_table(Path(table), {})
        return with_metadata(arrow_table(table), ColumnWords(units, ucds, descriptions))

    def create(self, name: str, rows: pa.Table, description: str) -> None:
        """Create a table and load its rows; nothing stays when they cannot be loaded."""
        definition = BytesIO(table_definition(name, rows, description))
        with self._errors():
            self._service().create_table(name, definition, format="VOSITable")
        try:
            self.load(name, rows)
        except BaseException:
            self.remove(name)
            raise

    def load(self, name: str, rows: pa.Table) -> None:
        """Append rows; as Parquet, which pyvo's ``load_table`` does not send, so that all types and nulls are kept."""
        if not rows.num_rows:
            return
        url = f"{self._connection.base_url}/tap/load/{name}"
        self._connection.request("POST", url, data=parquet_file(rows), headers={"Content-Type": _PARQUET}, timeout=None)

    def index(self, name: str, column: str, *, unique: bool) -> None:
        """Index a column."""
        with self._errors():
            self._service().create_index(name, column, unique=unique)

    def remove(self, name: str) -> None:
        """Remove a table."""
        with self._errors():
            self._service().remove_table(name)

    def permissions(self, name: str) -> TablePermissions:
        """Return who else may use a table."""
        text = self._connection.request("GET", f"{self._connection.base_url}/tap/permissions/{name}").text
        lines = dict(line.partition("=")[::2] for line in text.splitlines())
        return TablePermissions(lines["owner"], lines["public"] == "true", lines["r-group"], lines["rw-group"])

    def permit(self, name: str, permissions: TablePermissions) -> None:
        """Set who else may use a table."""
        text = (
            f"public={str(permissions.is_public).lower()}\n"
            f"r-group={permissions.read_group}\nrw-group={permissions.write_group}\n"
        )
        url = f"{self._connection.base_url}/tap/permissions/{name}"
        self._connection.request("POST", url, data=text.encode(), headers={"Content-Type": "text/plain"})

    def _service(self) -> pyvo.dal.TAPService:
        from pyvo.utils import activate_features

        activate_features("cadc-tb-upload")
        return tap_service(self._connection)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise errors of pyvo and requests as those of this library, with the server's own sentence."""
        import requests
        from pyvo.dal.exceptions import DALAccessError

        try:
            yield
        except requests.HTTPError as e:
            if e.response is None:
                raise RequestError(str(e)) from e
            check(e.response)
        except DALAccessError as e:
            raise InvalidValueError(str(e)) from e
        finally:
            self._connection.session.close_streams()
