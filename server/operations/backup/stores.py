"""Where backups are kept: a folder, or a bucket of S3, with objects named by their SHA-256.

::

    objects/ab/abcd…      bytes, each kept once for all backups
    backups/{id}.json     manifest, written when all objects of the backup are there
    lock/{id}             who makes a backup or removes one at the moment (S3)
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from core.errors import NotFoundError
from server.operations.backup.bucket import ObjectBackups
from server.operations.backup.folder import FolderBackups

__all__ = ["BackupStore", "backup_store", "checked"]


class BackupStore(Protocol):
    """Protocol of places of backups."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep others from making or removing backups in the block; ConflictError when somebody does."""

    def objects(self) -> set[str]:
        """Return the SHA-256 of all objects."""

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes, unless they are there; return their SHA-256 and size."""

    def read(self, sha256: str) -> Iterator[bytes]:
        """Stream the bytes of an object; NotFoundError when it is missing."""

    def delete(self, sha256: str) -> None:
        """Delete an object."""

    def ids(self) -> list[str]:
        """Return the ids of the backups, the oldest first."""

    def manifest(self, backup_id: str) -> bytes:
        """Return the manifest of a backup."""

    def add_manifest(self, backup_id: str, content: bytes) -> None:
        """Store the manifest of a backup, which completes it."""

    def remove_manifest(self, backup_id: str) -> None:
        """Remove the manifest of a backup."""


def backup_store(address: str, *, create: bool = False) -> BackupStore:
    """Return the place of backups at a path or at an address such as ``s3://bucket/prefix``.

    Raises
    ------
    NotFoundError
        There is no such folder, and none is to be created.
    """
    if "://" in address:
        return ObjectBackups.at(address)
    folder = Path(address)
    if not create and not (folder / "backups").is_dir():
        raise NotFoundError(f"{folder.resolve()} has no backups. Name the folder to which 'photoz backup' wrote.")
    return FolderBackups(folder)


def checked(store: BackupStore, sha256: str, owner: str) -> Iterator[bytes]:
    """Stream the bytes of an object, and raise NotFoundError at the end when they are not those of its checksum."""
    digest = hashlib.sha256()
    try:
        for chunk in store.read(sha256):
            digest.update(chunk)
            yield chunk
    except NotFoundError as e:
        raise NotFoundError(f"The backup lacks the object {sha256}: {owner}.") from e
    if digest.hexdigest() != sha256:
        raise NotFoundError(f"The object {sha256} of the backup is damaged: {owner}.")
