"""Manifest of a backup: the database, the files and where their bytes are among the objects."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import UnreadableFileError

__all__ = ["DatabaseEntry", "FileEntry", "Manifest", "TableEntry", "manifest_bytes", "read_manifest"]

FORMAT = 1

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableEntry(_Value):
    """Rows of a table of PostgreSQL in the text format of COPY, compressed by gzip."""

    name: str
    columns: tuple[str, ...]
    sha256: Digest
    size: int


class DatabaseEntry(_Value):
    """Snapshot of the database.

    Parameters
    ----------
    revision
        Revision of the schema (Alembic).
    file
        SHA-256 of the file of SQLite, compressed by gzip.
    tables, sequences
        Tables, and last values of sequences, of PostgreSQL.
    """

    kind: Literal["sqlite", "postgresql"]
    revision: str
    file: Digest | None = None
    tables: tuple[TableEntry, ...] = ()
    sequences: dict[str, int] = {}


class FileEntry(_Value):
    """A file: place and name in the data folder, and its bytes.

    Parameters
    ----------
    changed
        Time of the last change of the file in nanoseconds; files that have the same are not read again.
    """

    place: str
    name: str
    size: int
    sha256: Digest
    changed: int | None = None


class Manifest(_Value):
    """A backup."""

    format: Literal[1] = 1
    id: str
    version: str
    began: datetime
    ended: datetime
    database: DatabaseEntry
    files: tuple[FileEntry, ...]
    secrets: tuple[FileEntry, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def objects(self) -> dict[str, str]:
        """The objects that the backup needs, each with words that name it."""
        named = {entry.sha256: f"{entry.place}/{entry.name}" for entry in (*self.files, *self.secrets)}
        named |= {table.sha256: f"the table {table.name} of the database" for table in self.database.tables}
        return named if self.database.file is None else named | {self.database.file: "the database"}

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)


def manifest_bytes(manifest: Manifest) -> bytes:
    """Write a manifest, with its own checksum in the first line."""
    body = manifest.model_dump_json(exclude_defaults=True).encode()
    return f"{hashlib.sha256(body).hexdigest()}\n".encode() + body


def read_manifest(content: bytes, backup_id: str) -> Manifest:
    """Read a manifest.

    Raises
    ------
    UnreadableFileError
        It is damaged, or of a later version of this program.
    """
    digest, _, body = content.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise UnreadableFileError(f"The manifest of the backup {backup_id} is damaged: its checksum differs.")
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as e:
        found = json.loads(body).get("format", FORMAT)
        if found != FORMAT:
            message = (
                f"The backup {backup_id} has the format {found}. Install the version that wrote it, or a later one."
            )
            raise UnreadableFileError(message) from e
        raise UnreadableFileError(f"The manifest of the backup {backup_id} cannot be read.") from e
