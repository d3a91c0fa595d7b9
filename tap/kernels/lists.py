"""Kernels of lists of numbers, for what the engine's own functions of lists do not do for every row."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tap.kernels.arrays import as_array, as_doubles, from_doubles
from tap.kernels.kernel import Kernel

__all__ = ["LIST_KERNELS"]


def _dot(one: Any, other: Any) -> pa.Array:
    """Return dot products; missing when lengths differ or an element is missing (the engine ends the query there)."""
    lists = [as_array(column) for column in (one, other)]
    lengths = [pc.fill_null(pc.list_value_length(column), -1).to_numpy(zero_copy_only=False) for column in lists]
    alike = (lengths[0] == lengths[1]) & (lengths[0] >= 0)
    values = [as_doubles(column.filter(pa.array(alike)).flatten()) for column in lists]
    sizes = lengths[0][alike]
    result = np.full(len(alike), np.nan)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    result[alike] = np.bincount(rows, weights=values[0] * values[1], minlength=len(sizes))
    return from_doubles(result)


#: Kernels of lists.
LIST_KERNELS: tuple[Kernel, ...] = (Kernel("arr_product_sum", _dot, ("DOUBLE[]", "DOUBLE[]"), "DOUBLE"),)
