"""Downloads: single files, and a product as a zip archive that is built while it is sent."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock

import yaml

from core.auth.models import Identity
from core.errors import NotFoundError
from core.files import FileStore
from core.files.zip_stream import ZipMember, zip_bytes, zip_size
from products.files.download_counts import DownloadCounts
from products.models import FileRole, Product, ProductFile
from products.service import ProductDetails, ProductService

__all__ = ["METADATA_NAME", "DownloadService", "FileDownload", "ZipDownload", "metadata_yaml"]

#: Name of the metadata file in every product's zip and VOSpace container.
METADATA_NAME = "product_metadata.yaml"

_CHECKED_BYTES = 50_000_000
_KEPT_CHECKSUMS = 1000


@dataclass(frozen=True, slots=True)
class FileDownload:
    """A file that the caller may read, with access to its bytes.

    Parameters
    ----------
    counted
        Called when it has been sent completely.
    """

    file: ProductFile
    store: FileStore
    counted: Callable[[], None]

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        return self.store.read(self.file.stored_id, start, end)


@dataclass(frozen=True, slots=True)
class ZipDownload:
    """A product's files as a zip archive, built while it is read.

    Parameters
    ----------
    signature
        Hexadecimal hash that changes whenever the content of the archive changes.
    counted
        Called when it has been sent completely.
    """

    name: str
    size: int
    signature: str
    product: Product
    members: tuple[ZipMember, ...]
    counted: Callable[[], None]

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        return zip_bytes(self.members, start, end)


class DownloadService:
    """Downloads of files and products by those who may read them."""

    def __init__(self, products: ProductService, store: FileStore, counts: DownloadCounts) -> None:
        self._products = products
        self._store = store
        self._counts = counts
        self._checksums: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def file(self, identity: Identity, key: int | str, name: str) -> FileDownload:
        """Find a file of a product by its name, or raise NotFoundError."""
        details = self._products.details(identity, key)
        for file in details.files:
            if file.name == name:
                return FileDownload(file, self._store, partial(self._counts.add, file.product_id))
        message = f"The product '{key}' has no file '{name}'."
        raise NotFoundError(message)

    def local_path(self, stored_id: str) -> Path:
        """Return a path for reading a stored file, of which the caller knows that it may be read."""
        return self._store.local_path(stored_id)

    def main_file(self, identity: Identity, key: int | str) -> FileDownload:
        """Find the main file of a product, or raise NotFoundError."""
        details = self._products.details(identity, key)
        for file in details.files:
            if file.role is FileRole.MAIN:
                return FileDownload(file, self._store, partial(self._counts.add, file.product_id))
        message = f"The product '{key}' has no main file."
        raise NotFoundError(message)

    def zip(self, identity: Identity, key: int | str, *, in_folder: bool = True) -> ZipDownload:
        """Return a product's files and its metadata as one zip archive.

        The members are stored, not deflated: catalogues hardly shrink any further, and so the size of the archive is
        known before its first byte.

        Parameters
        ----------
        in_folder
            Whether the files are in a folder with the product's name.
        """
        details = self._products.details(identity, key)
        product = details.product
        folder = f"{product.internal_name}/" if in_folder else ""
        description = metadata_yaml(details)
        members = [ZipMember(folder + METADATA_NAME, len(description), product.updated_at, lambda: iter([description]))]
        members += [self._member(folder, file) for file in details.files]
        content = "\n".join(
            [folder, hashlib.sha256(description).hexdigest(), *(f.sha256 + f.name for f in details.files)]
        )
        return ZipDownload(
            name=f"{product.internal_name}.zip",
            size=zip_size(members),
            signature=hashlib.sha256(content.encode()).hexdigest(),
            product=product,
            members=tuple(members),
            counted=partial(self._counts.add, product.id),
        )

    def checksum(self, archive: ZipDownload) -> str | None:
        """Return the SHA-256 of a zip archive, or None when it is too large to compute that beforehand."""
        if archive.size > _CHECKED_BYTES:
            return None
        with self._lock:
            known = self._checksums.get(archive.signature)
        if known is None:
            digest = hashlib.sha256()
            for chunk in archive.read():
                digest.update(chunk)
            known = digest.hexdigest()
            with self._lock:
                self._checksums[archive.signature] = known
                while len(self._checksums) > _KEPT_CHECKSUMS:
                    self._checksums.popitem(last=False)
        return known

    def _member(self, folder: str, file: ProductFile) -> ZipMember:
        return ZipMember(folder + file.name, file.size, file.updated_at, lambda: self._store.read(file.stored_id))


def metadata_yaml(details: ProductDetails) -> bytes:
    """Return the metadata of a product as YAML, with the keys of the earlier Photo-z Server."""
    product, main = details.product, next((f for f in details.files if f.role is FileRole.MAIN), None)
    document: dict[str, object] = {
        **_product_entries(product),
        "attach_files": [{"name": f.name, "type": f.media_type} for f in details.files if f.role is not FileRole.MAIN],
        "associated_columns": [item.association() for item in details.columns if item.alias],
    }
    if main is not None:
        document["main_file"] = {
            "name": main.name,
            "type": main.media_type,
            "extension": main.extension,
            "size": main.size,
            "n_rows": main.rows,
            "is_directory": False,
            "md5": main.md5,
            "sha256": main.sha256,
        }
    if details.table is not None:
        document["tap_table"] = details.table.full_name
    return yaml.safe_dump(document, allow_unicode=True).encode()


def _product_entries(product: Product) -> dict[str, object]:
    return {
        "id": product.id,
        "internal_name": product.internal_name,
        "display_name": product.display_name,
        "product_type": product.product_type.id,
        "product_type_name": product.product_type.display_name,
        "product_type_internal_name": product.product_type.name,
        "release": product.release.id if product.release else None,
        "release_name": product.release.display_name if product.release else None,
        "release_year": product.release_year,
        "uploaded_by": product.owner,
        "origin": product.origin,
        "official_product": product.official,
        "pz_code": product.pz_code,
        "description": product.description,
        "status": int(product.status),
        "product_status": product.status.label,
        "process_id": None,
        "process_status": None,
        "created_at": _iso(product.created_at),
        "updated_at": _iso(product.updated_at),
    }


def _iso(time: datetime) -> str:
    return time.isoformat()
