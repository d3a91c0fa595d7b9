"""What a FITS header must know of all values of a column: counted batch by batch."""

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column

__all__ = ["ColumnStatistics"]


class ColumnStatistics:
    """Counts over one column of a result.

    Attributes
    ----------
    rows, nulls
        How many values there are, and how many of them are none.
    longest, total
        Of texts in bytes, of arrays of differing length in elements: the longest value, and all together.
    lowest, highest
        Of single integers.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = self.nulls = 0
        self.longest = self.total = 0
        self.lowest: int | None = None
        self.highest: int | None = None

    def add(self, array: pa.Array) -> None:
        """Count the values of one batch, which are as `core.votable.canonical_arrays` gives them."""
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
