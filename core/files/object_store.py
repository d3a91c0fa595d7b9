"""File store in an object store of fsspec, such as S3.

Files are staged on the disk of this machine, where they are hashed and limited in size, and sent to the object store
when they are complete. The parts of those that arrive in parts are objects, so that any server takes any part. Code
that needs a local file gets a copy, which is cached for a while.
"""

import logging
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.database import Database, utc_now
from core.errors import StorageFullError
from core.files.listing import listed
from core.files.notes import NotedPart
from core.files.objects import (
    ObjectPrefix,
    check_bucket,
    filesystem_at,
    modified_of,
    object_chunks,
    store_away,
    translating_errors,
    unreachable_errors,
)
from core.files.partial.objects import PartialObject, PartialObjects
from core.files.staging import StagedStore, StagingFolder

__all__ = ["ObjectStore"]

#: Prefix of the pieces of files that arrive in parts.
_PARTS = "parts"

_log = logging.getLogger(__name__)


class ObjectStore(StagedStore):
    """File store whose files are objects of one bucket and prefix.

    Parameters
    ----------
    filesystem
        A file system of fsspec, which must not cache listings.
    root
        Bucket and prefix.
    staging, copies
        Folders of this machine: staged files, and cached copies for reading.
    min_free
        Free bytes of the disk of ``staging`` below which files are refused.
    copied
        Whether a file that was stored here is read from here soon, so that the staged file becomes its copy.
    database
        Has the order of the parts of files that arrive in parts; without one, nothing can arrive in parts.
    """

    def __init__(
        self,
        filesystem: Any,  # fsspec ships no types
        root: str,
        staging: Path,
        copies: Path,
        *,
        min_free: int = 0,
        copied: bool = False,
        database: Database | None = None,
    ) -> None:
        self._copied = copied
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        super().__init__(StagingFolder(staging, min_free=min_free, place=self._put, discard=self.delete))
        self._copies = copies
        copies.mkdir(parents=True, exist_ok=True)
        self._partial: PartialObjects | None = None
        if database is not None:
            pieces, complete = ObjectPrefix(filesystem, f"{self._root}/{_PARTS}"), ObjectPrefix(filesystem, self._root)
            self._partial = PartialObjects(database, pieces, complete)

    @classmethod
    def at(
        cls,
        url: str,
        staging: Path,
        copies: Path,
        *,
        min_free: int = 0,
        copied: bool = False,
        database: Database | None = None,
    ) -> "ObjectStore":
        """Return the store at a URL such as ``s3://bucket/prefix``; credentials come from the environment."""
        filesystem, root = filesystem_at(url)
        return cls(filesystem, root, staging, copies, min_free=min_free, copied=copied, database=database)

    def begin(self, account: str = "", note: str = "") -> str:
        """Begin a file that is written by several requests, and return its id."""
        file_id = secrets.token_hex(16)
        self._parts.begin(file_id, account, note)
        return file_id

    def noted(self) -> Iterator[NotedPart]:
        """Yield the files that were begun with a note, and are not complete."""
        return self._parts.noted()

    def resume(self, file_id: str, *, limit: int) -> PartialObject:
        """Open a file that is written by several requests."""
        return self._parts.resume(file_id, limit=limit)

    def partial_size(self, file_id: str) -> int:
        """Return the bytes that have arrived of a file that is written by several requests; 0 when there is none."""
        return self._parts.size(file_id)

    def partial_bytes(self, file_id: str, count: int) -> bytes | None:
        """Return the first bytes of a file that is written by several requests; None when there is none."""
        return self._parts.first_bytes(file_id, count)

    def abandon(self, file_id: str) -> None:
        """Discard a file that is written by several requests, or what is left of it after it was stored."""
        self._parts.abandon(file_id)

    def duplicate(self, file_id: str) -> str:
        """Copy a file within the object store, and return the new id."""
        new_id = secrets.token_hex(16)
        with translating_errors():
            try:
                self._filesystem.cp_file(self._key(file_id), self._key(new_id))
            except FileNotFoundError:
                raise
            except OSError as e:
                message = "The store could not copy this file; nothing was stored."
                raise StorageFullError(message) from e
        return new_id

    def check(self) -> None:
        """Raise ServiceBusyError when the bucket does not answer or is missing, OSError when nothing can be staged."""
        self._staging.check()
        check_bucket(self._filesystem, self._root)

    def ids(self) -> Iterator[str]:
        """Yield the ids of all stored files; ServiceBusyError when the object store does not answer."""
        with translating_errors():
            found = self._objects()
        yield from (key.rpartition("/")[2] for key in found)

    def local_path(self, file_id: str) -> Path:
        """Return the path of a cached copy of a file."""
        place = self._copies / file_id
        if place.is_file():
            place.touch()
            return place
        staged = self._copies / f"{file_id}.{secrets.token_hex(4)}.part"
        try:
            with translating_errors():
                self._filesystem.get_file(self._key(file_id), str(staged))
            staged.chmod(0o444)
            staged.rename(place)
        finally:
            staged.unlink(missing_ok=True)
        return place

    def read(self, file_id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        with translating_errors():
            yield from object_chunks(self._filesystem, self._key(file_id), start, end)

    def delete(self, file_id: str) -> None:
        """Delete a file if it exists; the sweep deletes it later when the object store does not answer."""
        (self._copies / file_id).unlink(missing_ok=True)
        try:
            self._filesystem.rm_file(self._key(file_id))
        except FileNotFoundError:
            return
        except unreachable_errors() as e:
            _log.warning("the file %s is not deleted yet: %s", file_id, e)

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Delete old staged and unknown files, and unused copies; return the number of files other than copies."""
        horizon = utc_now() - timedelta(seconds=older_than)
        orphans = [
            key
            for key, about in self._objects().items()
            if key.rpartition("/")[2] not in known and modified_of(about) < horizon
        ]
        for key in orphans:
            self._filesystem.rm_file(key)
        stale = [path for path in _older(self._staging.folder, horizon) if path.stem not in known]
        for path in (*stale, *_older(self._copies, horizon)):
            path.unlink(missing_ok=True)
        parts = 0 if self._partial is None else self._partial.sweep(known, older_than=older_than)
        return len(orphans) + len(stale) + parts

    @property
    def _parts(self) -> PartialObjects:
        if self._partial is None:
            message = "this store has no database, which files that arrive in parts need"
            raise RuntimeError(message)
        return self._partial

    def _put(self, staged: Path, file_id: str) -> None:
        try:
            self._filesystem.put_file(str(staged), self._key(file_id))
        except unreachable_errors() as e:
            raise store_away() from e
        if self._copied:
            staged.rename(self._copies / file_id)
        else:
            staged.unlink()

    def _objects(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._filesystem.find(self._root, detail=True)
        return {key: about for key, about in found.items() if not key.startswith(f"{self._root}/{_PARTS}/")}

    def _key(self, file_id: str) -> str:
        return f"{self._root}/{file_id}"


def _older(folder: Path, horizon: datetime) -> list[Path]:
    return [path for path, status in listed(folder) if datetime.fromtimestamp(status.st_mtime, UTC) < horizon]
