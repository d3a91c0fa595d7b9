"""VOTable types of the columns of Arrow batches (VOTable 1.4 §2.1), and conversion of batches to these types.

The declared type of a column (by its author, or by the service for an expression) is used when it holds the values of
the query engine; otherwise the type of the engine is used, so that FIELD and bytes always agree.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import ARROW_TYPES, Column, votable_type_of
from core.errors import InvalidValueError

__all__ = ["BINARY_LAYOUTS", "arrow_type_of", "canonical_arrays", "fixed_count", "votable_columns"]

#: For each datatype, the datatypes all of whose values it can hold.
_HOLDS = {
    "boolean": {"boolean"},
    "unsignedByte": {"boolean", "unsignedByte"},
    "short": {"boolean", "unsignedByte", "short"},
    "int": {"boolean", "unsignedByte", "short", "int"},
    "long": {"boolean", "unsignedByte", "short", "int", "long"},
    "float": {"unsignedByte", "short", "float"},
    "double": {"unsignedByte", "short", "int", "float", "double"},
    "char": {"char", "unicodeChar"},
    "unicodeChar": {"char", "unicodeChar"},
}
_ARROW = {**ARROW_TYPES, "char": pa.large_string(), "unicodeChar": pa.large_string()}

#: Layout of one value in the binary serializations, and in FITS: big-endian (VOTable 1.4 §5.2, FITS 4.0 §5).
BINARY_LAYOUTS = {
    "boolean": "u1",
    "unsignedByte": "u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}


def votable_columns(columns: Iterable[Column], arrow_schema: pa.Schema) -> tuple[Column, ...]:
    """Refine declared columns by the types of the rows.

    Raises
    ------
    core.errors.InvalidValueError
        For a column of a type that no VOTable holds: a struct, a map, an interval, bytes.
    """
    return tuple(_refined(column, field.type) for column, field in zip(columns, arrow_schema, strict=True))


def canonical_arrays(batch: pa.RecordBatch, columns: Iterable[Column]) -> list[pa.Array]:
    """Convert the columns of a batch to the Arrow type of each VOTable type; text is large_string.

    Raises
    ------
    core.errors.InvalidValueError
        When a value does not fit, such as a sum beyond 64 bits.
    """
    return [_canonical(array, column) for array, column in zip(batch.columns, columns, strict=True)]


def arrow_type_of(column: Column) -> pa.DataType:
    """Return the Arrow type to which `canonical_arrays` converts a column."""
    scalar = _ARROW[column.datatype]
    if column.is_text or column.arraysize is None:
        return scalar
    count = fixed_count(column)
    return pa.large_list(scalar) if count is None else pa.list_(scalar, count)


def fixed_count(column: Column) -> int | None:
    """Return the number of elements of each value of an array column; None when values differ in length."""
    if column.arraysize is None:
        return 1
    if column.is_text or "*" in column.arraysize:
        return None
    return math.prod(int(size) for size in column.arraysize.split("x"))


def _refined(column: Column, arrow_type: pa.DataType) -> Column:
    try:
        datatype, arraysize, xtype = votable_type_of(arrow_type)
    except TypeError as e:
        message = f"The column {column.name} has values of a type that no VOTable holds ({arrow_type})."
        raise InvalidValueError(f"{message} Select its parts, or leave it out.") from e
    if pa.types.is_decimal(arrow_type) and arrow_type.scale == 0 and column.datatype != "double":
        datatype = "long"  # sums of integers arrive as 128-bit integers
    if column.is_text and datatype in {"char", "unicodeChar"}:
        kept = column.arraysize if column.arraysize and "*" in column.arraysize else "*"
        narrow = "char" if xtype == "timestamp" else column.datatype
        return replace(column, datatype=narrow, arraysize=kept, xtype=column.xtype or xtype)
    same_shape = (column.arraysize is None) == (arraysize is None)
    if same_shape and datatype in _HOLDS[column.datatype]:
        return column
    # Decimals and the like are still what the author meant by a number; a point that became text is not a point.
    kept_xtype = column.xtype if same_shape and column.is_text == (datatype in {"char", "unicodeChar"}) else xtype
    return replace(column, datatype=datatype, arraysize=arraysize, xtype=kept_xtype)


def _canonical(array: pa.Array, column: Column) -> pa.Array:
    wanted = arrow_type_of(column)
    if array.type == wanted:
        return array
    if pa.types.is_fixed_size_list(wanted) and array.null_count == len(array):
        # Arrow's cast reads the items of lists that have none, where there is no memory: that ends the process.
        return pa.nulls(len(array), wanted)
    try:
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if column.is_text and pa.types.is_temporal(array.type):
            return _iso_texts(array)
        return array.cast(wanted)
    except pa.ArrowException as e:
        type_name = f"{column.datatype}[{column.arraysize}]" if column.arraysize else column.datatype
        raise InvalidValueError(f"The column {column.name} has a value that does not fit its type {type_name}.") from e


def _iso_texts(array: pa.Array) -> pa.Array:
    """Format timestamps as DALI 1.1 §3.3.3 requires (with T, in UTC without a zone), and times of day like them.

    Fractions of a second have no trailing zeros.
    """
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        array = array.cast(pa.timestamp(array.type.unit))
    texts = array.cast(pa.large_string())
    if pa.types.is_date(array.type):
        return texts
    if pa.types.is_timestamp(array.type):
        texts = pc.replace_substring(texts, " ", "T")
    return texts if array.type.unit == "s" else pc.replace_substring_regex(texts, r"\.?0*$", "")
