"""Errors of files that cannot be read as tables; their messages are shown to the uploader.

All are ``UnreadableFileError`` (422): the request was well formed, the file was not a table that can be read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.errors import TooLargeError, UnreadableFileError

__all__ = [
    "ArchiveError",
    "ColumnNameError",
    "ColumnTypeError",
    "DamagedFileError",
    "EmptyTableError",
    "EncodingError",
    "NotATableError",
    "RaggedRowError",
    "WrongFormatError",
    "damage_reported",
    "listed",
]

_LISTED = 5


class WrongFormatError(UnreadableFileError):
    """The content of a file has another format than its name."""


class NotATableError(UnreadableFileError):
    """The file is complete, but contains no table."""


class EmptyTableError(UnreadableFileError):
    """The table has no rows, no columns, or no bytes at all."""


class DamagedFileError(UnreadableFileError):
    """The file is truncated or inconsistent."""


class ColumnNameError(UnreadableFileError):
    """A column has no name, or shares its name with another one."""


class ColumnTypeError(UnreadableFileError):
    """A column holds values that are neither numbers, text, times, nor arrays of numbers."""


class EncodingError(UnreadableFileError):
    """A text has none of the supported encodings."""


class RaggedRowError(UnreadableFileError):
    """A row of a text file has more or fewer fields than the table has columns."""


class ArchiveError(UnreadableFileError):
    """An archive does not contain exactly one table, or is not safe to unpack."""


@contextmanager
def damage_reported(name: str, kind: str, *library_errors: type[Exception]) -> Iterator[None]:
    """Convert the errors that a library raises for damaged files to DamagedFileError, in a ``with`` block.

    The library's message has internal paths, so it is not part of the new message; its error is the cause.
    """
    try:
        yield
    except MemoryError as e:
        raise TooLargeError(
            f"{name} needs more memory than is available: it is damaged, or one of its parts is too large. "
            "Save it again in smaller blocks and send it again."
        ) from e
    except library_errors as e:
        raise DamagedFileError(
            f"{name} cannot be read as {kind}: it is truncated or damaged. Check that it opens on your side, "
            "then send it again."
        ) from e


def listed(names: Sequence[str]) -> str:
    """Return names as a list for a message, only the first ones when there are many."""
    shown = ", ".join(names[:_LISTED])
    more = len(names) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown
