"""Reference redshifts: identifiers, positions, redshifts and magnitudes of the objects that meet the cuts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import InvalidValueError
from pipelines.crossmatch import SkyPositions
from pipelines.expressions import Expression, column_values
from pipelines.inputs.rows import RowSource
from pipelines.validation.columns import TableColumns, magnitude_column, numbers, table_columns
from pipelines.validation.configuration import ReferenceInput, ValidationParameters

__all__ = ["Reference", "met_by", "names_in", "read_reference"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Objects of known redshift.

    Parameters
    ----------
    ids, positions
        None if the table has none.
    z
        Redshifts; NaN where there is none.
    magnitude
        NaN where there is none.
    magnitude_name
        Column of the magnitudes.
    is_selected
        Which objects meet the cuts and have a redshift.
    left_out
        Number of objects that fail each cut, by its text.
    """

    label: str
    ids: pa.Array | None
    positions: SkyPositions | None
    z: NDArray[np.float64]
    magnitude: NDArray[np.float64]
    magnitude_name: str | None
    is_selected: NDArray[np.bool_]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.z)


def read_reference(rows: RowSource, entry: ReferenceInput, param: ValidationParameters, label: str) -> Reference:
    """Read the reference redshifts of a table, of the columns that are needed.

    Raises
    ------
    InvalidValueError
        The table has no redshifts, or a column that is named does not exist.
    """
    columns = table_columns(rows.schema, entry.columns, label, is_reference=True)
    if columns.z is None:
        raise InvalidValueError(f"{label} has no column of redshifts; name it.")
    name = magnitude_column(rows.schema, param.magnitude, label)
    cut = names_in(param.cuts, rows.schema.names, label, "cuts")
    named = (columns.id, columns.ra, columns.dec, columns.z, name, *cut)
    needed = list(dict.fromkeys(each for each in named if each is not None))
    schema = pa.schema([rows.schema.field(each) for each in needed])
    table = pa.Table.from_batches(rows.batches(needed), schema=schema)
    z = numbers(table.column(columns.z))
    is_selected, left_out = met_by(table, param.cuts)
    is_selected &= np.isfinite(z) & (z > -1)
    if not is_selected.any():
        raise InvalidValueError(f"No object of {label} has a redshift in '{columns.z}' and meets the cuts.")
    return Reference(
        label,
        None if columns.id is None else table.column(columns.id).combine_chunks(),
        _positions(table, columns),
        z,
        np.full(len(z), np.nan) if name is None else numbers(table.column(name)),
        name,
        is_selected,
        left_out,
    )


def met_by(table: pa.Table | pa.RecordBatch, conditions: Sequence[str]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which rows meet all conditions, and how many fail each of them first.

    Raises
    ------
    ExpressionError
        A condition compares texts with numbers.
    """
    still, left_out = np.ones(table.num_rows, dtype=np.bool_), {}
    for text in conditions:
        expression = Expression(text)
        values = {name: column_values(table.column(name), missing_is_unknown=True) for name in expression.names}
        holds = expression.holds(values, table.num_rows)
        left_out[text] = int(np.count_nonzero(still & ~holds))
        still &= holds
    return still, left_out


def names_in(conditions: Sequence[str], names: Sequence[str], label: str, field: str) -> tuple[str, ...]:
    """Return the columns that conditions name; raises InvalidValueError if the table has no such column."""
    wanted = {name: text for text in conditions for name in Expression(text).names}
    for name, text in wanted.items():
        if name not in names:
            raise InvalidValueError(f"{label} has no column '{name}', which {text!r} names.", field=field)
    return tuple(wanted)


def _positions(table: pa.Table, columns: TableColumns) -> SkyPositions | None:
    if columns.ra is None or columns.dec is None:
        return None
    return SkyPositions(numbers(table.column(columns.ra)), numbers(table.column(columns.dec)))
