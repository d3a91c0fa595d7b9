"""Conversion of VOTable cells to Arrow arrays: texts of TABLEDATA, and bytes of BINARY and BINARY2 (VOTable 1.5 §5)."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.readers.arrays import array_of, masked, text_of
from products.readers.votable.document import VotableField

__all__ = [
    "array_of_bytes",
    "array_of_texts",
    "arrow_type_of_field",
    "cell_bytes",
    "fixed_length",
    "item_bytes",
]

_NUMBERS = {
    "boolean": pa.bool_(),
    "bit": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}
_ITEM = {"boolean": "u1", "unsignedByte": "u1", "short": ">i2", "int": ">i4", "long": ">i8", "float": ">f4",
         "double": ">f8", "char": "S1", "unicodeChar": ">u2", "bit": "u1"}  # fmt: skip
_Count = TypeVar("_Count", int, np.ndarray)
_TRUE = ("T", "t", "true", "True", "TRUE", "1")
_FALSE = ("F", "f", "false", "False", "FALSE", "0")


def arrow_type_of_field(column: VotableField) -> pa.DataType:
    """Return the Arrow type of a FIELD.

    Raises
    ------
    TypeError
        For complex numbers, arrays of arrays, arrays of texts and unknown types.
    """
    size = (column.arraysize or "").strip()
    if "x" in size:
        raise TypeError(f"no column holds an array of size {size}")
    if column.datatype in {"char", "unicodeChar"}:
        return pa.string()
    if column.datatype not in _NUMBERS:
        raise TypeError(f"no column holds {column.datatype}")
    number = _NUMBERS[column.datatype]
    if not size or (size == "1" and column.datatype != "bit"):
        return number
    return pa.list_(number, int(size)) if size.isdigit() and int(size) else pa.list_(number)


def fixed_length(column: VotableField) -> int | None:
    """Return the number of items of every cell, or None when it varies."""
    size = (column.arraysize or "1").strip()
    return int(size) if size.isdigit() else None


def cell_bytes(column: VotableField, items: _Count) -> _Count:
    """Return the bytes of a cell with so many items in the binary serializations; bits are packed."""
    return (items + 7) // 8 if column.datatype == "bit" else items * item_bytes(column)


def item_bytes(column: VotableField) -> int:
    """Return the bytes of one item in the binary serializations."""
    return np.dtype(_ITEM[column.datatype]).itemsize


def array_of_texts(texts: Sequence[str], column: VotableField, arrow_type: pa.DataType) -> pa.Array:
    """Convert the cells of one column of TABLEDATA; empty ones are null, except texts.

    Raises
    ------
    pyarrow.ArrowInvalid
        A cell is not of the column's type.
    """
    values = pa.array(texts, pa.string())
    if pa.types.is_string(arrow_type):
        return _without(values, column.null)
    values = _without(pc.utf8_trim_whitespace(values), "")
    if not (pa.types.is_fixed_size_list(arrow_type) or pa.types.is_list(arrow_type)):
        return _parsed(_without(values, column.null), arrow_type)
    if column.datatype == "bit":  # flags are adjacent, with or without blanks between them
        values = pc.utf8_trim_whitespace(pc.replace_substring_regex(values, "([01])", r"\1 "))
    lists = pc.utf8_split_whitespace(values)
    # A null among the lists takes no items, so that the offsets of the parsed items stay those of the texts.
    items = _parsed(_without(lists.flatten(), column.null), arrow_type.value_type)
    offsets = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())]).astype(np.int32)
    plain = pa.ListArray.from_arrays(pa.array(offsets), items, mask=lists.is_null())
    return plain.cast(arrow_type)


def array_of_bytes(
    items: np.ndarray,
    lengths: np.ndarray | None,
    column: VotableField,
    arrow_type: pa.DataType,
    nulls: np.ndarray | None,
) -> pa.Array:
    """Convert the cells of one column of a binary serialization.

    Parameters
    ----------
    items
        Bytes: shape ``(rows, bytes of a cell)`` when all cells have one length, else those of all cells in one row.
    lengths
        For cells of differing lengths, the number of items of each.
    nulls
        The null flags of BINARY2.
    """
    if column.datatype in {"char", "unicodeChar"}:
        return masked(_texts_of_bytes(items, lengths, column), nulls)
    if lengths is None and fixed_length(column) == 0:
        return masked(pa.array([[]] * len(items), arrow_type), nulls)
    if column.datatype == "bit" and lengths is not None:
        values = _packed_flags(items, lengths)
    else:
        values = _values_of_bytes(items, column)
    item_type = arrow_type.value_type if pa.types.is_nested(arrow_type) else arrow_type
    missing = _missing(items, values, column)
    if lengths is None:
        if not pa.types.is_nested(arrow_type):
            values = values.reshape(-1)
            missing = None if missing is None else missing.reshape(-1)
        return masked(array_of(values, arrow_type, missing), nulls)
    flat = array_of(values.reshape(-1), item_type, None if missing is None else missing.reshape(-1))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return masked(pa.ListArray.from_arrays(offsets, flat), nulls)


def _without(values: pa.Array, null: str | None) -> pa.Array:
    return values if null is None else pc.if_else(pc.equal(values, null), pa.scalar(None, pa.string()), values)


def _parsed(values: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    if not pa.types.is_boolean(arrow_type):
        return values.cast(arrow_type)
    true = pc.is_in(values, pa.array(_TRUE))
    known = pc.or_(true, pc.is_in(values, pa.array(_FALSE)))
    return pc.if_else(known, true, pa.scalar(None, pa.bool_()))


def _values_of_bytes(items: np.ndarray, column: VotableField) -> np.ndarray:
    if column.datatype == "boolean":
        return np.isin(items, np.frombuffer(b"Tt1", np.uint8))
    if column.datatype == "bit" and not column.arraysize:
        flags: np.ndarray = items != 0
        return flags  # one bit is written as 0x80 by the standard, as 0x08 by astropy
    if column.datatype == "bit":
        return np.unpackbits(items, axis=-1)[..., : fixed_length(column) or items.shape[-1] * 8].astype(bool)
    values: np.ndarray = items.view(_ITEM[column.datatype])
    return values


def _packed_flags(items: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the flags of cells of differing lengths, each of which begins with a byte of its own."""
    size = (lengths + 7) // 8
    starts = 8 * (np.cumsum(size) - size)
    places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    flags: np.ndarray = np.unpackbits(items.reshape(-1))[places].astype(bool)
    return flags


def _missing(items: np.ndarray, values: np.ndarray, column: VotableField) -> np.ndarray | None:
    if column.datatype == "boolean":
        return np.isin(items, np.frombuffer(b"?\x00 ", np.uint8))
    if column.null is not None and values.dtype.kind in "iu":
        equal: np.ndarray = values == int(column.null, 0)
        return equal
    return None


def _texts_of_bytes(items: np.ndarray, lengths: np.ndarray | None, column: VotableField) -> pa.Array:
    width = item_bytes(column)
    if lengths is None:
        if not items.shape[1]:
            return pa.array([""] * len(items), pa.string())
        if width == 1:
            return text_of(np.ascontiguousarray(items).view(f"S{items.shape[1]}").reshape(-1))
        return pa.array([row.tobytes().decode("utf-16-be", "replace").rstrip("\x00 ") for row in items], pa.string())
    ends = np.cumsum(lengths) * width
    if width == 2:
        raw = items.tobytes()
        starts = ends - lengths * width
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        return pa.array([raw[a:b].decode("utf-16-be", "replace") for a, b in pairs], pa.string())
    offsets = pa.py_buffer(np.concatenate([[0], ends]).astype(np.int32).tobytes())
    texts = pa.Array.from_buffers(pa.binary(), len(lengths), [None, offsets, pa.py_buffer(items.tobytes())])
    try:
        return texts.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([text.decode("latin-1") for text in texts.to_pylist()], pa.string())
