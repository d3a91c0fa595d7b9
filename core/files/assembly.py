"""Construction of the file stores that the settings choose."""

from collections.abc import Callable

from core.database import Database
from core.files.kept import KeptFiles, KeptFolder
from core.files.store import FileStore, FolderStore
from core.settings import Settings

__all__ = ["file_store", "kept_files", "upload_store"]


def file_store(settings: Settings, database: Database | None = None) -> FileStore:
    """Return the store of the files of products and VOSpace homes: a folder, or an object store.

    Parameters
    ----------
    database
        Has the order of the parts of files that arrive in parts; commands that take none in need not give it.
    """
    if settings.files_url is not None:
        from core.files.object_store import ObjectStore

        return ObjectStore.at(
            settings.files_url,
            settings.staging_folder,
            settings.copies_folder,
            min_free=settings.min_free_bytes,
            database=database,
        )
    return FolderStore(settings.files_folder, settings.staging_folder, min_free=settings.min_free_bytes)


def upload_store(settings: Settings) -> FileStore:
    """Return the temporary store of files uploaded with queries and with loads of user tables."""
    if settings.rows_url is not None:
        from core.files.object_store import ObjectStore

        return ObjectStore.at(
            f"{settings.rows_url.rstrip('/')}/uploads",
            settings.staging_folder,
            settings.copies_folder,
            min_free=settings.min_free_bytes,
            copied=True,
        )
    return FolderStore(settings.uploads_folder, settings.staging_folder, min_free=settings.min_free_bytes)


def kept_files(settings: Settings, place: str, checksum: Callable[[str], str | None] = lambda _name: None) -> KeptFiles:
    """Return the files of a place of the data folder, such as ``tables``: a folder, or objects with local copies.

    Parameters
    ----------
    checksum
        Returns the SHA-256 that a file should have, or None when that is not known.
    """
    if settings.rows_url is None:
        return KeptFolder(settings.data / place)
    from core.files.copies import LocalCopies
    from core.files.kept_objects import KeptObjects
    from core.files.objects import ObjectPrefix

    copies = LocalCopies(
        settings.row_copies_folder, max_bytes=settings.row_cache_bytes, min_free=settings.min_free_bytes
    )
    return KeptObjects(ObjectPrefix.at(f"{settings.rows_url.rstrip('/')}/{place}"), copies, place, checksum)
