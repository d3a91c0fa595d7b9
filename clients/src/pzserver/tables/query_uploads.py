"""Tables that are sent with a query (TAP 1.1 §2.7.6): in memory as Parquet, files as they are, others by address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pzserver.errors import InvalidValueError
from pzserver.tables.frames import arrow_table, is_table, parquet_file

if TYPE_CHECKING:
    from pzserver.tables.frames import TableLike

__all__ = ["QueryUploads", "sent_uploads"]

#: Tables by the names that they have in the query, in the schema TAP_UPLOAD.
QueryUploads: TypeAlias = "Mapping[str, TableLike | str | Path]"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_ADDRESS = re.compile(r"(https?|vos)://", re.IGNORECASE)


def sent_uploads(uploads: QueryUploads | None) -> dict[str, BytesIO | str]:
    """Return what pyvo sends: the bytes of files, and addresses.

    Raises
    ------
    InvalidValueError
        A name cannot be the name of a table, or a value is not a table.
    FileNotFoundError
        A file does not exist.
    """
    found: dict[str, BytesIO | str] = {}
    for name, table in (uploads or {}).items():
        if not _NAME.fullmatch(name):
            message = f"'{name}' cannot be the name of an upload; use letters, digits and _, and begin with a letter."
            raise InvalidValueError(message)
        found[name] = _sent(table)
    return found


def _sent(table: TableLike | str | Path) -> BytesIO | str:
    if is_table(table) or not isinstance(table, str | Path):
        return parquet_file(arrow_table(table))
    if isinstance(table, str) and _ADDRESS.match(table):
        return table
    path = Path(table)
    if not path.is_file():
        message = f"There is no file {path}."
        raise FileNotFoundError(message)
    return BytesIO(path.read_bytes())  # pyvo would open it as a text
