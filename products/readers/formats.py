"""Supported formats of table files, from which recognition, media types, uploads and messages are derived.

Readers are imported when a file is opened, so that importing this module is cheap.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from core.errors import InvalidValueError
from products.readers.base import FileReader, ReadLimits, chosen_tables

__all__ = [
    "CSV",
    "ECSV",
    "FILE_FORMATS",
    "FITS",
    "HDF5",
    "PARQUET",
    "READABLE_FORMATS",
    "VOTABLE",
    "FileFormat",
    "is_binary",
]

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_USER_BLOCKS = (512, 1024, 2048, 4096, 8192, 16384, 32768)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format of table files, with its reader.

    Parameters
    ----------
    name
        Name of the format in readers, the database and messages.
    reader
        Module and name of the reader's class, which is imported when the first file is opened.
    media_types
        Media types of downloads by extension, in lower case with its dot; the usual extension first.
    magic
        First bytes of every file of this format.
    recognised
        Returns whether the first bytes of a file are of this format, where it has no fixed first bytes.
    accepted_types
        Media types under which rows of this format may be sent to tables of users.
    label
        Name in messages about files with such bytes; ``name`` by default.
    also_named
        Names of other formats whose extensions its files may have.
    has_tables
        Whether a file may hold several tables; its reader then takes the choice as its fourth argument.
    """

    name: str
    reader: str
    media_types: Mapping[str, str]
    magic: tuple[bytes, ...] = ()
    recognised: Callable[[bytes], bool] | None = None
    accepted_types: tuple[str, ...] = ()
    label: str = ""
    also_named: frozenset[str] = frozenset()
    has_tables: bool = False

    @property
    def extensions(self) -> tuple[str, ...]:
        """Extensions of its files, with their dots; the usual one first."""
        return tuple(self.media_types)

    def open(self, path: Path, name: str, limits: ReadLimits, table: str | None = None) -> FileReader:
        """Open a file of this format.

        Parameters
        ----------
        path
            Path of its bytes.
        name
            Name of the file in messages.
        table
            Name of one of its tables; by default that which the format prefers.

        Raises
        ------
        InvalidValueError
            The file has no such table.
        """
        reader: Callable[..., FileReader] = resolve_name(self.reader)
        if self.has_tables:
            return reader(path, name, limits, table)
        opened = reader(path, name, limits)
        if table is not None:
            try:
                chosen_tables(name, opened.tables, table)
            except InvalidValueError:
                opened.close()
                raise
        return opened


def is_binary(head: bytes) -> bool:
    """Return whether bytes cannot be text in ASCII, Latin-1 or UTF-8."""
    return any(head.count(code) for code in range(9))


def _has_user_block(head: bytes) -> bool:
    """Return whether bytes are HDF5 after a user block (HDF5 File Format Specification 3.0, II.A)."""
    return any(head.startswith(_HDF5_SIGNATURE, offset) for offset in _HDF5_USER_BLOCKS)


def _is_votable(head: bytes) -> bool:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    lower = start[:4096].lower()
    if lower.startswith((b"<!doctype html", b"<html")) or not re.match(
        rb"<\?xml|<!--|<!doctype|<(\w+:)?votable", lower
    ):
        return False
    return re.search(rb"<(\w+:)?votable[\s>]", start, re.IGNORECASE) is not None


def _is_ecsv(head: bytes) -> bool:
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"# %ECSV") and not is_binary(head)


#: Delimited text; the format of all text files without another known format.
CSV = FileFormat(
    "CSV",
    "products.readers.text.delimited:DelimitedReader",
    {
        ".csv": "text/csv",
        ".tsv": "text/tab-separated-values",
        ".txt": "text/plain",
        ".dat": "text/plain",
        ".asc": "text/plain",
        ".tab": "text/tab-separated-values",
        ".ascii": "text/plain",
        ".tbl": "text/plain",
        ".cat": "text/plain",
        ".mrt": "text/plain",
    },
    label="plain text",
)
FITS = FileFormat(
    "FITS",
    "products.readers.fits.reader:FitsReader",
    dict.fromkeys((".fits", ".fit", ".fts"), "application/fits"),
    magic=(b"SIMPLE  =",),
    accepted_types=("application/fits", "image/fits"),
    has_tables=True,
)
HDF5 = FileFormat(
    "HDF5",
    "products.readers.hdf5.reader:Hdf5Reader",
    dict.fromkeys((".hdf5", ".h5", ".hdf", ".he5", ".hf5"), "application/x-hdf5"),
    magic=(_HDF5_SIGNATURE,),
    recognised=_has_user_block,
    has_tables=True,
)
PARQUET = FileFormat(
    "Parquet",
    "products.readers.parquet.reader:ParquetReader",
    dict.fromkeys((".parquet", ".pq", ".parq"), "application/vnd.apache.parquet"),
    magic=(b"PAR1",),
    accepted_types=("application/vnd.apache.parquet", "application/x-parquet"),
)
VOTABLE = FileFormat(
    "VOTable",
    "products.readers.votable.reader:VotableReader",
    dict.fromkeys((".vot", ".votable"), "application/x-votable+xml")
    | {".xml": "application/xml", ".vo": "application/x-votable+xml"},
    recognised=_is_votable,
    accepted_types=("application/x-votable+xml",),
    has_tables=True,
)
#: Its files may have the extensions of plain text.
ECSV = FileFormat(
    "ECSV",
    "products.readers.text.ecsv:EcsvReader",
    {".ecsv": "text/plain"},
    recognised=_is_ecsv,
    also_named=frozenset({CSV.name}),
)

#: All supported formats, by name.
FILE_FORMATS: Mapping[str, FileFormat] = {known.name: known for known in (CSV, FITS, HDF5, PARQUET, VOTABLE, ECSV)}

#: Names of all formats, for messages.
READABLE_FORMATS = " or ".join((", ".join([*FILE_FORMATS][:-1]), [*FILE_FORMATS][-1]))
