"""Conversion between Arrow columns and numpy arrays, with missing values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["as_array", "as_doubles", "as_integers", "as_matrix", "from_doubles", "from_rows", "row_by_row"]

_Doubles = NDArray[np.float64]
_Mask = NDArray[np.bool_]


def as_array(column: Any) -> Any:
    """Return a column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def as_doubles(column: Any) -> _Doubles:
    """Return numbers, with NaN for missing values."""
    numbers: _Doubles = pc.fill_null(as_array(column).cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
    return numbers


def as_integers(column: Any) -> NDArray[np.int64]:
    """Return integers, with -1, which is not a valid cell or order, for missing values."""
    numbers: NDArray[np.int64] = pc.fill_null(as_array(column).cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return numbers


def as_matrix(column: Any) -> _Doubles | None:
    """Return lists of one length as the rows of a matrix, with NaN for missing values; None when lengths differ."""
    lists = as_array(column)
    sizes = pc.min_max(pc.list_value_length(lists))
    length, longest = sizes["min"].as_py() or 0, sizes["max"].as_py() or 0
    if length != longest:
        return None
    values = as_doubles(pc.list_flatten(lists)).reshape(len(lists) - lists.null_count, length)
    if not lists.null_count:
        return values
    rows = np.full((len(lists), length), np.nan)
    rows[lists.is_valid().to_numpy(zero_copy_only=False)] = values
    return rows


def from_doubles(values: _Doubles) -> pa.Array:
    """Return numbers as a column; values that are not finite are missing."""
    return pa.array(values, mask=~np.isfinite(values))


def from_rows(values: _Doubles, known: _Mask) -> pa.Array:
    """Return rows of numbers as a column of lists; NaN elements are missing, and so are rows that are not known."""
    elements = pa.array(values.ravel(), mask=np.isnan(values.ravel()))
    return pa.FixedSizeListArray.from_arrays(elements, values.shape[1], mask=pa.array(~known))


def row_by_row(function: Callable[..., Any], result: pa.DataType, *columns: Any) -> pa.Array:
    """Return the results of a function called for each row; missing where a value is missing or invalid."""
    values: list[Any] = []
    for row in zip(*(as_array(column).to_pylist() for column in columns), strict=True):
        if any(cell is None or (isinstance(cell, list) and None in cell) for cell in row):
            values.append(None)
            continue
        try:
            values.append(function(*row))
        except ValueError:
            values.append(None)
    return pa.array(values, result)
