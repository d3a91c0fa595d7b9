"""Checks that columns exist and are numeric."""

import difflib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidValueError

__all__ = ["numbers_of", "require_columns"]

_HOURS = frozenset({"h", "hr", "hour", "hours", "hourangle", '"h:m:s"', "h:m:s"})


def require_columns(available: Sequence[str], needed: Sequence[str], catalogue: str, field: str) -> None:
    """Check that a catalogue has columns; the error lists those that it has.

    Raises
    ------
    InvalidValueError
        When a column is missing.
    """
    for name in needed:
        if name not in available:
            close = difflib.get_close_matches(name, available, n=3, cutoff=0.4)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"It has {', '.join(list(available)[:12])}."
            raise InvalidValueError(f"The {catalogue} has no column '{name}'. {hint}", field=field)


def numbers_of(table: pa.Table | pa.RecordBatch, name: str, catalogue: str) -> npt.NDArray[np.float64]:
    """Return the numbers of a column; missing ones are NaN.

    Raises
    ------
    InvalidValueError
        The column is not numeric, or its unit is not degrees.
    """
    field = table.schema.field(name)
    unit = (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace").strip().lower()
    if unit in _HOURS:
        raise InvalidValueError(
            f"The column '{name}' of the {catalogue} has the unit '{unit}'. Positions must be in degrees: multiply "
            "right ascensions in hours by 15."
        )
    column = table.column(name)
    if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)):
        # A column without any value has no type of its own.
        if pa.types.is_null(field.type):
            return np.full(len(column), np.nan)
        examples = ", ".join(repr(str(value)) for value in pc.drop_null(column).slice(0, 3).to_pylist())
        raise InvalidValueError(
            f"The column '{name}' of the {catalogue} must hold numbers, but it is of type {field.type}"
            + (f": {examples}." if examples else ".")
            + " Convert it, positions to decimal degrees, and try again."
        )
    filled = pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan)
    values: npt.NDArray[np.float64] = (
        filled.to_numpy() if isinstance(filled, pa.ChunkedArray) else filled.to_numpy(zero_copy_only=False)
    )
    return values
