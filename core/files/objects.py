"""Objects below one prefix of an object store of fsspec, such as S3, and what its failures mean."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import NotFoundError, ServiceBusyError

__all__ = [
    "ObjectPrefix",
    "check_bucket",
    "filesystem_at",
    "modified_of",
    "object_chunks",
    "store_away",
    "translating_errors",
    "unreachable_errors",
]

_CHUNK = 8 << 20
#: Bytes of a part of an object that is stored while it comes; S3 takes at most 10 000 parts.
_LEAST_BLOCK = 16 << 20
_MOST_BLOCKS = 9000

_log = logging.getLogger(__name__)


class ObjectPrefix:
    """Objects whose keys begin with a bucket and a prefix.

    Methods raise ServiceBusyError when the store does not answer, and NotFoundError when there is no such object.

    Parameters
    ----------
    filesystem
        A file system of fsspec, which must not cache listings.
    root
        Bucket and prefix.
    """

    def __init__(self, filesystem: Any, root: str) -> None:  # fsspec ships no types
        self._filesystem = filesystem
        self.root = root.rstrip("/")

    @classmethod
    def at(cls, url: str) -> "ObjectPrefix":
        """Return the objects at a URL such as ``s3://bucket/prefix``; credentials come from the environment."""
        return cls(*filesystem_at(url))

    def check(self) -> None:
        """Raise ServiceBusyError when the object store does not answer, or has no such bucket."""
        check_bucket(self._filesystem, self.root)

    def size(self, name: str) -> int:
        """Return the size of an object in bytes."""
        with translating_errors():
            return int(self._filesystem.size(self._key(name)))

    def get(self, name: str, path: Path) -> None:
        """Copy an object into a local file."""
        with translating_errors():
            self._filesystem.get_file(self._key(name), str(path))

    def put(self, path: Path, name: str) -> None:
        """Store a local file, whole or not at all."""
        try:
            self._filesystem.put_file(str(path), self._key(name))
        except failures() as e:
            raise store_away() from e

    def store(self, content: bytes, name: str) -> None:
        """Store bytes as an object."""
        try:
            self._filesystem.pipe_file(self._key(name), content)
        except failures() as e:
            raise store_away() from e

    def store_all(self, chunks: Iterable[bytes], size: int, name: str) -> None:
        """Store the bytes of chunks as an object while they come, whole or not at all.

        Parameters
        ----------
        size
            Bytes of all chunks, about.
        """
        try:
            block = max(_LEAST_BLOCK, size // _MOST_BLOCKS)
            file = self._filesystem.open(self._key(name), "wb", block_size=block, autocommit=False)
            try:
                for chunk in chunks:
                    file.write(chunk)
                file.close()
            except BaseException:
                file.discard()
                file.closed = True  # or what is left of it would be stored when it is collected
                raise
            file.commit()
        except failures() as e:
            raise store_away() from e

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        with translating_errors():
            yield from object_chunks(self._filesystem, self._key(name), start, end)

    def changes(self) -> Mapping[str, datetime]:
        """Return when each object was stored, by its name."""
        with translating_errors():
            found: dict[str, dict[str, Any]] = self._filesystem.find(self.root, detail=True)
        return {key.removeprefix(f"{self.root}/"): modified_of(about) for key, about in found.items()}

    def delete(self, name: str) -> None:
        """Delete an object if it exists; a sweep deletes it later when the object store does not answer."""
        try:
            self._filesystem.rm_file(self._key(name))
        except FileNotFoundError:
            return
        except failures() as e:
            _log.warning("the object %s is not deleted yet: %s", name, e)

    def _key(self, name: str) -> str:
        return f"{self.root}/{name}"


def filesystem_at(url: str) -> tuple[Any, str]:
    """Return the file system of fsspec at a URL, which caches no listings, and the path in it."""
    import fsspec

    filesystem, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
    return filesystem, root


def check_bucket(filesystem: Any, root: str) -> None:  # fsspec ships no types
    """Raise ServiceBusyError when an object store does not answer, or has no such bucket as ``root`` begins with.

    Of an S3 the objects below ``root`` are listed, as the sweep does: that an object is not there is also what S3 says
    of a bucket that is not there.
    """
    bucket, _, prefix = root.partition("/")
    try:
        with translating_errors():
            if hasattr(filesystem, "call_s3"):
                filesystem.call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/", MaxKeys=1)
            else:
                filesystem.exists(f"{root}/check")
    except NotFoundError as e:
        message = f"The file store has no bucket '{bucket}'. Tell the operator of this server."
        raise ServiceBusyError(message) from e


def object_chunks(filesystem: Any, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Stream the bytes of an object from ``start`` up to, not including, ``end``; errors are those of the store."""
    last = int(filesystem.size(key)) if end is None else end
    while start < last:
        chunk: bytes = filesystem.cat_file(key, start=start, end=min(start + _CHUNK, last))
        if not chunk:
            return
        start += len(chunk)
        yield chunk


@contextmanager
def translating_errors() -> Iterator[None]:
    """Raise NotFoundError for missing objects, and ServiceBusyError when the object store does not answer."""
    try:
        yield
    except FileNotFoundError as e:
        message = "The bytes of this file are missing. Tell the operator of this server."
        raise NotFoundError(message) from e
    except failures() as e:
        raise store_away() from e


def store_away() -> ServiceBusyError:
    """Return the error of an object store that does not answer."""
    return ServiceBusyError("The file store does not answer at the moment. Try again in a minute.")


def unreachable_errors() -> tuple[type[Exception], ...]:
    """Return the errors of libraries for a store that cannot be reached, or a connection that breaks; no OSErrors."""
    try:
        from aiohttp import ClientError
        from botocore.exceptions import BotoCoreError, HTTPClientError
    except ImportError:  # the file system is not s3fs
        return (ConnectionError,)
    return BotoCoreError, HTTPClientError, ClientError, ConnectionError


def failures() -> tuple[type[Exception], ...]:
    """Return the errors of a store that does not do what it is asked for."""
    return (OSError, *unreachable_errors())


def modified_of(about: Mapping[str, Any]) -> datetime:
    """Return when an object was stored, of its description by fsspec."""
    time = about.get("LastModified") or about.get("created") or datetime.now(UTC)
    if isinstance(time, (int, float)):
        return datetime.fromtimestamp(time, UTC)
    given: datetime = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    return given if given.tzinfo else given.replace(tzinfo=UTC)
