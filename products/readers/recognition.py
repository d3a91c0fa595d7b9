"""Recognition of file formats from the first bytes of a file and from its name."""

import codecs
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from products.readers.decompression import COMPRESSIONS
from products.readers.errors import NotATableError, WrongFormatError
from products.readers.formats import CSV, FILE_FORMATS, READABLE_FORMATS, is_binary

__all__ = ["HEAD_BYTES", "TABLE_SUFFIXES", "checked_kind", "format_of_name", "kind_of_bytes", "suffix_of"]

#: Number of bytes that are examined, enough for an XML prologue with comments.
HEAD_BYTES = 65536

_MAGIC: tuple[tuple[bytes, str], ...] = (
    *((magic, known.name) for known in FILE_FORMATS.values() for magic in known.magic),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
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

_ARCHIVES: Mapping[str, str] = {".zip": "zip", ".tar": "tar"} | {
    ending: name for name, endings in COMPRESSIONS.items() for ending in (*endings[0], *endings[1])
}
_FORMAT_OF_SUFFIX = {suffix: known.name for known in FILE_FORMATS.values() for suffix in known.extensions}
_KIND_OF_SUFFIX: Mapping[str, str] = {**_FORMAT_OF_SUFFIX, **_ARCHIVES}

#: Extensions of table files, by which the members of an archive are selected.
TABLE_SUFFIXES = frozenset(_FORMAT_OF_SUFFIX)

_READABLE = frozenset(_KIND_OF_SUFFIX.values())
_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".pcl", ".pckl", ".joblib", ".npy", ".npz"})


def kind_of_bytes(head: bytes) -> str:
    """Return the format of the first bytes of a file.

    Returns
    -------
    str
        The name of a supported format, ``zip``, ``tar``, one of ``COMPRESSIONS``, or words for a message ("a PDF
        document").
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    for known in FILE_FORMATS.values():
        if known.recognised is not None and known.recognised(head):
            return known.name
    if head[257:262] == b"ustar":
        return "tar"
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return "a pickle"
    return _kind_of_text(head)


def suffix_of(name: str) -> str:
    """Return the extension of a file's name, in lower case, with its dot."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def format_of_name(name: str) -> str | None:
    """Return the name of the supported format with a file's extension, or None."""
    return _FORMAT_OF_SUFFIX.get(suffix_of(name))


def checked_kind(name: str, head: bytes) -> str:
    """Return the format of a file, or raise when its name has the extension of another one.

    Raises
    ------
    WrongFormatError
        The extension and the content disagree.
    NotATableError
        The content cannot be a table.
    """
    kind, suffix = kind_of_bytes(head), suffix_of(name)
    if kind == "a pickle" or suffix in _PICKLE_SUFFIXES:
        raise NotATableError(
            f"{name} is a file of Python objects, which can run code when it is opened. "
            f"Save the table as {READABLE_FORMATS} and send that."
        )
    declared = _KIND_OF_SUFFIX.get(suffix)
    if declared is None and kind not in _READABLE:
        raise NotATableError(f"{name} is not a table: it starts like {kind}. Send {READABLE_FORMATS}.")
    if declared not in {None, kind} and declared not in _names_allowed(kind):
        raise WrongFormatError(
            f"{name} is not {_with_article(str(declared))} file: it starts like {_words(kind)}. "
            "Rename it or send the right file."
        )
    return kind


def _kind_of_text(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return CSV.name
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    lower = start[:4096].lower()
    if lower.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if re.match(rb"<\?xml|<!--|<!doctype|<(\w+:)?votable", lower):
        return "an HTML page" if b"<html" in lower else "an XML document"
    if is_binary(head):
        return "binary data"
    if start.startswith((b"{", b"[")):
        return "JSON"
    return CSV.name


def _names_allowed(kind: str) -> frozenset[str]:
    return FILE_FORMATS[kind].also_named if kind in FILE_FORMATS else frozenset()


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "EHx" else f"a {kind}"


def _words(kind: str) -> str:
    if kind in FILE_FORMATS:
        return FILE_FORMATS[kind].label or kind
    return f"{_with_article(kind)} archive" if kind in _ARCHIVES.values() else kind
