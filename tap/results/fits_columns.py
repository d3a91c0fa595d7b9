"""Storage of columns in a FITS binary table (FITS 4.0 §7.3.1 to §7.3.5).

Texts have a fixed width, which all readers support. Where a few long texts would enlarge every row of a large table,
they are in the heap, like arrays of variable length; astropy returns them as arrays of characters. FITS requires ASCII
in texts; other characters are written as UTF-8, as astropy does, so that they are not lost. FITS does not distinguish
missing and empty texts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.columns import Column
from core.votable.datatypes import fixed_count
from core.votable.texts import NULL_ELEMENTS
from tap.results.fits_statistics import ColumnStatistics

__all__ = ["FitsColumn", "fits_columns"]

_LETTERS = {
    "boolean": ("L", 1),
    "unsignedByte": ("B", 1),
    "short": ("I", 2),
    "int": ("J", 4),
    "long": ("K", 8),
    "float": ("E", 4),
    "double": ("D", 8),
    "char": ("A", 1),
    "unicodeChar": ("A", 1),
}
_WIDER = {"unsignedByte": "short", "short": "int", "int": "long"}
_MOST_PADDING = 64_000_000  # bytes of one column
_P_LIMIT = 2**31


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """Storage of one column of a binary table.

    Parameters
    ----------
    datatype
        The VOTable primitive of the stored values, which may be wider than the column's own.
    count
        Number of elements of each value; the maximum for columns in the heap.
    descriptor
        ``P`` or ``Q`` when the values are in the heap, else None.
    missing
        The integer of missing values (TNULL), if there is one.
    """

    column: Column
    datatype: str
    count: int
    descriptor: str | None = None
    missing: int | None = None

    @property
    def varying(self) -> bool:
        """Whether the values are in the heap."""
        return self.descriptor is not None

    @property
    def element_bytes(self) -> int:
        """Bytes of one element."""
        return _LETTERS[self.datatype][1]

    @property
    def width(self) -> int:
        """Bytes of the column in each row."""
        if self.varying:
            return 8 if self.descriptor == "P" else 16
        return self.element_bytes * self.count

    @property
    def format(self) -> str:
        """The value of TFORM."""
        letter = _LETTERS[self.datatype][0]
        if self.varying:
            return f"1{self.descriptor}{letter}({self.count})"
        return f"{self.count}{letter}"

    @property
    def dimensions(self) -> str | None:
        """The value of TDIM for arrays of more than one axis."""
        size = self.column.arraysize or ""
        return f"({size.replace('x', ',')})" if "x" in size and not self.varying else None


def fits_columns(statistics: Iterable[ColumnStatistics]) -> tuple[FitsColumn, ...]:
    """Return the storage of columns, given the statistics of their values."""
    counted = list(statistics)
    heap = sum(item.total * _LETTERS[item.column.datatype][1] for item in counted)
    descriptor = "P" if heap < _P_LIMIT else "Q"
    return tuple(_stored(item, descriptor) for item in counted)


def _stored(item: ColumnStatistics, descriptor: str) -> FitsColumn:
    column = item.column
    if column.is_text:
        fixed = item.longest * item.rows - item.total <= max(_MOST_PADDING, item.total)
        # A width of 0 is allowed, and astropy reads bytes of the next column for it.
        width = max(1, item.longest) if fixed else item.longest
        return FitsColumn(column, column.datatype, width, None if fixed else descriptor)
    if column.arraysize is not None:
        count = fixed_count(column)
        if count is None:
            # No TNULL: astropy fails on columns that have it and vary in length.
            return FitsColumn(column, column.datatype, item.longest, descriptor)
        return FitsColumn(column, column.datatype, count, None, NULL_ELEMENTS.get(column.datatype))
    if item.nulls and (column.datatype == "long" or column.datatype in _WIDER):
        return _with_missing(item)
    return FitsColumn(column, column.datatype, 1)


def _with_missing(item: ColumnStatistics) -> FitsColumn:
    """Return the storage of an integer column with nulls: TNULL is not one of its values, in a wider type if needed."""
    datatype = item.column.datatype
    if datatype == "unsignedByte":
        datatype = "short"
    lowest = NULL_ELEMENTS[datatype]
    if item.lowest == lowest and datatype in _WIDER:
        datatype = _WIDER[datatype]
        lowest = NULL_ELEMENTS[datatype]
    if item.lowest == lowest:  # of 64 bits
        lowest = item.unused
    return FitsColumn(item.column, datatype, 1, None, lowest)
