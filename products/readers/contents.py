"""What a file is, found out from its first bytes, and what its name says that it is."""

import codecs
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from products.readers.refusals import NotATableError, WrongFormatError

__all__ = ["HEAD_BYTES", "TABLE_SUFFIXES", "checked_kind", "kind_of_bytes", "suffix_of"]

#: As many bytes are looked at as an XML prologue with comments may have.
HEAD_BYTES = 65536

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "Parquet"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"SIMPLE  =", "FITS"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a text document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x93NUMPY", "a numpy file"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
)

_HDF5_USER_BLOCKS = (512, 1024, 2048, 4096, 8192, 16384, 32768)

_KIND_OF_SUFFIX: Mapping[str, str] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat", ".asc", ".tab", ".ascii"), "CSV"),
    ".ecsv": "ECSV",
    **dict.fromkeys((".fits", ".fit", ".fts"), "FITS"),
    **dict.fromkeys((".hdf5", ".h5", ".hdf", ".he5", ".hf5"), "HDF5"),
    **dict.fromkeys((".parquet", ".pq", ".parq"), "Parquet"),
    **dict.fromkeys((".vot", ".votable", ".xml", ".vo"), "VOTable"),
    ".zip": "zip",
    ".tar": "tar",
    ".gz": "gzip",
    ".tgz": "gzip",
}

#: Endings of names of files that hold tables, by which the members of an archive are chosen.
TABLE_SUFFIXES = frozenset(suffix for suffix, kind in _KIND_OF_SUFFIX.items() if kind not in {"zip", "tar", "gzip"})

_READABLE = frozenset(_KIND_OF_SUFFIX.values())
_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".pcl", ".pckl", ".joblib", ".npy", ".npz"})
_FORMATS = "CSV, FITS, HDF5, Parquet, VOTable or ECSV"


def kind_of_bytes(head: bytes) -> str:
    """Tell what the first bytes of a file belong to.

    Returns
    -------
    str
        The name of a format that is read, ``zip``, ``gzip``, ``tar``, or words for a sentence ("a PDF document").
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if any(head[offset : offset + 8] == b"\x89HDF\r\n\x1a\n" for offset in _HDF5_USER_BLOCKS):
        return "HDF5"
    if head[257:262] == b"ustar":
        return "tar"
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return "a pickle"
    return _kind_of_text(head)


def suffix_of(name: str) -> str:
    """Give the ending of a file's name, in small letters, with its dot."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def checked_kind(name: str, head: bytes) -> str:
    """Tell what a file is, and refuse it when its name says otherwise.

    Raises
    ------
    WrongFormatError
        When the name and the bytes disagree.
    NotATableError
        When the bytes are nothing that can hold a table.
    """
    kind, suffix = kind_of_bytes(head), suffix_of(name)
    if kind == "a pickle" or suffix in _PICKLE_SUFFIXES:
        raise NotATableError(
            f"{name} is a file of Python objects, which can run code when it is opened. "
            f"Save the table as {_FORMATS} and send that."
        )
    said = _KIND_OF_SUFFIX.get(suffix)
    if said is None and kind not in _READABLE:
        raise NotATableError(f"{name} is not a table: it starts like {kind}. Send {_FORMATS}.")
    # A text that describes its columns may bear a plain text's name.
    if said not in {None, kind} and (said, kind) != ("CSV", "ECSV"):
        raise WrongFormatError(
            f"{name} is not {_with_article(str(said))} file: it starts like {_words(kind)}. "
            "Rename it or send the right file."
        )
    return kind


def _kind_of_text(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "CSV"
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    lower = start[:4096].lower()
    if lower.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if re.match(rb"<\?xml|<!--|<!doctype|<(\w+:)?votable", lower):
        if re.search(rb"<(\w+:)?votable[\s>]", start, re.IGNORECASE):
            return "VOTable"
        return "an HTML page" if b"<html" in lower else "an XML document"
    if b"\x00" in head or sum(head.count(code) for code in range(1, 9)) > 0:
        return "binary data"
    if start.startswith(b"# %ECSV"):
        return "ECSV"
    if start.startswith((b"{", b"[")):
        return "JSON"
    return "CSV"


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "EH" else f"a {kind}"


def _words(kind: str) -> str:
    return {"CSV": "plain text", "gzip": "a gzip archive", "zip": "a zip archive", "tar": "a tar archive"}.get(
        kind, kind
    )
