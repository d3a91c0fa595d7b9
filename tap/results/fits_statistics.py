"""Statistics of columns for the FITS header, collected batch by batch."""

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column

__all__ = ["ColumnStatistics"]


class ColumnStatistics:
    """Statistics of one column of a result.

    Attributes
    ----------
    rows, nulls
        Number of values, and number of nulls.
    longest, total
        Length of the longest value, and total length: bytes of texts, elements of arrays of variable length.
    lowest, highest
        Extremes of scalar integers.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = self.nulls = 0
        self.longest = self.total = 0
        self.lowest: int | None = None
        self.highest: int | None = None

    def add(self, array: pa.Array) -> None:
        """Add the values of one batch, in the types of `core.votable.canonical_arrays`."""
        self.rows += len(array)
        self.nulls += array.null_count
        if pa.types.is_large_string(array.type):
            self._add_lengths(pc.binary_length(array))
        elif pa.types.is_large_list(array.type):
            self._add_lengths(pc.list_value_length(array))
        elif pa.types.is_integer(array.type):
            found = pc.min_max(array).as_py()
            if found["min"] is not None:
                self.lowest = found["min"] if self.lowest is None else min(self.lowest, found["min"])
                self.highest = found["max"] if self.highest is None else max(self.highest, found["max"])

    def _add_lengths(self, lengths: pa.Array) -> None:
        self.longest = max(self.longest, pc.max(lengths).as_py() or 0)
        self.total += pc.sum(lengths).as_py() or 0
