"""Conversion of columns to numpy arrays for formats without nulls.

Missing numbers become NaN. Integers with missing values become doubles when doubles hold all of them, as pandas does;
else they stay integers, and one that does not occur, if possible the smallest, stands for a missing value. Missing
texts are empty.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidValueError

__all__ = ["NullableArray", "array_of"]

_LARGEST_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class NullableArray:
    """Values of a column, and the marker of missing values where neither NaN nor an empty text marks them."""

    values: npt.NDArray[Any]  # the type of the column
    missing_value: int | None = None


def array_of(table: pa.Table, name: str, encoding: str) -> NullableArray:
    """Return the values of a column; texts become bytes, in ASCII with other characters as escapes, or in UTF-8.

    Raises
    ------
    InvalidValueError
        When the column is neither numbers, texts, truth values nor times.
    """
    column = table.column(name)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        return _of_booleans(column)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        target = kind if pa.types.is_floating(kind) and kind != pa.float16() else pa.float64()
        return NullableArray(pc.fill_null(pc.cast(column, target), np.nan).to_numpy())
    if pa.types.is_integer(kind):
        return _of_integers(column)
    if pa.types.is_temporal(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return NullableArray(_bytes_of(pc.cast(column, pa.string()), encoding))
    if pa.types.is_null(kind):
        return NullableArray(np.full(len(column), np.nan))
    raise InvalidValueError(
        f"The column '{name}' holds {kind} values, which this format cannot hold. Choose Parquet, or leave it out."
    )


def _of_booleans(column: pa.ChunkedArray) -> NullableArray:
    if not column.null_count:
        return NullableArray(column.to_numpy())
    return NullableArray(pc.fill_null(pc.cast(column, pa.float64()), np.nan).to_numpy())


def _of_integers(column: pa.ChunkedArray) -> NullableArray:
    if not column.null_count:
        return NullableArray(column.to_numpy())
    extremes = pc.min_max(column).as_py()
    if extremes["min"] is None or max(abs(extremes["min"]), abs(extremes["max"])) <= _LARGEST_EXACT:
        return NullableArray(pc.fill_null(pc.cast(column, pa.float64()), np.nan).to_numpy())
    unsigned = pa.types.is_unsigned_integer(column.type)
    limits = np.iinfo(np.uint64 if unsigned else np.int64)
    wide = pc.cast(column, pa.uint64() if unsigned else pa.int64())
    ends = (limits.max, limits.max - 1, limits.max - 2) if unsigned else (limits.min, limits.max, limits.min + 1)
    present = set(pc.unique(wide.filter(pc.is_in(wide, pa.array(ends, wide.type)))).to_pylist())
    missing = next((int(end) for end in ends if int(end) not in present), None)
    if missing is None:
        raise InvalidValueError(
            "A column has values at both ends of the 64-bit integers, so that this format has none left for what is "
            "missing. Choose Parquet."
        )
    return NullableArray(pc.fill_null(wide, missing).to_numpy(), missing)


def _bytes_of(column: pa.ChunkedArray, encoding: str) -> npt.NDArray[np.bytes_]:
    filled = pc.fill_null(column, "")
    if encoding == "ascii" and not pc.all(pc.string_is_ascii(filled)).as_py():
        # Rare: one Python string a row, only for columns that hold other characters.
        values: npt.NDArray[np.bytes_] = np.array([t.encode("ascii", "backslashreplace") for t in filled.to_pylist()])
        return values
    width = max(pc.max(pc.binary_length(filled)).as_py() or 0, 1)
    # numpy makes fixed-width bytes of Arrow's in one pass.
    return np.asarray(pc.cast(filled, pa.binary()).to_numpy(), dtype=f"S{width}")
