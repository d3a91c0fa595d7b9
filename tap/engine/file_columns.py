"""Columns of files that a table of the engine has under names of its own, with the conversion of their values."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Conversion", "FileColumn"]


class Conversion(StrEnum):
    """Conversion of the values of a column to those that stored rows of products have."""

    NONE = "none"
    NAN = "nan"  # NaN becomes NULL
    FINITE = "finite"  # values that are not finite become NULL
    SIGNED = "signed"  # unsigned 64-bit integers become signed ones; larger values fail the query
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of a table of the engine, and the column of the files that it is read from.

    Parameters
    ----------
    name
        Its name in the engine.
    source
        The name of the column in the files.
    """

    name: str
    source: str
    conversion: Conversion = Conversion.NONE
