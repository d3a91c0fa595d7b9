"""Files of a published product: listed with sizes and checksums, opened, streamed and downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import quote

from pzserver.connections.progress import byte_bar
from pzserver.files.downloads import download
from pzserver.files.product_files import METADATA_NAME, local_name
from pzserver.tables.records import RecordList

if TYPE_CHECKING:
    from pzserver.catalogue import RemoteFile
    from pzserver.connections.connection import Connection

__all__ = ["FileList", "ProductFile", "download_all", "product_files"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ProductFile:
    """A file of a product; checksums are hexadecimal.

    Parameters
    ----------
    role
        ``main``, ``description`` or ``auxiliary``.
    path
        Its path in VOSpace.
    """

    name: str
    role: str
    media_type: str | None
    size: int | None
    md5: str | None
    sha256: str | None
    path: str
    _connection: Connection = field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """Address of the file."""
        return f"{self._connection.base_url}/vospace/files{quote(self.path)}"

    def open(self) -> BinaryIO:
        """Open the file for reading; only the bytes that are read are fetched."""
        from pzserver.space.filesystem import PzServerFileSystem

        files = PzServerFileSystem(connection=self._connection, skip_instance_cache=True)
        return cast("BinaryIO", files.open(f"pzserver:/{self.path}", "rb"))

    def read(self) -> bytes:
        """Return the bytes of the file."""
        return self._connection.request("GET", self.url).content

    def blocks(self, size: int = _BLOCK) -> Iterator[bytes]:
        """Yield the bytes in blocks."""
        with self._connection.request("GET", self.url, stream=True) as response:
            yield from response.iter_content(size)

    def download(self, folder: str | Path = ".", *, progress: bool = False) -> Path:
        """Download the file into a folder, and return its path.

        What an interrupted download left is completed; size and SHA-256 are verified.

        Raises
        ------
        BrokenDownloadError
            The connection broke off several times, or the file differs from the one on the server.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with byte_bar(self.name, disable=False) if progress else nullcontext() as show:
            target = folder / local_name(self.name)
            return download(self._connection, self.url, target, size=self.size, sha256=self.sha256, progress=show)


class FileList(RecordList[ProductFile]):
    """Files of a product, also by name."""

    _fields = ("name", "role", "media_type", "size", "sha256")
    _noun = "file"

    @property
    def main(self) -> ProductFile:
        """The main file.

        Raises
        ------
        KeyError
            There is none.
        """
        for file in self:
            if file.role == "main":
                return file
        message = "The product has no main file."
        raise KeyError(message)


def product_files(connection: Connection, internal_name: str, files: list[RemoteFile]) -> FileList:
    """Return the files of a product, as they lie in VOSpace."""
    folder = f"/products/{internal_name}"
    return FileList(
        ProductFile(
            each.name, each.role, each.media_type, each.size, each.md5, each.sha256, f"{folder}/{each.name}", connection
        )
        for each in files
    )


def download_all(
    connection: Connection, internal_name: str, files: FileList, folder: str | Path, *, progress: bool
) -> Path:
    """Download the files of a product and its description into a folder of its name, and return that folder."""
    target = Path(folder) / local_name(internal_name)
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        if file.name != METADATA_NAME:
            file.download(target, progress=progress)
    path = f"/products/{internal_name}/{METADATA_NAME}"
    ProductFile(METADATA_NAME, "description", None, None, None, None, path, connection).download(target)
    return target
