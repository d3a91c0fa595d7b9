"""`FileStore` protocol, and the store in a folder.

Files are staged, hashed and renamed into place before the database refers to them. A file is stored under a random id,
never under a name that a user chose. A crash leaves at most a staged file, or a file without a row; `sweep` removes
both.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from core.errors import NotFoundError, StorageFullError
from core.files.listing import listed
from core.files.notes import NotedPart
from core.files.staging import PartialStagedStore, StagingFolder, StoredBytes

__all__ = ["FileStore", "FolderStore", "PartialFile", "Staging", "StoredBytes"]

_CHUNK = 1 << 20


class Staging(Protocol):
    """Protocol of staged files. Leaving the ``with`` block without ``finish`` discards the file."""

    def write(self, chunk: bytes) -> None:
        """Append bytes; TooLargeError beyond the limit, StorageFullError when the disk is full."""

    def finish(self) -> StoredBytes:
        """Move the file into the store."""

    def undo(self) -> None:
        """Delete the stored file again, because its request was refused."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None: ...


class PartialFile(Staging, Protocol):
    """Protocol of files that are written by several requests; the bytes of a request that breaks off are kept."""

    @property
    def size(self) -> int:
        """Number of bytes written."""

    @property
    def md5(self) -> str:
        """MD5 of the bytes written, in hexadecimal."""

    def flush(self) -> None:
        """Store what was written, so that the next part can follow it."""

    def lock(self) -> None:
        """Keep others from writing; ConflictError when another request writes, or has written since it was opened."""

    def mark(self) -> None:
        """Store the present size, to which `revert` returns."""

    def revert(self) -> None:
        """Cut the file at the marked size; the object cannot be used afterwards."""


class FileStore(Protocol):
    """Protocol of file stores."""

    def stage(self, *, limit: int, account: str = "", check: Callable[[], None] | None = None) -> Staging:
        """Begin a file of at most ``limit`` bytes, which count for an account while they are staged.

        Parameters
        ----------
        check
            Called at the first byte and then every 16 MiB; when it raises, the file is refused.
        """

    def stage_as(self, file_id: str, *, limit: int) -> Staging:
        """Begin a file that is stored under a given id, as when a backup is restored."""

    def begin(self, account: str = "", note: str = "") -> str:
        """Begin a file that is written by several requests, and return its id.

        Parameters
        ----------
        note
            What `noted` returns of the file until it is complete.
        """

    def noted(self) -> Iterator[NotedPart]:
        """Yield the files that were begun with a note, and are not complete."""

    def resume(self, file_id: str, *, limit: int) -> PartialFile:
        """Open a file that is written by several requests; NotFoundError when there is none, or `sweep` removed it."""

    def partial_size(self, file_id: str) -> int:
        """Return the bytes that have arrived of a file that is written by several requests; 0 when there is none."""

    def partial_bytes(self, file_id: str, count: int) -> bytes | None:
        """Return the first bytes of a file that is written by several requests; None when there is none."""

    def abandon(self, file_id: str) -> None:
        """Discard a file that is written by several requests, or what is left of it after `finish`."""

    def staged_bytes(self, account: str, *, without: str = "") -> int:
        """Return the bytes of all files of an account that are staged on a disk, without those of one file.

        Files whose parts are objects are rows of the database: `core.files.partial.storage.arriving_bytes`.
        """

    def duplicate(self, file_id: str) -> str:
        """Copy a file within the store, and return the id of the copy; NotFoundError when there is no such file."""

    def check(self) -> None:
        """Raise OSError when files cannot be stored, or ServiceBusyError when an object store does not answer."""

    def ids(self) -> Iterator[str]:
        """Return the ids of all stored files."""

    def local_path(self, file_id: str) -> Path:
        """Return a local path of a file for reading; NotFoundError when there is no such file."""

    def read(self, file_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""

    def delete(self, file_id: str) -> None:
        """Delete a file if it exists."""

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Delete staged files, and files of unknown ids, that are older than so many seconds; return their number."""


class FolderStore(PartialStagedStore):
    """File store in a folder of this machine, or of a file system that all machines share.

    Parameters
    ----------
    folder
        Folder of the stored files, in 256 subfolders.
    staging
        Folder of staged files, on the same file system as ``folder``.
    min_free
        Free bytes of the file system below which files are refused.
    """

    def __init__(self, folder: Path, staging: Path, *, min_free: int = 0) -> None:
        self._folder = folder
        super().__init__(StagingFolder(staging, min_free=min_free, place=self._put, discard=self.delete))
        folder.mkdir(parents=True, exist_ok=True)

    def duplicate(self, file_id: str) -> str:
        """Copy a file as a hard link, or as a real copy where links are not possible, and return the new id."""
        source, new_id = self.local_path(file_id), secrets.token_hex(16)
        place = self._place(new_id)
        place.parent.mkdir(exist_ok=True)
        try:
            try:
                os.link(source, place)
            except OSError:
                shutil.copyfile(source, place)
                place.chmod(0o444)
        except OSError as e:
            place.unlink(missing_ok=True)
            message = "The server has no disk space left for a copy of this file; nothing was stored."
            raise StorageFullError(message) from e
        _sync_folder(place.parent)
        return new_id

    def ids(self) -> Iterator[str]:
        """Yield the ids of all stored files."""
        yield from (path.name for path in self._folder.glob("??/*"))

    def local_path(self, file_id: str) -> Path:
        """Return the path of a file."""
        path = self._place(file_id)
        if not path.is_file():
            message = "The bytes of this file are missing. Tell the operator of this server."
            raise NotFoundError(message)
        return path

    def read(self, file_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        with self.local_path(file_id).open("rb") as file:
            file.seek(start)
            left = os.fstat(file.fileno()).st_size - start if end is None else end - start
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def delete(self, file_id: str) -> None:
        """Delete a file if it exists; readers that have it open can read on."""
        self._place(file_id).unlink(missing_ok=True)

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Delete old staged and unknown files; return their number."""
        horizon = time.time() - older_than
        staged, stored = listed(self._staging.folder), listed(self._folder, "??/*")
        stale = [path for path, status in staged if path.stem not in known and _is_older(status, horizon)]
        orphans = [path for path, status in stored if path.name not in known and _is_older(status, horizon)]
        for path in (*stale, *orphans):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(stale) + len(orphans)

    def _place(self, file_id: str) -> Path:
        return self._folder / file_id[:2] / file_id

    def _put(self, staged: Path, file_id: str) -> None:
        place = self._place(file_id)
        place.parent.mkdir(exist_ok=True)
        staged.rename(place)
        _sync_folder(place.parent)


def _is_older(status: os.stat_result, horizon: float) -> bool:
    # A new hard link to old bytes counts as new: it changes the ctime of the inode, and not its mtime.
    return max(status.st_mtime, status.st_ctime) < horizon


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
