"""HATS catalogues that were uploaded in a zip or tar, sent file by file as they are."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from core.errors import NotFoundError, ServiceBusyError, TooLargeError
from products.models import FileRole, ProductFile
from products.service import ProductDetails
from tap.hats.archive_members import ArchivedFile, catalogue_files, extract
from tap.hats.cuts import CutFiles
from tap.hats.models import HatsFile, folder_entries

__all__ = ["ArchivedCatalogues"]

_log = logging.getLogger(__name__)

_KEPT = 64
#: Stands between the name of an archive and that of a file of it.
_OF = "~member-"
_ENDINGS = (".zip", ".tar")
_MEDIA_TYPES = {
    "parquet": "application/vnd.apache.parquet",
    "_metadata": "application/vnd.apache.parquet",
    "_common_metadata": "application/vnd.apache.parquet",
    "properties": "text/plain; charset=utf-8",
    "csv": "text/csv",
}


class ArchivedCatalogues:
    """The catalogues in the main files of products. Files of a catalogue are extracted when they are first wanted.

    Parameters
    ----------
    local_path
        Returns a path for reading a stored file.
    is_stored
        Whether a file is still that of a product.
    cuts
        Where extracted files are kept for some time.
    most_bytes
        Size above which a file is not extracted.
    """

    def __init__(
        self,
        local_path: Callable[[str], Path],
        is_stored: Callable[[str], bool],
        cuts: CutFiles,
        *,
        most_bytes: int,
    ) -> None:
        self._local_path = local_path
        self._is_stored = is_stored
        self._cuts = cuts
        self._most = most_bytes
        # By the id of a stored file, which never changes; errors are not kept.
        self._files = lru_cache(_KEPT)(self._listed)

    def has(self, details: ProductDetails) -> bool:
        """Return whether the main file of a product is an archive with one catalogue or collection."""
        main = _archive_of(details)
        try:
            return main is not None and bool(self._files(main.stored_id))
        except (NotFoundError, ServiceBusyError):  # the bytes are missing or cannot be read, which downloads tell
            return False

    def file(self, details: ProductDetails, path: str) -> HatsFile | None:
        """Return a file or folder of the catalogue of a product that has one; None when it has no such file.

        Raises
        ------
        TooLargeError
            The file is too large to be extracted.
        ServiceBusyError
            The archive cannot be read at the moment.
        """
        main = _archive_of(details)
        if main is None:
            return None
        files, modified = self._files(main.stored_id), details.product.updated_at
        name = path.rpartition("/")[2]
        wanted = files.get(path)
        if wanted is None:
            entries = folder_entries(path, files)
            return HatsFile(name, "text/html", 0, "", modified, b"", entries) if entries else None
        if wanted.size > self._most:
            message = f"The file '{path[:200]}' has {wanted.size} bytes; download the archive instead."
            raise TooLargeError(message)
        key = f"{main.stored_id}{_OF}{hashlib.sha256(path.encode()).hexdigest()}"
        found = self._cuts.made(key, lambda part: extract(self._local_path(main.stored_id), wanted, part))
        media_type = _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        etag = hashlib.sha256(key.encode()).hexdigest()
        return HatsFile(name, media_type, found.stat().st_size, etag, modified, found)

    def _listed(self, stored_id: str) -> Mapping[str, ArchivedFile]:
        try:
            return catalogue_files(self._local_path(stored_id))
        except OSError as e:
            _log.warning("an archive cannot be read", extra={"stored_id": stored_id}, exc_info=e)
            message = "The archive of the product cannot be read at the moment. Try again in a minute."
            raise ServiceBusyError(message) from e

    def has_source(self, name: str) -> bool:
        """Return whether an extracted file is of an archive that a product still has."""
        stored_id, separator, _ = name.partition(_OF)
        return bool(separator) and self._is_stored(stored_id)


def _archive_of(details: ProductDetails) -> ProductFile | None:
    return next(
        (file for file in details.files if file.role is FileRole.MAIN and file.name.lower().endswith(_ENDINGS)), None
    )
