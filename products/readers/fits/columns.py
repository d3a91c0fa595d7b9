"""Columns of FITS tables (FITS 4.0 §7), and the conversion of their cells to Arrow arrays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.readers.arrays import array_of, masked, text_of
from products.readers.column_checks import ARRAYS_OF_ARRAYS, ARRAYS_OF_TEXTS, COMPLEX, NO_VALUES
from products.readers.errors import ColumnTypeError, DamagedFileError

__all__ = [
    "AsciiColumn",
    "BinaryColumn",
    "UnreadableColumnError",
    "binary_column",
    "cell_width",
    "dimensions_of",
    "tform_of",
]

_CODES = {"L": "u1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "A": "S"}
_COMPLEX_BYTES = {"C": 8, "M": 16}
_UNSIGNED = {("B", -128): np.int8, ("I", 2**15): np.uint16, ("J", 2**31): np.uint32, ("K", 2**63): np.uint64}
_TRUE, _FALSE = ord("T"), ord("F")


@dataclass(frozen=True, slots=True)
class BinaryColumn:
    """One column of a binary table.

    Parameters
    ----------
    code
        Type code of TFORM; for variable-length arrays that of the values in the heap.
    count
        Number of values in a cell.
    descriptor
        ``P`` or ``Q`` for variable-length arrays.
    dtype
        The numpy type of the cell in the row.
    """

    name: str
    code: str
    count: int
    descriptor: str
    dtype: np.dtype
    arrow_type: pa.DataType
    null: int | None
    scale: float
    zero: float
    meanings: Mapping[str, str] = field(default_factory=dict)

    def array(self, cells: np.ndarray, heap: np.ndarray, file_name: str) -> pa.Array:
        """Convert the cells of a slice of rows."""
        if self.descriptor:
            return self._variable(cells, heap, file_name)
        if self.code == "A":
            return text_of(cells) if self.count else pa.array([""] * len(cells), pa.string())
        if self.code == "X":
            bits = np.unpackbits(cells.reshape(len(cells), -1), axis=1)[:, : self.count].astype(bool)
            return array_of(bits if pa.types.is_nested(self.arrow_type) else bits[:, 0], self.arrow_type)
        return array_of(*self._physical(cells, self.arrow_type))

    def heap_bytes(self, cells: np.ndarray, heap: int) -> int:
        """Return the bytes of the arrays in the heap that the cells of all rows point to; several may share them.

        Parameters
        ----------
        heap
            Size of the heap; arrays that are longer are refused when they are read.
        """
        if not self.descriptor:
            return 0
        item = np.dtype("S1" if self.code == "A" else _CODES[self.code]).itemsize
        counts = cells[:, 0]
        return int(counts[(counts > 0) & (counts <= heap // item)].sum(dtype=np.float64)) * item

    def _physical(self, raw: np.ndarray, arrow_type: pa.DataType) -> tuple[np.ndarray, pa.DataType, np.ndarray | None]:
        """Apply TNULL, TSCAL and TZERO (§7.3.2)."""
        if self.code == "L":
            return raw == _TRUE, arrow_type, (raw != _TRUE) & (raw != _FALSE)
        missing = None if self.null is None or raw.dtype.kind == "f" else raw == self.null
        if missing is not None and not missing.any():
            missing = None
        unsigned = _UNSIGNED.get((self.code, int(self.zero))) if self.scale == 1 and self.zero else None
        if unsigned is not None:
            # The offset of the unsigned convention flips the highest bit, nothing else.
            bits = np.dtype(unsigned).itemsize * 8 - 1
            native = raw.astype(raw.dtype.newbyteorder("="), copy=True)
            flipped = native.view(unsigned)
            flipped ^= np.array(1 << bits, native.dtype.str.replace("i", "u")).view(unsigned)
            return flipped, arrow_type, missing
        if self.scale != 1 or self.zero != 0:
            return raw * np.float64(self.scale) + np.float64(self.zero), arrow_type, missing
        return raw, arrow_type, missing

    def _variable(self, cells: np.ndarray, heap: np.ndarray, file_name: str) -> pa.Array:
        counts = cells[:, 0].astype(np.int64)
        starts = cells[:, 1].astype(np.int64)
        item = max(1, np.dtype("S1" if self.code == "A" else _CODES[self.code]).itemsize)
        wrong = (counts < 0) | (starts < 0) | (counts > len(heap)) | (starts + counts * item > len(heap))
        wrong &= counts != 0
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0]) + 1
            raise DamagedFileError(
                f"The array in column {self.name} of {file_name} (row {row} of its block) lies outside the file: "
                "it is truncated or damaged. Send it again."
            )
        sizes = counts * item
        ends = np.cumsum(sizes)
        picked = np.repeat(starts - ends + sizes, sizes) + np.arange(ends[-1] if len(ends) else 0)
        flat = heap[picked]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        if self.code == "A":
            buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(flat.tobytes())]
            texts = pa.Array.from_buffers(pa.binary(), len(counts), buffers)
            return text_of(np.array(texts.to_pylist(), dtype=object)) if len(texts) else texts.cast(pa.string())
        values = array_of(*self._physical(flat.view(_CODES[self.code]), self.arrow_type.value_type))
        return pa.ListArray.from_arrays(pa.array(offsets), values)


@dataclass(frozen=True, slots=True)
class AsciiColumn:
    """One column of an ASCII table (§7.2)."""

    name: str
    code: str
    dtype: np.dtype
    arrow_type: pa.DataType
    null: str | None
    scale: float
    zero: float
    meanings: Mapping[str, str] = field(default_factory=dict)

    def array(self, cells: np.ndarray, _heap: np.ndarray, file_name: str) -> pa.Array:
        """Convert the cells of a slice of rows."""
        texts = text_of(cells)
        if self.code == "A":
            return texts
        texts = pc.utf8_trim_whitespace(texts)
        missing = pc.equal(texts, "")
        if self.null is not None:
            missing = pc.or_(missing, pc.equal(texts, self.null))
        numbers = pc.replace_substring_regex(masked(texts, missing), "[dD]", "E")
        try:
            values = pc.replace_substring_regex(numbers, r"^\+", "").cast(self.arrow_type)
        except pa.ArrowInvalid as e:
            raise ColumnTypeError(
                f"A cell of the column {self.name} of {file_name} is not a number, though the header declares one. "
                "Correct it and send the file again."
            ) from e
        if self.scale == 1 and self.zero == 0:
            return values
        return pc.add(pc.multiply(values.cast(pa.float64()), self.scale), self.zero)


class UnreadableColumnError(Exception):
    """A column of a type that no column of a table holds; the reason stands in the note about it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def binary_column(
    name: str, words: Mapping[str, Any], meanings: Mapping[str, str], stacked: int | None = None
) -> BinaryColumn:
    """Return a column of a binary table from its header keywords, given without their number.

    Parameters
    ----------
    stacked
        Number of rows of a column-oriented table, whose cell holds the whole column.

    Raises
    ------
    UnreadableColumnError
        For complex numbers, arrays of arrays and of texts, and arrays without values.
    """
    count, code, descriptor = tform_of(str(words["TFORM"]))
    sizes = dimensions_of(str(words.get("TDIM", "")))
    if stacked is not None:
        if descriptor or code == "X" or count % stacked:
            raise UnreadableColumnError("stored by column in a way that is not read")
        count //= stacked
        sizes = sizes[:-1]
    _check_type(code, count, descriptor, sizes)
    scale, zero = float(words.get("TSCAL", 1)), float(words.get("TZERO", 0))
    null = words.get("TNULL")
    scalar = _scalar_type(code, scale, zero)
    arrow_type = scalar
    if code != "A":
        if descriptor:
            arrow_type = pa.list_(scalar)
        elif count != 1:
            arrow_type = pa.list_(scalar, count)
    return BinaryColumn(
        name, code, count, descriptor, _cell_dtype(count, code, descriptor), arrow_type,
        int(null) if isinstance(null, int) and code in "BIJK" else None, scale, zero, meanings,
    )  # fmt: skip


def _check_type(code: str, count: int, descriptor: str, sizes: list[int]) -> None:
    if code in {"C", "M"}:
        raise UnreadableColumnError(COMPLEX)
    if code not in _CODES:
        raise UnreadableColumnError(f"TFORM code {code}")
    if count == 0 and (descriptor or code != "A"):
        raise UnreadableColumnError(NO_VALUES)
    # Sizes of 1 add no dimension; the first size of a text is its number of characters.
    if code == "A":
        sizes = sizes[1:]
    several = [size for size in sizes if size != 1]
    if code == "A" and several:
        raise UnreadableColumnError(ARRAYS_OF_TEXTS)
    if len(several) > 1 and (count > 1 or descriptor):
        raise UnreadableColumnError(ARRAYS_OF_ARRAYS)


def cell_width(tform: str) -> int:
    """Return the bytes of a cell in its row.

    Raises
    ------
    TypeError
        The type is none of the standard.
    """
    count, code, descriptor = tform_of(tform)
    if descriptor:
        return count * (8 if descriptor == "P" else 16)
    if code == "X":
        return (count + 7) // 8
    if code == "A":
        return count
    if code in _COMPLEX_BYTES:
        return count * _COMPLEX_BYTES[code]
    if code not in _CODES:
        raise TypeError(f"TFORM {tform} has no type of the standard")
    return count * np.dtype(_CODES[code]).itemsize


def dimensions_of(tdim: str) -> list[int]:
    """Return the sizes in TDIM; none when it is missing or not valid."""
    found = re.fullmatch(r"\s*\(\s*(\d+(?:\s*,\s*\d+)*)\s*\)\s*", tdim)
    return [int(size) for size in found[1].split(",")] if found else []


def tform_of(tform: str) -> tuple[int, str, str]:
    """Take TFORM apart: number of values, letter of their type, and ``P`` or ``Q`` for arrays in the heap."""
    digits = tform.strip()
    letters = digits.lstrip("0123456789")
    number = digits[: len(digits) - len(letters)]
    count = int(number) if number else 1
    if not letters:
        raise TypeError(f"TFORM {tform} has no type")
    if letters[0] in "PQ":
        if len(letters) < 2:
            raise TypeError(f"TFORM {tform} has no type")
        return count, letters[1], letters[0]
    return count, letters[0], ""


def _scalar_type(code: str, scale: float, zero: float) -> pa.DataType:
    if code == "A":
        return pa.string()
    if code in "LX":
        return pa.bool_()
    if scale == 1 and zero and (code, int(zero)) in _UNSIGNED:
        return pa.from_numpy_dtype(np.dtype(_UNSIGNED[code, int(zero)]))
    if scale != 1 or zero != 0:
        return pa.float64()
    return pa.from_numpy_dtype(np.dtype(_CODES[code]).newbyteorder("="))


def _cell_dtype(count: int, code: str, descriptor: str) -> np.dtype:
    if descriptor:
        return np.dtype((">i4" if descriptor == "P" else ">i8", (2 * count,)))
    if code == "A":
        return np.dtype(f"S{count}")
    if code == "X":
        return np.dtype(("u1", ((count + 7) // 8,)))
    return np.dtype(_CODES[code]) if count == 1 else np.dtype((_CODES[code], (count,)))
