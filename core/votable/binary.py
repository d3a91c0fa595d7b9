"""BINARY2 and BINARY serializations of rows (VOTable 1.4 §5.2, §5.4).

Adjacent columns of fixed width are fields of one numpy record, byte-swapped when they are stored; texts and arrays of
varying length are joined to them by Arrow. No Python object is created for a cell.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.errors import InvalidValueError
from core.votable.datatypes import BINARY_LAYOUTS, fixed_count
from core.votable.texts import NULL_ELEMENTS

__all__ = ["BinaryRows", "binary_columns"]

_TRUE, _FALSE, _UNKNOWN = b"TF?"


def binary_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns with types that BINARY, which has no mask of nulls, can hold.

    A missing integer is written as the lowest value of its type; bytes have none to spare and become shorts.
    """
    return tuple(
        replace(column, datatype="short") if column.datatype == "unsignedByte" and column.arraysize is None else column
        for column in columns
    )


@dataclass(frozen=True, slots=True)
class _Varying:
    """Concatenated values of varying length: `offsets` in bytes, `counts` in elements."""

    data: pa.Buffer
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def array(self) -> pa.Array:
        return _bytes_array(self.data, self.offsets)


class BinaryRows:
    """Encoder of rows of the given columns.

    Parameters
    ----------
    masked
        Whether each row begins with a mask of nulls, one bit for each column: BINARY2.
    """

    def __init__(self, columns: tuple[Column, ...], *, masked: bool) -> None:
        self._columns = columns
        self._mask_bytes = (len(columns) + 7) // 8 if masked else 0
        self._records = [np.dtype(fields) for fields in self._layout()]

    def encode(self, arrays: list[pa.Array], count: int) -> memoryview:
        """Encode rows whose columns are those of `canonical_arrays`."""
        records = [np.zeros(count, dtype) for dtype in self._records]
        if self._mask_bytes:
            records[0]["mask"] = self._mask(arrays, count)
        pieces: list[pa.Array] = []
        part = 0
        for number, (array, column) in enumerate(zip(arrays, self._columns, strict=True)):
            if fixed_count(column) is not None:
                records[part][f"c{number}"] = _fixed(array, column, masked=bool(self._mask_bytes))
                continue
            varying = _text(array, column) if column.is_text else _elements(array, column)
            records[part][f"c{number}"] = varying.counts
            pieces += [_record_array(records[part]), varying.array()]
            part += 1
        if not pieces:
            return memoryview(records[0].tobytes())
        if self._records[part].itemsize:
            pieces.append(_record_array(records[part]))
        rows = pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.large_binary()))
        return memoryview(rows.buffers()[2])[: pc.sum(pc.binary_length(rows)).as_py()]

    def _layout(self) -> list[list[tuple[str, str, tuple[int, ...]]]]:
        """Split the columns after each one of varying length, whose count ends the record before it."""
        records: list[list[tuple[str, str, tuple[int, ...]]]] = [[]]
        if self._mask_bytes:
            records[0].append(("mask", "u1", (self._mask_bytes,)))
        for number, column in enumerate(self._columns):
            count = fixed_count(column)
            if count is None:
                records[-1].append((f"c{number}", ">u4", ()))
                records.append([])
            else:
                shape = () if column.arraysize is None else (count,)
                records[-1].append((f"c{number}", BINARY_LAYOUTS[column.datatype], shape))
        return records

    def _mask(self, arrays: list[pa.Array], count: int) -> npt.NDArray[np.uint8]:
        mask = np.zeros((count, self._mask_bytes), np.uint8)
        for number, array in enumerate(arrays):
            if array.null_count:
                nulls = array.is_null().to_numpy(zero_copy_only=False)
                mask[:, number // 8] |= nulls.astype(np.uint8) << (7 - number % 8)
        return mask


def _fixed(array: pa.Array, column: Column, *, masked: bool) -> npt.NDArray[np.generic]:
    if column.arraysize is None:
        missing = NULL_ELEMENTS.get(column.datatype, 0)
        if not masked and missing and pc.min(array).as_py() == missing:
            raise InvalidValueError(
                f"The column {column.name} has the value {missing}, which means a missing value in the BINARY "
                "serialization. Request RESPONSEFORMAT=votable, which is BINARY2, or votable/td.",
                field="RESPONSEFORMAT",
            )
        return _numbers(array, column.datatype, 0 if masked else missing)
    count = fixed_count(column)
    lists = array
    if array.null_count:  # the elements behind a null may be anything, or not there at all
        empty = pa.scalar([None] * (count or 0), array.type)
        lists = pc.if_else(array.is_valid(), array, empty)
    values = lists.flatten()
    return _numbers(values, column.datatype, NULL_ELEMENTS.get(column.datatype, 0)).reshape(len(array), count or 0)


def _numbers(array: pa.Array, datatype: str, missing: int) -> npt.NDArray[np.generic]:
    if datatype == "boolean":
        values = np.where(pc.fill_null(array, False).to_numpy(zero_copy_only=False), _TRUE, _FALSE).astype(np.uint8)
        if array.null_count:
            values[array.is_null().to_numpy(zero_copy_only=False)] = _UNKNOWN
        return values
    if array.null_count:
        array = pc.fill_null(array, float("nan") if pa.types.is_floating(array.type) else missing)
    numbers: npt.NDArray[np.generic] = array.to_numpy(zero_copy_only=False)
    return numbers


def _text(array: pa.Array, column: Column) -> _Varying:
    if array.null_count:
        array = pc.fill_null(array, "")
    ascii_only = pc.all(pc.string_is_ascii(array)).as_py() is not False
    if column.datatype == "char" and not ascii_only:
        array = pc.replace_substring_regex(array, r"[^\x00-\x7f]", "?")  # one byte a character, and no more
    data, offsets = _run(array)
    if column.datatype == "char":
        return _Varying(data, offsets, np.diff(offsets))
    if ascii_only:
        units, positions = np.frombuffer(data, np.uint8).astype(">u2").tobytes(), offsets
    else:
        units, positions = _utf16(data, offsets)
    return _Varying(pa.py_buffer(units), positions * 2, np.diff(positions))


def _utf16(data: pa.Buffer, offsets: npt.NDArray[np.int64]) -> tuple[bytes, npt.NDArray[np.int64]]:
    """Convert UTF-8 to big-endian UTF-16, and its offsets to code units."""
    octets = np.frombuffer(data, np.uint8)
    # Each character begins with a byte that is no continuation; characters of four bytes need a surrogate pair.
    units = ((octets & 0xC0) != 0x80).astype(np.int64) + (octets >= 0xF0)
    before = np.concatenate(([0], np.cumsum(units)))
    return memoryview(data).tobytes().decode("utf-8").encode("utf-16-be"), before[offsets]


def _elements(array: pa.Array, column: Column) -> _Varying:
    lists = array
    if array.null_count:
        lists = pc.if_else(array.is_valid(), array, pa.scalar([], array.type))
    offsets = lists.offsets.to_numpy()
    values = lists.values.slice(offsets[0], offsets[-1] - offsets[0])
    dtype = np.dtype(BINARY_LAYOUTS[column.datatype])
    numbers = _numbers(values, column.datatype, NULL_ELEMENTS.get(column.datatype, 0)).astype(dtype)
    starts = offsets - offsets[0]
    return _Varying(pa.py_buffer(numbers.tobytes()), starts * dtype.itemsize, np.diff(starts))


def _run(array: pa.Array) -> tuple[pa.Buffer, npt.NDArray[np.int64]]:
    """Return the bytes of large_string values, concatenated, with offsets that begin at 0."""
    _, offsets_buffer, data = array.buffers()
    if offsets_buffer is None or not len(array):
        return pa.py_buffer(b""), np.zeros(len(array) + 1, np.int64)
    offsets = np.frombuffer(offsets_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    run = pa.py_buffer(b"") if data is None else data.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    return run, offsets - offsets[0]


def _record_array(records: npt.NDArray[np.void]) -> pa.Array:
    width = records.dtype.itemsize
    return _bytes_array(pa.py_buffer(records.view("u1")), np.arange(len(records) + 1, dtype=np.int64) * width)


def _bytes_array(data: pa.Buffer, offsets: npt.NDArray[np.int64]) -> pa.Array:
    positions = pa.py_buffer(np.ascontiguousarray(offsets, np.int64))
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, [None, positions, data])
