"""Backups in an object store of fsspec, such as S3."""

import hashlib
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from core.database import utc_now
from core.errors import ConflictError, NotFoundError, ServiceBusyError
from core.files.objects import filesystem_at, object_chunks

__all__ = ["ObjectBackups"]

#: Time after which a lock that was not renewed is that of a process that was killed.
_STALE = timedelta(hours=1)


class ObjectBackups:
    """Backups in an object store of fsspec.

    Parameters
    ----------
    filesystem
        A file system of fsspec, which must not cache listings.
    root
        Bucket and prefix.
    """

    def __init__(self, filesystem: Any, root: str) -> None:  # fsspec ships no types
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._lock = f"{self._root}/lock/{secrets.token_hex(8)}"
        self._refreshed = utc_now()

    @classmethod
    def at(cls, address: str) -> "ObjectBackups":
        """Return the place at an address; credentials come from the environment."""
        return cls(*filesystem_at(address))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from making or removing backups, by an object that says so for an hour after its last change.

        Each writes its own and then looks for others, so that of two at once at least one sees the other.
        """
        with _translating_errors():
            self._filesystem.pipe_file(self._lock, utc_now().isoformat().encode())
        try:
            for key in self._find("lock"):
                if key == self._lock:
                    continue
                try:
                    with _translating_errors():
                        since = self._filesystem.modified(key)
                except NotFoundError:  # the other one has ended since the locks were listed
                    continue
                if utc_now() - since < _STALE:
                    message = (
                        f"Another backup into {self._root} is running; it was last seen at {since:%Y-%m-%d %H:%M} UTC. "
                        f"Wait until it has ended. If it was killed, remove the object {key}."
                    )
                    raise ConflictError(message)
                with suppress(FileNotFoundError):  # somebody else has removed it, too
                    self._filesystem.rm_file(key)
            yield
        finally:
            with suppress(OSError):
                self._filesystem.rm_file(self._lock)

    def objects(self) -> set[str]:
        """Return the SHA-256 of all objects."""
        return {key.rpartition("/")[2] for key in self._find("objects")}

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes, unless they are there; return their SHA-256 and size."""
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(prefix="photoz-backup-") as staged:
            for chunk in chunks:
                digest.update(chunk)
                size += staged.write(chunk)
            staged.flush()
            with _translating_errors():
                key = self._key(digest.hexdigest())
                if not self._filesystem.exists(key):
                    self._filesystem.put_file(staged.name, key)
                if utc_now() - self._refreshed > _STALE / 60:
                    self._filesystem.pipe_file(self._lock, utc_now().isoformat().encode())
                    self._refreshed = utc_now()
        return digest.hexdigest(), size

    def read(self, sha256: str) -> Iterator[bytes]:
        """Stream the bytes of an object."""
        with _translating_errors():
            yield from object_chunks(self._filesystem, self._key(sha256))

    def delete(self, sha256: str) -> None:
        """Delete an object."""
        self._filesystem.rm_file(self._key(sha256))

    def ids(self) -> list[str]:
        """Return the ids of the backups, the oldest first."""
        return sorted(key.rpartition("/")[2].removesuffix(".json") for key in self._find("backups"))

    def manifest(self, backup_id: str) -> bytes:
        """Return the manifest of a backup."""
        with _translating_errors():
            content: bytes = self._filesystem.cat_file(self._manifest(backup_id))
        return content

    def add_manifest(self, backup_id: str, content: bytes) -> None:
        """Store the manifest of a backup."""
        with _translating_errors():
            self._filesystem.pipe_file(self._manifest(backup_id), content)

    def remove_manifest(self, backup_id: str) -> None:
        """Remove the manifest of a backup."""
        self._filesystem.rm_file(self._manifest(backup_id))

    def _find(self, folder: str) -> list[str]:
        with _translating_errors():
            found: list[str] = self._filesystem.find(f"{self._root}/{folder}")
        return found

    def _key(self, sha256: str) -> str:
        return f"{self._root}/objects/{sha256[:2]}/{sha256}"

    def _manifest(self, backup_id: str) -> str:
        return f"{self._root}/backups/{backup_id}.json"


@contextmanager
def _translating_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as e:
        raise NotFoundError(f"An object of the backups is missing, or there is no such bucket: {e}") from e
    except OSError as e:
        raise ServiceBusyError(f"The object store of the backups does not answer: {e}") from e
