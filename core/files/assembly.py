"""Construction of the file stores that the settings choose."""

from core.files.store import FileStore, FolderStore
from core.settings import Settings

__all__ = ["file_store", "upload_store"]


def file_store(settings: Settings) -> FileStore:
    """Return the store of the files of products and VOSpace homes: a folder, or an object store."""
    if settings.files_url is not None:
        from core.files.object_store import ObjectStore

        return ObjectStore.at(
            settings.files_url, settings.staging_folder, settings.copies_folder, min_free=settings.min_free_bytes
        )
    return FolderStore(settings.files_folder, settings.staging_folder, min_free=settings.min_free_bytes)


def upload_store(settings: Settings) -> FileStore:
    """Return the temporary store of files uploaded with queries and with loads of user tables."""
    return FolderStore(settings.uploads_folder, settings.staging_folder, min_free=settings.min_free_bytes)
