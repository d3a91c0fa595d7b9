"""Checks of the columns of a table file: their names, their number, and the types that can be read."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from core.columns import Column, votable_type_of
from core.errors import TooLargeError
from products.readers.errors import ColumnNameError, ColumnTypeError, EmptyTableError, listed
from products.readers.limits import ReadLimits

__all__ = [
    "ARRAYS_OF_ARRAYS",
    "ARRAYS_OF_TEXTS",
    "COMPLEX",
    "NO_VALUES",
    "checked_names",
    "described_field",
    "left_out_notes",
    "readable_schema",
    "unreadable_reason",
]

#: Reasons why columns are left out of a table.
COMPLEX = "complex numbers"
ARRAYS_OF_ARRAYS = "arrays of arrays"
ARRAYS_OF_TEXTS = "arrays of texts"
NO_VALUES = "arrays without values"


def described_field(
    name: str, arrow_type: pa.DataType, *, unit: str | None = None, ucd: str | None = None, **others: str | None
) -> pa.Field:
    """Return an Arrow field with a column's metadata and the VOTable datatype that corresponds to its Arrow type.

    Raises
    ------
    TypeError
        For types that VOTable columns cannot have.
    """
    datatype, arraysize, xtype = votable_type_of(arrow_type)
    xtype = others.pop("xtype", None) or xtype
    column = Column(name, datatype, arraysize, xtype=xtype, unit=unit or None, ucd=ucd or None, **others)
    keys = ("datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description", "frame", "density")
    return pa.field(name, arrow_type, metadata={key: value for key in keys if (value := getattr(column, key))})


def checked_names(name: str, names: Sequence[str], limits: ReadLimits) -> None:
    """Raise when a table has too many columns, or names that are empty or repeated.

    Readers whose libraries cannot handle such names call this before they use the library.

    Raises
    ------
    EmptyTableError, TooLargeError, ColumnNameError
        With the names in question.
    """
    if not names:
        raise EmptyTableError(f"No columns were found in {name}. Send a table with named columns and rows.")
    if len(names) > limits.max_columns:
        raise TooLargeError(
            f"{name} has {len(names)} columns; at most {limits.max_columns} are allowed. "
            "Leave out those that are not needed."
        )
    if unnamed := [str(number) for number, column in enumerate(names, 1) if not column.strip()]:
        raise ColumnNameError(
            f"{_numbered(unnamed)} without a name in {name}. Name every column; if it is the row index "
            "that pandas writes, save with index=False."
        )
    repeated = [column for column, count in Counter(names).items() if count > 1]
    if repeated:
        raise ColumnNameError(
            f"{name} has more than one column called {listed(repeated)}. Give each column a name of its own."
        )


def readable_schema(
    name: str, schema: pa.Schema, left_out: Mapping[str, str], limits: ReadLimits
) -> tuple[pa.Schema, dict[str, str]]:
    """Return the columns of a table that can be read, and those that cannot, each with the reason.

    Parameters
    ----------
    left_out
        Columns that the reader of the format has left out already.

    Raises
    ------
    ColumnTypeError
        No column can be read.
    EmptyTableError, TooLargeError, ColumnNameError
        As `checked_names`.
    """
    checked_names(name, [*schema.names, *left_out], limits)
    reasons = {field.name: reason for field in schema if (reason := unreadable_reason(field.type))}
    kept = pa.schema([field for field in schema if field.name not in reasons]) if reasons else schema
    reasons = {**left_out, **reasons}
    if not len(kept):
        raise ColumnTypeError(
            f"{name} has no column that can be read: {_reasons(reasons)}. Only numbers, text, times and arrays of "
            "numbers can be: split these columns, or save them in another way."
        )
    return kept, reasons


def left_out_notes(reasons: Mapping[str, str]) -> list[str]:
    """Return the note about the columns that were left out of a table, if there are any."""
    if not reasons:
        return []
    return [f"{'Column' if len(reasons) == 1 else 'Columns'} left out of the table: {_reasons(reasons)}."]


def unreadable_reason(arrow_type: pa.DataType) -> str | None:
    """Return the reason why a column of an Arrow type cannot be read, or None."""
    kinds = pa.types
    if kinds.is_fixed_size_list(arrow_type) and arrow_type.list_size == 0:
        return NO_VALUES
    try:
        votable_type_of(arrow_type)
    except TypeError:
        pass
    else:
        return None
    if kinds.is_list(arrow_type) or kinds.is_large_list(arrow_type) or kinds.is_fixed_size_list(arrow_type):
        item = arrow_type.value_type
        if kinds.is_string(item) or kinds.is_large_string(item):
            return ARRAYS_OF_TEXTS
        return "arrays of records" if kinds.is_struct(item) or kinds.is_map(item) else _array_reason(item)
    return "records" if kinds.is_struct(arrow_type) or kinds.is_map(arrow_type) else f"the type {arrow_type}"


def _array_reason(item: pa.DataType) -> str:
    return ARRAYS_OF_ARRAYS if pa.types.is_nested(item) else f"arrays of the type {item}"


def _reasons(reasons: Mapping[str, str]) -> str:
    columns: dict[str, list[str]] = {}
    for column, reason in reasons.items():
        columns.setdefault(reason, []).append(column)
    return "; ".join(f"{listed(names)} ({reason})" for reason, names in columns.items())


def _numbered(numbers: Sequence[str]) -> str:
    return f"Column {numbers[0]} is" if len(numbers) == 1 else f"Columns {listed(numbers)} are"
