"""Files that are arriving: hashed and held to their limit while they are written, then put in their place."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import NotFoundError, StorageFullError, TooLargeError

__all__ = ["PartialFile", "StagedFile", "StagedStore", "StagingFolder", "StoredBytes"]

_CHUNK = 1 << 20

#: Puts a finished file in its place under an id, or raises OSError.
Place = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A file that is in its place: its id, size in bytes, and checksums in hexadecimal."""

    id: str
    size: int
    md5: str
    sha256: str


class StagedFile:
    """A file that is arriving. Leaving the ``with`` block without ``finish`` discards it.

    Parameters
    ----------
    place, discard
        Puts the finished file in its place, and takes it away from there.
    """

    def __init__(self, path: Path, file_id: str, limit: int, place: Place, discard: Callable[[str], None]) -> None:
        self._path = path
        self._id = file_id
        self._limit = limit
        self._place = place
        self._discard = discard
        self._size = 0
        # MD5 is what VOSpace's Digest speaks; integrity rests on the SHA-256.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._file = path.open("ab")

    def write(self, chunk: bytes) -> None:
        """Add bytes; TooLargeError when they pass the limit, StorageFullError when there is no room."""
        self._count(chunk)
        try:
            self._file.write(chunk)
        except OSError as e:
            message = "The server has no room left for this file; nothing was stored."
            raise StorageFullError(message) from e

    def finish(self) -> StoredBytes:
        """Put the file in its place."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.chmod(0o444)
            self._place(self._path, self._id)
        except OSError as e:
            message = "The server could not store this file; nothing was kept."
            raise StorageFullError(message) from e
        return StoredBytes(self._id, self._size, self._md5.hexdigest(), self._sha256.hexdigest())

    def undo(self) -> None:
        """Remove the file that was put in its place: what it came with was refused."""
        self._discard(self._id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # a full disk may refuse the last flush; the file goes away anyway
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _count(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            message = f"The file is larger than the limit of {self._limit / 1e6:g} MB; nothing was stored."
            raise TooLargeError(message, field="file")
        self._md5.update(chunk)
        self._sha256.update(chunk)


class PartialFile(StagedFile):
    """A file that arrives in parts, by several requests: what came stays, also when a request breaks off."""

    def __init__(self, path: Path, file_id: str, limit: int, place: Place, discard: Callable[[str], None]) -> None:
        super().__init__(path, file_id, limit, place, discard)
        self._mark = path.with_suffix(".mark")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                self._count(chunk)

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self._size

    @property
    def md5(self) -> str:
        """Checksum of the bytes that are there, in hexadecimal."""
        return self._md5.hexdigest()

    def mark(self) -> None:
        """Note that a part begins here, so that it can be taken back."""
        self._mark.write_text(str(self._size), encoding="ascii")

    def revert(self) -> None:
        """Take back the last part; the object is of no use afterwards."""
        with suppress(FileNotFoundError):
            os.truncate(self._path, int(self._mark.read_text(encoding="ascii")))

    def finish(self) -> StoredBytes:
        """Put the file in its place."""
        stored = super().finish()
        self._mark.unlink(missing_ok=True)
        return stored

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # what a full disk refused is not there when the next part comes
            self._file.close()


class StagingFolder:
    """Where files arrive.

    Parameters
    ----------
    min_free
        Free bytes of the file system below which nothing more is taken in.
    place, discard
        What is done with finished files, and what takes that back.
    """

    def __init__(self, folder: Path, *, min_free: int, place: Place, discard: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._min_free = min_free
        self._place = place
        self._discard = discard

    def stage(self, file_id: str, *, limit: int) -> StagedFile:
        """Begin a file of at most ``limit`` bytes."""
        self._check_room()
        return StagedFile(self._path(file_id), file_id, limit, self._place, self._discard)

    def begin(self, file_id: str) -> None:
        """Begin a file that arrives in parts."""
        self._check_room()
        self._path(file_id).touch()

    def resume(self, file_id: str, *, limit: int) -> PartialFile:
        """Open a file that arrives in parts, or raise NotFoundError."""
        path = self._path(file_id)
        if not path.is_file():
            message = "This upload is not there any more; begin it anew."
            raise NotFoundError(message)
        self._check_room()
        return PartialFile(path, file_id, limit, self._place, self._discard)

    def abandon(self, file_id: str) -> None:
        """Discard a file that arrives in parts."""
        self._path(file_id).unlink(missing_ok=True)
        self._path(file_id).with_suffix(".mark").unlink(missing_ok=True)

    def _path(self, file_id: str) -> Path:
        return self.folder / f"{file_id}.part"

    def _check_room(self) -> None:
        if shutil.disk_usage(self.folder).free < self._min_free:
            message = "The server has no room left for files. Tell its operator; nothing was stored."
            raise StorageFullError(message)


class StagedStore:
    """What every store does with files that are arriving, wherever it puts them in the end."""

    def __init__(self, staging: StagingFolder) -> None:
        self._staging = staging

    def stage(self, *, limit: int) -> StagedFile:
        """Begin a file of at most ``limit`` bytes."""
        return self._staging.stage(secrets.token_hex(16), limit=limit)

    def begin(self) -> str:
        """Begin a file that arrives in parts, and give its id."""
        file_id = secrets.token_hex(16)
        self._staging.begin(file_id)
        return file_id

    def resume(self, file_id: str, *, limit: int) -> PartialFile:
        """Open a file that arrives in parts."""
        return self._staging.resume(file_id, limit=limit)

    def abandon(self, file_id: str) -> None:
        """Discard a file that arrives in parts."""
        self._staging.abandon(file_id)
