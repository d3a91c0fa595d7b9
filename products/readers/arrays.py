"""Conversion of numpy arrays to Arrow arrays, without a Python object for each number."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.readers.column_checks import ARRAYS_OF_ARRAYS, ARRAYS_OF_TEXTS, COMPLEX, NO_VALUES

__all__ = ["array_of", "arrow_type_of", "masked", "text_of"]

_BIG_LIST = 10_000_000


def arrow_type_of(dtype: np.dtype) -> pa.DataType:
    """Return the Arrow type of a numpy type; float16 becomes float32, one-dimensional fields become lists.

    Dimensions of size 1 are none: an array of one value is that value.

    Raises
    ------
    TypeError
        For complex numbers, nested records, arrays of texts, arrays of arrays and arrays without values; the message
        is the reason for leaving the column out.
    """
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        inner = arrow_type_of(base)
        sizes = [size for size in shape if size != 1]
        if not sizes:
            return inner
        if 0 in sizes:
            raise TypeError(NO_VALUES)
        if len(sizes) > 1:
            raise TypeError(ARRAYS_OF_ARRAYS)
        if pa.types.is_string(inner):
            raise TypeError(ARRAYS_OF_TEXTS)
        if sizes[0] > _BIG_LIST:
            raise TypeError(f"arrays of more than {_BIG_LIST} values")
        return pa.list_(inner, sizes[0])
    if dtype.kind == "c":
        raise TypeError(COMPLEX)
    if dtype.kind in "SU":
        return pa.string()
    if dtype.kind == "f" and dtype.itemsize == 2:
        return pa.float32()
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise TypeError(f"values of the type {dtype}")
    return pa.from_numpy_dtype(dtype.newbyteorder("="))


def array_of(values: np.ndarray, arrow_type: pa.DataType, mask: np.ndarray | None = None) -> pa.Array:
    """Convert values to an Arrow array.

    Parameters
    ----------
    values
        Of any byte order; shape ``(rows,)``, or ``(rows, n)`` for a list of n numbers. Other sizes are 1.
    mask
        True where a value is missing; of the shape of ``values``.
    """
    if pa.types.is_fixed_size_list(arrow_type):
        if arrow_type.list_size == 0:  # Arrow divides by the size
            return pa.array([[]] * len(values), arrow_type)
        flat_mask = None if mask is None else mask.reshape(-1)
        flat = array_of(values.reshape(-1), arrow_type.value_type, flat_mask)
        return pa.FixedSizeListArray.from_arrays(flat, type=arrow_type)
    if values.ndim > 1:
        values, mask = values.reshape(-1), None if mask is None else mask.reshape(-1)
    if pa.types.is_string(arrow_type):
        return masked(text_of(values), mask)
    if pa.types.is_timestamp(arrow_type):
        # Integers of pandas since 1970; the smallest one is NaT.
        counts = values.astype(np.int64, copy=False)
        missing = counts == np.iinfo(np.int64).min
        return pa.array(counts, mask=missing if mask is None else missing | mask).cast(arrow_type)
    native = np.ascontiguousarray(values, dtype=arrow_type.to_pandas_dtype())
    return pa.array(native, type=arrow_type, mask=mask)


def masked(array: pa.Array, mask: np.ndarray | pa.Array | None) -> pa.Array:
    """Make the values null where a mask is true."""
    if mask is None:
        return array
    return pc.if_else(pa.array(mask) if isinstance(mask, np.ndarray) else mask, pa.scalar(None, array.type), array)


def text_of(values: np.ndarray) -> pa.Array:
    """Convert bytes or texts to an Arrow array of text; bytes that are not UTF-8 are read as Latin-1.

    Padding at the end (NUL bytes and blanks, as FITS and numpy write it) is removed.
    """
    if values.dtype.kind == "U":
        return pc.utf8_rtrim(pa.array(values, type=pa.string()), " ")
    raw = pa.array(values, type=pa.binary())
    try:
        text = raw.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([None if value is None else value.decode("latin-1") for value in raw.to_pylist()], pa.string())
    return pc.utf8_rtrim(text, characters=" \x00")
