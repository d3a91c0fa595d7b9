"""Folders of object catalogues: on this machine, in S3 or behind HTTP, by the file systems of fsspec."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from core.errors import UnreadableFileError
from core.files.remote_folders import remote_file_system
from products.rows.stored_file import StoredFile

__all__ = ["REMOTE_SCHEMES", "Address", "CatalogueFolder", "address_of", "is_remote", "name_of", "opened_file"]

#: Path of a local file or folder, or URL of a remote one without a slash at its end.
Address = Path | str

REMOTE_SCHEMES = ("s3", "https", "http")


def is_remote(path: str) -> bool:
    """Return whether a path in a configuration is the URL of a remote catalogue."""
    return path.partition("://")[0] in REMOTE_SCHEMES and "://" in path


def address_of(path: str, folder: Path) -> Address:
    """Return the address for a path in a configuration: a URL, or a path relative to a folder."""
    return path.rstrip("/") if is_remote(path) else folder / path


def name_of(address: Address) -> str:
    """Return the last part of an address."""
    return address.name if isinstance(address, Path) else address.rpartition("/")[2]


def opened_file(address: Address) -> StoredFile:
    """Open a Parquet file; of a remote one only the ranges of bytes are fetched that are read.

    Raises
    ------
    UnreadableFileError
        The file cannot be read, or its server does not support requests for ranges of bytes.
    """
    try:
        if isinstance(address, Path):
            return StoredFile(address)
        file = cast("IO[bytes]", _file_system(address).open(address, "rb", cache_type="none"))
        return StoredFile(file)
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise UnreadableFileError(
            f"The file {name_of(address)} of the object catalogue cannot be read: {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class CatalogueFolder:
    """A folder with files of a catalogue."""

    address: Address

    @property
    def name(self) -> str:
        """Last part of its address."""
        return name_of(self.address)

    @property
    def can_list(self) -> bool:
        """Whether its files can be listed, which HTTP does not offer."""
        return isinstance(self.address, Path) or self.address.startswith("s3:")

    def at(self, name: str) -> Address:
        """Return the address of a file in the folder."""
        return self.address / name if isinstance(self.address, Path) else f"{self.address}/{name}"

    def child(self, name: str) -> "CatalogueFolder | None":
        """Return a folder in it; None when there is none, or its name leads out of this one."""
        segments = name.strip("/").split("/")
        if not name or any(part in {"", ".", ".."} for part in segments):
            return None
        if not isinstance(self.address, Path):
            return CatalogueFolder(f"{self.address}/{'/'.join(segments)}")
        table = (self.address / name).resolve()
        if not table.is_relative_to(self.address.resolve()) or not table.is_dir():
            return None
        return CatalogueFolder(table)

    def text(self, name: str) -> str | None:
        """Return the text of a small file; None when there is none.

        Raises
        ------
        UnreadableFileError
            It is not a text file, or the server of the catalogue does not respond.
        """
        address = self.at(name)
        try:
            if isinstance(address, Path):
                return address.read_text("utf-8") if address.is_file() else None
            return bytes(_file_system(address).cat_file(address)).decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise UnreadableFileError(f"The file {name} of the object catalogue is not a text file.") from error
        except OSError as error:
            raise UnreadableFileError(f"The file {name} of the object catalogue cannot be read: {error}") from error

    def parquet_files(self, *, below: bool = False) -> list[Address]:
        """List the Parquet files in the folder, or also in all folders below it, by name."""
        address = self.address
        if isinstance(address, Path):
            found = address.rglob("*.parquet") if below else address.glob("*.parquet")
            return [path for path in sorted(found) if path.is_file()]
        depth = None if below else 1
        keys = sorted(_file_system(address).find(address, maxdepth=depth))
        return [f"s3://{key}" for key in keys if key.endswith(".parquet")]


def _file_system(url: str) -> Any:  # fsspec has no types
    return remote_file_system(url, field="inputs.dataset.path")
