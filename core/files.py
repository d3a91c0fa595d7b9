"""Bytes of files: staged while they arrive, hashed, renamed into place, and only then known to the database.

A file lives under a random id, never under a name that somebody chose. A crash leaves at most a staged file, or a
file without a row, and the sweep removes both.
"""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from core.errors import NotFoundError, StorageFullError, TooLargeError

__all__ = ["FileStore", "FolderStore", "Staging", "StoredBytes"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A file that is in its place: its id, size in bytes, and checksums in hexadecimal."""

    id: str
    size: int
    md5: str
    sha256: str


class Staging(Protocol):
    """A file that is arriving. Leaving the ``with`` block without ``finish`` discards it."""

    def write(self, chunk: bytes) -> None:
        """Add bytes; TooLargeError when they pass the limit, StorageFullError when there is no room."""

    def finish(self) -> StoredBytes:
        """Put the file in its place."""

    def undo(self) -> None:
        """Remove the file that was put in its place: what it came with was refused."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None: ...


class FileStore(Protocol):
    """Where the bytes of files live."""

    def stage(self, *, limit: int) -> Staging:
        """Begin a file of at most ``limit`` bytes."""

    def local_path(self, file_id: str) -> Path:
        """Give a local path of a file for reading; NotFoundError when it is not there."""

    def read(self, file_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""

    def delete(self, file_id: str) -> None:
        """Remove a file; nothing happens when it is not there."""

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Remove staged files, and files whose id is not known, that are older than so many seconds; count them."""


class FolderStore:
    """Files in a folder of this machine, or of a file system that all machines share.

    Parameters
    ----------
    folder
        Files that are in place, spread over 256 folders.
    staging
        Files that are arriving; on the same file system as ``folder``.
    min_free
        Free bytes of the file system below which nothing more is taken in.
    """

    def __init__(self, folder: Path, staging: Path, *, min_free: int = 0) -> None:
        self._folder = folder
        self._staging = staging
        self._min_free = min_free
        folder.mkdir(parents=True, exist_ok=True)
        staging.mkdir(parents=True, exist_ok=True)

    def stage(self, *, limit: int) -> "_FolderStaging":
        """Begin a file of at most ``limit`` bytes."""
        if shutil.disk_usage(self._staging).free < self._min_free:
            message = "The server has no room left for files. Tell its operator; nothing was stored."
            raise StorageFullError(message)
        file_id = secrets.token_hex(16)
        return _FolderStaging(self._staging / f"{file_id}.part", self._place(file_id), file_id, limit)

    def local_path(self, file_id: str) -> Path:
        """Give the path of a file."""
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
        """Remove a file; readers that have it open keep reading."""
        self._place(file_id).unlink(missing_ok=True)

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Remove what crashes left behind and count it."""
        horizon = time.time() - older_than
        stale = [path for path in self._staging.iterdir() if _is_older(path, horizon)]
        orphans = [path for path in self._folder.glob("??/*") if path.name not in known and _is_older(path, horizon)]
        for path in (*stale, *orphans):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(stale) + len(orphans)

    def _place(self, file_id: str) -> Path:
        return self._folder / file_id[:2] / file_id


class _FolderStaging:
    """A file that is arriving in a folder."""

    def __init__(self, path: Path, place: Path, file_id: str, limit: int) -> None:
        self._path = path
        self._place = place
        self._id = file_id
        self._limit = limit
        self._size = 0
        # MD5 is what VOSpace's Digest speaks; integrity rests on the SHA-256.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._file = path.open("xb")

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            message = f"The file is larger than the limit of {self._limit / 1e6:g} MB; nothing was stored."
            raise TooLargeError(message, field="file")
        self._md5.update(chunk)
        self._sha256.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as e:
            message = "The server has no room left for this file; nothing was stored."
            raise StorageFullError(message) from e

    def finish(self) -> StoredBytes:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.chmod(0o444)
            self._place.parent.mkdir(exist_ok=True)
            self._path.rename(self._place)
        except OSError as e:
            message = "The server could not store this file; nothing was kept."
            raise StorageFullError(message) from e
        _sync_folder(self._place.parent)
        return StoredBytes(self._id, self._size, self._md5.hexdigest(), self._sha256.hexdigest())

    def undo(self) -> None:
        self._place.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # a full disk may refuse the last flush; the file goes away anyway
            self._file.close()
        self._path.unlink(missing_ok=True)


def _is_older(path: Path, horizon: float) -> bool:
    try:
        return path.stat().st_mtime < horizon
    except FileNotFoundError:  # it was put in its place, or deleted, since the folder was listed
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
