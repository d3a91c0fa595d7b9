"""Formats of table files that are read: the one table from which recognition, media types, uploads and texts follow.

The readers themselves are imported when a file is opened, so that knowing the formats is cheap.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from products.readers.base import FileReader, ReadLimits

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
    """A format of table files that is read.

    Parameters
    ----------
    name
        What readers, the database and sentences call it.
    reader
        Module and name of the class that reads its files, which is imported when the first one is opened.
    media_types
        Media type of downloads by the ending of the file's name, in small letters with its dot; the usual ending first.
    magic
        First bytes of every file of this format.
    recognised
        Whether the first bytes of a file are of this format, where it has no fixed first bytes.
    accepted_types
        Media types under which rows of this format may be sent to tables of users.
    label
        What sentences call a file with such bytes; the name by default.
    also_named
        Names of formats whose endings its files may bear as well.
    """

    name: str
    reader: str
    media_types: Mapping[str, str]
    magic: tuple[bytes, ...] = ()
    recognised: Callable[[bytes], bool] | None = None
    accepted_types: tuple[str, ...] = ()
    label: str = ""
    also_named: frozenset[str] = frozenset()

    @property
    def extensions(self) -> tuple[str, ...]:
        """JobCompletion of the names of its files, with their dots; the usual one first."""
        return tuple(self.media_types)

    def open(self, path: Path, name: str, limits: ReadLimits) -> FileReader:
        """Open a file of this format.

        Parameters
        ----------
        path
            Where its bytes lie.
        name
            What the user called it.
        """
        reader: Callable[[Path, str, ReadLimits], FileReader] = resolve_name(self.reader)
        return reader(path, name, limits)


def is_binary(head: bytes) -> bool:
    """Return whether bytes hold what no text in ASCII, Latin-1 or UTF-8 has."""
    return any(head.count(code) for code in range(9))


def _has_user_block(head: bytes) -> bool:
    """Find HDF5 behind a block of somebody else's bytes (HDF5 File Format Specification 3.0, II.A)."""
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


#: Text with delimiters; a file that is text, and nothing else that is known, is of this format.
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
    },
    label="plain text",
)
FITS = FileFormat(
    "FITS",
    "products.readers.fits.reader:FitsReader",
    dict.fromkeys((".fits", ".fit", ".fts"), "application/fits"),
    magic=(b"SIMPLE  =",),
    accepted_types=("application/fits", "image/fits"),
)
HDF5 = FileFormat(
    "HDF5",
    "products.readers.hdf5.reader:Hdf5Reader",
    dict.fromkeys((".hdf5", ".h5", ".hdf", ".he5", ".hf5"), "application/x-hdf5"),
    magic=(_HDF5_SIGNATURE,),
    recognised=_has_user_block,
)
PARQUET = FileFormat(
    "Parquet",
    "products.readers.parquet:ParquetReader",
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
)
#: Its files may bear the names of plain texts.
ECSV = FileFormat(
    "ECSV",
    "products.readers.text.ecsv:EcsvReader",
    {".ecsv": "text/plain"},
    recognised=_is_ecsv,
    also_named=frozenset({CSV.name}),
)

#: Every format that is read, by its name.
FILE_FORMATS: Mapping[str, FileFormat] = {known.name: known for known in (CSV, FITS, HDF5, PARQUET, VOTABLE, ECSV)}

#: The names of all of them, for sentences.
READABLE_FORMATS = " or ".join((", ".join([*FILE_FORMATS][:-1]), [*FILE_FORMATS][-1]))
