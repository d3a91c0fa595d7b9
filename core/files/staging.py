"""Staged files: written, hashed and limited in size before they are moved into their store."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import ConflictError, NotFoundError, StorageFullError, TooLargeError
from core.files.checksums import Checksums
from core.files.notes import NotedPart, note_path, noted_parts, write_note

__all__ = ["PartialStagedFile", "PartialStagedStore", "StagedFile", "StagedStore", "StagingFolder", "StoredBytes"]

_CHUNK = 1 << 20
_SYNCED = 64 << 20
_HELPERS = 8
#: Bytes after which the check of a staged file is called again.
_UNCHECKED = 16 << 20
#: Separates the id of a staged file from the account that its bytes count for.
_ACCOUNT = "-"

#: Moves a finished file into the store under an id, or raises OSError.
Place = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A stored file: its id, size in bytes, and checksums in hexadecimal."""

    id: str
    size: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _StoreResources:
    """Resources of a store that staged files use: threads, and functions that move and delete finished files."""

    helpers: Executor
    place: Place
    discard: Callable[[str], None]


class _EarlySync:
    """Synchronisation of a long file to disk while it is written, so that the end need not wait for all of it."""

    def __init__(self, file: BufferedWriter, helpers: Executor) -> None:
        self._file = file
        self._helpers = helpers
        self._unsynced = 0
        self._pending: Future[None] | None = None

    def count(self, size: int) -> None:
        """Count written bytes, and start to sync them; OSError when an earlier sync failed."""
        self._unsynced += size
        if self._unsynced >= _SYNCED and (self._pending is None or self._pending.done()):
            self.wait()
            self._pending = self._helpers.submit(os.fdatasync, self._file.fileno())
            self._unsynced = 0

    def wait(self) -> None:
        """Wait for the running sync; OSError when it failed, which the system reports only once."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            pending.result()


class StagedFile:
    """A file that is being written. Leaving the ``with`` block without ``finish`` discards it.

    Parameters
    ----------
    resources
        Resources of the store.
    check
        Called at the first byte and then every 16 MiB; when it raises, the file is refused.
    """

    def __init__(
        self, path: Path, file_id: str, limit: int, resources: _StoreResources, check: Callable[[], None] | None = None
    ) -> None:
        self._path = path
        self._stored_id = file_id.partition(_ACCOUNT)[0]
        self._limit = limit
        self._check = check
        self._checked_at = 0
        self._resources = resources
        self._size = 0
        self._checksums = Checksums(resources.helpers)
        self._file = path.open("ab")
        self._early = _EarlySync(self._file, resources.helpers)

    def write(self, chunk: bytes) -> None:
        """Append bytes; TooLargeError beyond the limit, StorageFullError when the disk is full."""
        self._count(chunk)
        if self._check is not None and self._size > self._checked_at:
            self._file.flush()
            self._check()
            self._checked_at = self._size + _UNCHECKED
        try:
            self._add(chunk)
        except OSError as e:
            message = "The server has no disk space left for this file; nothing was stored."
            raise StorageFullError(message) from e

    def finish(self) -> StoredBytes:
        """Move the file into the store."""
        try:
            self._file.flush()
            self._early.wait()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.chmod(0o444)
            self._resources.place(self._path, self._stored_id)
        except OSError as e:
            message = "The server could not store this file; nothing was stored."
            raise StorageFullError(message) from e
        return StoredBytes(self._stored_id, self._size, *self._checksums.hexdigests())

    def undo(self) -> None:
        """Delete the stored file again, because its request was refused."""
        self._resources.discard(self._stored_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # a full disk may refuse the last flush; the file is deleted anyway
            self._close()
        self._path.unlink(missing_ok=True)

    def _add(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._early.count(len(chunk))

    def _close(self) -> None:
        try:
            self._early.wait()
        finally:
            self._file.close()

    def _count(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            message = f"The file is larger than the limit of {self._limit / 1e6:g} MB; nothing was stored."
            raise TooLargeError(message, field="file")
        self._checksums.update(chunk)


class PartialStagedFile(StagedFile):
    """A file that is written by several requests; its bytes are kept when a request breaks off."""

    def __init__(self, path: Path, file_id: str, limit: int, resources: _StoreResources) -> None:
        super().__init__(path, file_id, limit, resources)
        self._mark = path.with_suffix(".mark")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                self._count(chunk)

    @property
    def size(self) -> int:
        """Number of bytes written."""
        return self._size

    @property
    def md5(self) -> str:
        """MD5 of the bytes written, in hexadecimal."""
        return self._checksums.hexdigests()[0]

    def lock(self) -> None:
        """Keep others from writing the file until it is closed; ConflictError when another request writes it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise _busy() from e
        if os.fstat(self._file.fileno()).st_size != self._size:  # written since it was opened
            raise _busy()

    def flush(self) -> None:
        """Store what was written, so that the next part can follow it."""
        with _translating_errors():
            self._file.flush()

    def mark(self) -> None:
        """Store the present size, to which `revert` returns."""
        self._mark.write_text(str(self._size), encoding="ascii")

    def revert(self) -> None:
        """Truncate the file to the marked size; the object cannot be used afterwards."""
        with suppress(FileNotFoundError):
            os.truncate(self._path, int(self._mark.read_text(encoding="ascii")))

    def finish(self) -> StoredBytes:
        """Move the file into the store."""
        stored = super().finish()
        self._mark.unlink(missing_ok=True)
        note_path(self._path).unlink(missing_ok=True)
        return stored

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # bytes that a full disk refused are missing when the next part comes
            self._close()

    def _add(self, chunk: bytes) -> None:
        # No early sync: the system reports a failed sync only once, which must be at the last part.
        self._file.write(chunk)


class StagingFolder:
    """Folder of staged files.

    Parameters
    ----------
    min_free
        Free bytes of the file system below which files are refused.
    place, discard
        Functions that move a finished file into the store, and delete it there.
    """

    def __init__(self, folder: Path, *, min_free: int, place: Place, discard: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._min_free = min_free
        helpers = ThreadPoolExecutor(_HELPERS, thread_name_prefix="staging")  # threads start when they are used
        self._resources = _StoreResources(helpers, place, discard)

    def stage(self, file_id: str, *, limit: int, check: Callable[[], None] | None = None) -> StagedFile:
        """Begin a file of at most ``limit`` bytes."""
        self._check_free_space()
        with _translating_errors():
            return StagedFile(self._path(file_id), file_id, limit, self._resources, check)

    def begin(self, file_id: str, note: str) -> None:
        """Begin a file that is written by several requests, with a note for who looks for it."""
        self._check_free_space()
        with _translating_errors():
            self._path(file_id).touch()
            if note:
                write_note(self._path(file_id), note)

    def resume(self, file_id: str, *, limit: int) -> PartialStagedFile:
        """Open a file that is written by several requests, or raise NotFoundError."""
        path = self._path(file_id)
        if not path.is_file():
            message = "This upload does not exist any more; start it again."
            raise NotFoundError(message)
        self._check_free_space()
        return PartialStagedFile(path, file_id, limit, self._resources)

    def partial_size(self, file_id: str) -> int:
        """Return the bytes that have arrived of a file that is written by several requests; 0 when there is none."""
        return _size(self._path(file_id))

    def partial_bytes(self, file_id: str, count: int) -> bytes | None:
        """Return the first bytes of a file that is written by several requests; None when there is none."""
        try:
            with self._path(file_id).open("rb") as file:
                return file.read(count)
        except FileNotFoundError:
            return None

    def abandon(self, file_id: str) -> None:
        """Discard a file that is written by several requests."""
        path = self._path(file_id)
        for each in (path, path.with_suffix(".mark"), note_path(path)):
            each.unlink(missing_ok=True)

    def staged_bytes(self, account: str, *, without: str = "") -> int:
        """Return the bytes of all staged files of an account, without those of one file."""
        found = (path for path in self.folder.glob(f"*{_ACCOUNT}{account}.part") if path != self._path(without))
        return sum(map(_size, found))

    def check(self) -> None:
        """Raise OSError when no file can be made in the folder, which may have been mounted anew as read-only."""
        probe = self.folder / f"{secrets.token_hex(8)}.probe"
        probe.touch(exist_ok=False)
        probe.unlink()

    def _path(self, file_id: str) -> Path:
        return self.folder / f"{file_id}.part"

    def _check_free_space(self) -> None:
        if shutil.disk_usage(self.folder).free < self._min_free:
            message = "The server has no disk space left for files; nothing was stored. Tell its operator."
            raise StorageFullError(message)


@contextmanager
def _translating_errors() -> Iterator[None]:
    """Raise StorageFullError when a disk has no place for another file, or is read-only."""
    try:
        yield
    except OSError as e:
        message = f"The server cannot store files at the moment ({os.strerror(e.errno or 0)}); nothing was stored."
        raise StorageFullError(message) from e


class StagedStore:
    """Base class of stores: staging of files."""

    def __init__(self, staging: StagingFolder) -> None:
        self._staging = staging

    def stage(self, *, limit: int, account: str = "", check: Callable[[], None] | None = None) -> StagedFile:
        """Begin a file of at most ``limit`` bytes."""
        return self._staging.stage(_new_id(account), limit=limit, check=check)

    def stage_as(self, file_id: str, *, limit: int) -> StagedFile:
        """Begin a file that is stored under a given id, as when a backup is restored."""
        return self._staging.stage(file_id, limit=limit)

    def check(self) -> None:
        """Raise OSError when files cannot be stored."""
        self._staging.check()

    def staged_bytes(self, account: str, *, without: str = "") -> int:
        """Return the bytes of all staged files of an account, without those of one file."""
        return self._staging.staged_bytes(account, without=without)


class PartialStagedStore(StagedStore):
    """Base class of stores whose files that arrive in parts are staged on the disk, too."""

    def begin(self, account: str = "", note: str = "") -> str:
        """Begin a file that is written by several requests, and return its id."""
        file_id = _new_id(account)
        self._staging.begin(file_id, note)
        return file_id

    def noted(self) -> Iterator[NotedPart]:
        """Yield the files that were begun with a note, and are not complete."""
        yield from noted_parts(self._staging.folder)

    def resume(self, file_id: str, *, limit: int) -> PartialStagedFile:
        """Open a file that is written by several requests."""
        return self._staging.resume(file_id, limit=limit)

    def partial_size(self, file_id: str) -> int:
        """Return the bytes that have arrived of a file that is written by several requests; 0 when there is none."""
        return self._staging.partial_size(file_id)

    def partial_bytes(self, file_id: str, count: int) -> bytes | None:
        """Return the first bytes of a file that is written by several requests; None when there is none."""
        return self._staging.partial_bytes(file_id, count)

    def abandon(self, file_id: str) -> None:
        """Discard a file that is written by several requests."""
        self._staging.abandon(file_id)


def _busy() -> ConflictError:
    return ConflictError("Another request sends bytes of this upload at the moment. Try again in a few seconds.")


def _new_id(account: str) -> str:
    return secrets.token_hex(16) + (f"{_ACCOUNT}{account}" if account else "")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # stored or discarded since the folder was listed
        return 0
