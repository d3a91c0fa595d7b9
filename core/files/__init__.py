"""Bytes of files: staging, checksums, stores (a folder or an object store), and archives built while they are sent."""

from core.files.store import FileStore, FolderStore, PartialFile, Staging, StoredBytes

__all__ = ["FileStore", "FolderStore", "PartialFile", "Staging", "StoredBytes"]
