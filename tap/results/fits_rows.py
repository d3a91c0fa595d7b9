"""Encoding of rows and heap of a FITS binary table (FITS 4.0 §7.3.5)."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.votable.datatypes import BINARY_LAYOUTS
from core.votable.texts import NULL_ELEMENTS
from tap.results.fits_columns import FitsColumn

__all__ = ["encode_heap", "encode_rows"]

_TRUE, _FALSE, _UNKNOWN = b"TF\0"


def encode_rows(batch: pa.RecordBatch, columns: tuple[FitsColumn, ...], heap_position: int) -> tuple[bytes, int]:
    """Return the encoded rows of a batch.

    Parameters
    ----------
    heap_position
        Offset in the heap of the values of this batch.

    Returns
    -------
    bytes, int
        The rows, and the offset in the heap of the next batch.
    """
    layout = [(f"c{number}", "u1", (column.width,)) for number, column in enumerate(columns)]
    records = np.zeros(len(batch), np.dtype([field for field in layout if field[2][0]]))
    for number, (array, column) in enumerate(zip(batch.columns, columns, strict=True)):
        if not column.width:
            continue
        if column.varying:
            lengths = _lengths(array)
            ends = heap_position + np.cumsum(lengths) * column.element_bytes
            whole = ">i4" if column.descriptor == "P" else ">i8"
            values = np.stack([lengths, ends - lengths * column.element_bytes], axis=1).astype(whole)
            heap_position = int(ends[-1]) if len(ends) else heap_position
        elif column.column.is_text:
            values = _padded(array, column.count)
        else:
            values = _fixed(array, column)
        records[f"c{number}"] = values.view("u1").reshape(len(batch), column.width)
    return records.tobytes(), heap_position


def encode_heap(batch: pa.RecordBatch, columns: tuple[FitsColumn, ...]) -> bytes:
    """Return the heap of a batch, in the order of the descriptors of `encode_rows`."""
    return b"".join(
        _text_bytes(array) if column.column.is_text else _list_bytes(array, column)
        for array, column in zip(batch.columns, columns, strict=True)
        if column.varying
    )


def _lengths(array: pa.Array) -> npt.NDArray[np.int64]:
    counts = pc.binary_length(array) if pa.types.is_large_string(array.type) else pc.list_value_length(array)
    lengths: npt.NDArray[np.int64] = pc.fill_null(counts, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def _padded(array: pa.Array, width: int) -> npt.NDArray[np.generic]:
    """Return texts padded with NUL, which ends a text in FITS."""
    texts = pc.ascii_rpad(pc.fill_null(array, ""), width=width, padding="\0")
    return np.frombuffer(_text_bytes(texts), "u1")


def _fixed(array: pa.Array, column: FitsColumn) -> npt.NDArray[np.generic]:
    if pa.types.is_fixed_size_list(array.type):
        if array.null_count:  # the elements of a null are undefined, or absent
            array = pc.if_else(array.is_valid(), array, pa.scalar([None] * column.count, array.type))
        array = array.flatten()
    return _numbers(array, column)


def _numbers(array: pa.Array, column: FitsColumn) -> npt.NDArray[np.generic]:
    dtype = BINARY_LAYOUTS[column.datatype]
    if column.datatype == "boolean":
        values = np.where(pc.fill_null(array, False).to_numpy(zero_copy_only=False), _TRUE, _FALSE).astype(dtype)
        if array.null_count:
            values[array.is_null().to_numpy(zero_copy_only=False)] = _UNKNOWN
        return values
    nulls = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    missing = float("nan") if pa.types.is_floating(array.type) else 0
    values = pc.fill_null(array, missing).to_numpy(zero_copy_only=False).astype(dtype)
    if nulls is not None and column.datatype in NULL_ELEMENTS:
        values[nulls] = NULL_ELEMENTS[column.datatype] if column.missing is None else column.missing
    numbers: npt.NDArray[np.generic] = values
    return numbers


def _text_bytes(array: pa.Array) -> bytes:
    """Return the concatenated bytes of texts; nulls have none."""
    array = pc.fill_null(array, "") if array.null_count else array
    _, offsets_buffer, data = array.buffers()
    if data is None or not len(array):
        return b""
    offsets = np.frombuffer(offsets_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    run: bytes = data.slice(int(offsets[0]), int(offsets[-1] - offsets[0])).to_pybytes()
    return run


def _list_bytes(array: pa.Array, column: FitsColumn) -> bytes:
    """Return the concatenated elements of arrays; nulls have none."""
    return _numbers(array.flatten(), column).tobytes()
