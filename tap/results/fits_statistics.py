"""Statistics of columns for the FITS header, collected batch by batch."""

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.errors import InvalidValueError

__all__ = ["ColumnStatistics"]

_NEAR_LOWEST = -(2**63) + 8
# Values for TNULL, the customary one first.
_CANDIDATES = [*range(-(2**63), _NEAR_LOWEST), *range(2**63 - 1, -_NEAR_LOWEST, -1)]


class ColumnStatistics:
    """Statistics of one column of a result.

    Attributes
    ----------
    rows, nulls
        Number of values, and number of nulls.
    longest, total
        Length of the longest value, and total length: bytes of texts, elements of arrays of variable length.
    lowest
        The lowest of scalar integers.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = self.nulls = 0
        self.longest = self.total = 0
        self.lowest: int | None = None
        self._candidates: list[int] = list(_CANDIDATES)

    def add(self, array: pa.Array) -> None:
        """Add the values of one batch, in the types of `core.votable.canonical_arrays`."""
        self.rows += len(array)
        self.nulls += array.null_count
        if pa.types.is_large_string(array.type):
            self._add_lengths(pc.binary_length(array))
        elif pa.types.is_large_list(array.type):
            self._add_lengths(pc.list_value_length(array))
        elif pa.types.is_integer(array.type):
            found = pc.min(array).as_py()
            if found is not None:
                self.lowest = found if self.lowest is None else min(self.lowest, found)
                if pa.types.is_int64(array.type):
                    self._cross_out(array)

    @property
    def unused(self) -> int:
        """A 64-bit integer that is none of the values.

        Raises
        ------
        core.errors.InvalidValueError
            All candidates occur.
        """
        if not self._candidates:
            raise InvalidValueError(
                f"The column {self.column.name} has values at both ends of the 64-bit integers, so that FITS has none "
                "left for what is missing. Request RESPONSEFORMAT=votable or parquet.",
                field="RESPONSEFORMAT",
            )
        return self._candidates[0]

    def _cross_out(self, array: pa.Array) -> None:
        """Remove the candidates for the missing value that are among the values."""
        extremes = pc.min_max(array).as_py()
        if extremes["min"] <= _NEAR_LOWEST or extremes["max"] >= -_NEAR_LOWEST:
            present = set(pc.unique(array.filter(pc.is_in(array, pa.array(_CANDIDATES)))).to_pylist())
            self._candidates = [candidate for candidate in self._candidates if candidate not in present]

    def _add_lengths(self, lengths: pa.Array) -> None:
        self.longest = max(self.longest, pc.max(lengths).as_py() or 0)
        self.total += pc.sum(lengths).as_py() or 0
