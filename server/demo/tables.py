"""Tables whose columns say what they mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import Column, field_of_column

__all__ = ["Described", "degrees", "table_of", "text"]

#: A column and its values; the values' type varies from column to column.
Described = tuple[Column, npt.NDArray[Any]]


def table_of(columns: Sequence[Described]) -> pa.Table:
    """Make a table of described columns; NaN becomes null."""
    fields = [field_of_column(column) for column, _ in columns]
    arrays = [_array(values, field.type) for (_, values), field in zip(columns, fields, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def degrees(name: str, ucd: str, description: str) -> Column:
    """Describe a column of angles."""
    return Column(name, "double", unit="deg", ucd=ucd, description=description)


def text(name: str, ucd: str, description: str) -> Column:
    """Describe a column of texts."""
    return Column(name, "unicodeChar", "*", ucd=ucd, description=description)


def _array(values: npt.NDArray[Any], arrow_type: pa.DataType) -> pa.Array:
    if pa.types.is_string(arrow_type):
        labels, codes = np.unique(values, return_inverse=True)
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(labels)).cast(pa.string())
    if pa.types.is_float32(arrow_type):
        values = values.astype(np.float32)
    return pa.array(values, arrow_type, from_pandas=True)
