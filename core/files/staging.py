"""Files that are arriving: hashed and held to their limit while they are written, then put in their place."""

import os
import secrets
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import NotFoundError, StorageFullError, TooLargeError
from core.files.checksums import Checksums

__all__ = ["PartialFile", "StagedFile", "StagedStore", "StagingFolder", "StoredBytes"]

_CHUNK = 1 << 20
_SYNCED = 64 << 20
_HELPERS = 8

#: Puts a finished file in its place under an id, or raises OSError.
Place = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A file that is in its place: its id, size in bytes, and checksums in hexadecimal."""

    id: str
    size: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Means:
    """What a store lends to the files that are arriving: threads, and what is done with them when they are whole."""

    helpers: Executor
    place: Place
    discard: Callable[[str], None]


class _EarlySync:
    """Brings a long file to the disk while it still arrives, so that its end need not wait for all of it."""

    def __init__(self, file: BufferedWriter, helpers: Executor) -> None:
        self._file = file
        self._helpers = helpers
        self._unsynced = 0
        self._pending: Future[None] | None = None

    def wrote(self, size: int) -> None:
        """Say that bytes were written; OSError when earlier ones did not reach the disk."""
        self._unsynced += size
        if self._unsynced >= _SYNCED and (self._pending is None or self._pending.done()):
            self.settle()
            self._pending = self._helpers.submit(os.fdatasync, self._file.fileno())
            self._unsynced = 0

    def settle(self) -> None:
        """Wait for what is on its way; OSError when it did not reach the disk, which the system tells only once."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            pending.result()


class StagedFile:
    """A file that is arriving. Leaving the ``with`` block without ``finish`` discards it.

    Parameters
    ----------
    means
        What the store lends.
    """

    def __init__(self, path: Path, file_id: str, limit: int, means: _Means) -> None:
        self._path = path
        self._id = file_id
        self._limit = limit
        self._means = means
        self._size = 0
        self._checksums = Checksums(means.helpers)
        self._file = path.open("ab")
        self._early = _EarlySync(self._file, means.helpers)

    def write(self, chunk: bytes) -> None:
        """Add bytes; TooLargeError when they pass the limit, StorageFullError when there is no room."""
        self._count(chunk)
        try:
            self._add(chunk)
        except OSError as e:
            message = "The server has no room left for this file; nothing was stored."
            raise StorageFullError(message) from e

    def finish(self) -> StoredBytes:
        """Put the file in its place."""
        try:
            self._file.flush()
            self._early.settle()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.chmod(0o444)
            self._means.place(self._path, self._id)
        except OSError as e:
            message = "The server could not store this file; nothing was kept."
            raise StorageFullError(message) from e
        return StoredBytes(self._id, self._size, *self._checksums.hexdigests())

    def undo(self) -> None:
        """Remove the file that was put in its place: what it came with was refused."""
        self._means.discard(self._id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # a full disk may refuse the last flush; the file goes away anyway
            self._close()
        self._path.unlink(missing_ok=True)

    def _add(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._early.wrote(len(chunk))

    def _close(self) -> None:
        try:
            self._early.settle()
        finally:
            self._file.close()

    def _count(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            message = f"The file is larger than the limit of {self._limit / 1e6:g} MB; nothing was stored."
            raise TooLargeError(message, field="file")
        self._checksums.update(chunk)


class PartialFile(StagedFile):
    """A file that arrives in parts, by several requests: what came stays, also when a request breaks off."""

    def __init__(self, path: Path, file_id: str, limit: int, means: _Means) -> None:
        super().__init__(path, file_id, limit, means)
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
        return self._checksums.hexdigests()[0]

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
            self._close()

    def _add(self, chunk: bytes) -> None:
        # The system tells only once that bytes did not reach the disk: that must be when the last part is there.
        self._file.write(chunk)


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
        helpers = ThreadPoolExecutor(_HELPERS, thread_name_prefix="staging")  # it has no threads before they are used
        self._means = _Means(helpers, place, discard)

    def stage(self, file_id: str, *, limit: int) -> StagedFile:
        """Begin a file of at most ``limit`` bytes."""
        self._check_room()
        return StagedFile(self._path(file_id), file_id, limit, self._means)

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
        return PartialFile(path, file_id, limit, self._means)

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
