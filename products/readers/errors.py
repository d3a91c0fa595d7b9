"""Reasons for which a file is refused, each a sentence that the person who sent it reads.

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
    """The bytes are of another kind than the file's name says."""


class NotATableError(UnreadableFileError):
    """The file is whole, but nothing in it is a table."""


class EmptyTableError(UnreadableFileError):
    """The table has no rows, no columns, or no bytes at all."""


class DamagedFileError(UnreadableFileError):
    """The file ends too early or contradicts itself."""


class ColumnNameError(UnreadableFileError):
    """A column has no name, or shares its name with another one."""


class ColumnTypeError(UnreadableFileError):
    """A column holds values that are neither numbers, text, times, nor arrays of numbers."""


class EncodingError(UnreadableFileError):
    """Text that is in none of the encodings that can be found out."""


class RaggedRowError(UnreadableFileError):
    """A row of a text file has more or fewer fields than the table has columns."""


class ArchiveError(UnreadableFileError):
    """An archive that does not hold exactly one table, or that is not safe to unpack."""


@contextmanager
def damage_reported(name: str, kind: str, *library_errors: type[Exception]) -> Iterator[None]:
    """Turn what a library raises on damaged bytes into a sentence.

    The library's own words stay out of the sentence, since they speak of internal paths; they are kept as the cause.
    """
    try:
        yield
    except MemoryError as e:
        raise TooLargeError(
            f"{name} asks for more memory than there is: it is damaged, or one of its parts is too large. "
            "Save it again in smaller blocks and send it again."
        ) from e
    except library_errors as e:
        raise DamagedFileError(
            f"{name} cannot be read as {kind}: it is truncated or damaged. Check that it opens on your side, "
            "then send it again."
        ) from e


def listed(names: Sequence[str]) -> str:
    """Write names as a list for a sentence, the first few of them when there are many."""
    shown = ", ".join(names[:_LISTED])
    more = len(names) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown
