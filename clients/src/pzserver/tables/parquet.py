"""Reader of Parquet files as astropy tables, with missing values masked."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.table import Column, MaskedColumn, Table

__all__ = ["column_of_array", "read_parquet"]


def read_parquet(path: Path) -> Table:
    """Read a Parquet file."""
    table = pq.read_table(path)
    return Table({name: column_of_array(table.column(name).combine_chunks()) for name in table.column_names})


def column_of_array(array: Any) -> Column:  # pyarrow ships no types
    """Return an Arrow array as a column, masked where values are missing."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    values = _values(array)
    if not missing.any():
        return Column(values)
    mask = missing if values.ndim == 1 else np.broadcast_to(missing[:, None], values.shape)
    return MaskedColumn(values, mask=mask)


def _values(array: Any) -> np.ndarray[Any, np.dtype[Any]]:  # pyarrow ships no types
    kind = array.type
    if pa.types.is_fixed_size_list(kind) and not array.null_count:
        inner = _values(array.flatten())
        return inner.reshape(len(array), kind.list_size)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(array.fill_null("").to_pylist(), dtype=str)
    if pa.types.is_boolean(kind):
        array = array.fill_null(fill_value=False)
    elif pa.types.is_integer(kind):
        array = array.fill_null(0)
    return np.asarray(array.to_numpy(zero_copy_only=False))
