"""Backups in a folder."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ConflictError, NotFoundError, StorageFullError

__all__ = ["FolderBackups"]

_CHUNK = 1 << 20


class FolderBackups:
    """Backups in a folder, which its owner alone may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._objects, self._backups, self._incoming = (folder / name for name in ("objects", "backups", "incoming"))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for each in (self._objects, self._backups, self._incoming):
                each.mkdir(mode=0o700, exist_ok=True)
        except OSError as e:
            message = f"The folder {folder.resolve()} cannot be written ({e.strerror}). Name another one."
            raise StorageFullError(message) from e

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from making or removing backups; the kernel ends the lock with the process."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as e:
                message = f"Another backup into {self._folder.resolve()} is running. Wait until it has ended."
                raise ConflictError(message) from e
            for left in self._incoming.iterdir():
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    def objects(self) -> set[str]:
        """Return the SHA-256 of all objects."""
        return {path.name for path in self._objects.glob("??/*")}

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes, unless they are there; return their SHA-256 and size."""
        part, digest, size = self._incoming / secrets.token_hex(16), hashlib.sha256(), 0
        try:
            with part.open("xb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    size += file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            place = self._place(digest.hexdigest())
            if not place.exists():
                place.parent.mkdir(mode=0o700, exist_ok=True)
                part.chmod(0o400)
                part.rename(place)
        except OSError as e:
            message = f"The folder {self._folder.resolve()} cannot be written ({e.strerror}); free some space in it."
            raise StorageFullError(message) from e
        finally:
            part.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def read(self, sha256: str) -> Iterator[bytes]:
        """Stream the bytes of an object."""
        try:
            with self._place(sha256).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except FileNotFoundError as e:
            raise NotFoundError(f"The object {sha256} of the backups is missing.") from e

    def delete(self, sha256: str) -> None:
        """Delete an object."""
        self._place(sha256).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        """Return the ids of the backups, the oldest first."""
        return sorted(path.stem for path in self._backups.glob("*.json"))

    def manifest(self, backup_id: str) -> bytes:
        """Return the manifest of a backup."""
        return (self._backups / f"{backup_id}.json").read_bytes()

    def add_manifest(self, backup_id: str, content: bytes) -> None:
        """Store the manifest of a backup."""
        part = self._incoming / secrets.token_hex(16)
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        for folder in (*self._objects.iterdir(), self._objects):
            _sync(folder)
        part.rename(self._backups / f"{backup_id}.json")
        _sync(self._backups)

    def remove_manifest(self, backup_id: str) -> None:
        """Remove the manifest of a backup."""
        (self._backups / f"{backup_id}.json").unlink(missing_ok=True)

    def _place(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
