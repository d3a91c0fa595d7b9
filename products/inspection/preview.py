"""Preview of a table: its first rows as JSON values."""

import math
from collections.abc import Sequence
from datetime import date, datetime, time

import pyarrow as pa

__all__ = ["Cell", "preview_columns"]

#: A cell of a preview; arrays are lists of scalars.
_Scalar = str | int | float | bool | None
Cell = _Scalar | list[_Scalar]

_ROWS = 10
_LONGEST_TEXT = 500
_LONGEST_ARRAY = 20


def preview_columns(batches: Sequence[pa.RecordBatch]) -> dict[str, tuple[Cell, ...]]:
    """Return the first ten rows, column by column; non-finite numbers become None, long values are cut."""
    table = pa.Table.from_batches(batches).slice(0, _ROWS)
    return {name: tuple(_cell(value) for value in table[name].to_pylist()) for name in table.column_names}


def _cell(value: object) -> Cell:
    if isinstance(value, list):
        return [_scalar(item) for item in value[:_LONGEST_ARRAY]]
    return _scalar(value)


def _scalar(value: object) -> _Scalar:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)[:_LONGEST_TEXT]
