"""File storage: staging, checksums, stores (folder or object store), and archives built while they are sent."""

from core.files.store import FileStore, FolderStore, PartialFile, Staging, StoredBytes

__all__ = ["FileStore", "FolderStore", "PartialFile", "Staging", "StoredBytes"]
