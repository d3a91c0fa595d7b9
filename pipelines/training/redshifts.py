"""Positions and redshifts of the redshift catalogue, checked before the object catalogue is read."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.inputs.positions import InputPositions, input_positions
from pipelines.training.configuration import RedshiftColumns
from pipelines.training.number_columns import numbers_of, require_columns

__all__ = ["Redshifts", "hours_hint", "read_redshifts"]

_CATALOGUE = "redshift catalogue"


@dataclass(frozen=True, slots=True)
class Redshifts:
    """Positions in degrees and redshifts of all rows; NaN where missing, and positions also where they are none."""

    table: pa.Table
    ra: npt.NDArray[np.float64]
    dec: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]
    positions: InputPositions

    @property
    def placed(self) -> npt.NDArray[np.bool_]:
        """Whether each row has a position."""
        return self.positions.placed


def read_redshifts(table: pa.Table, columns: RedshiftColumns) -> Redshifts:
    """Check a redshift catalogue.

    Raises
    ------
    InvalidValueError
        When it has no rows, lacks a column, positions or redshifts are no numbers, or hardly a row has a position.
    """
    if not table.num_rows:
        raise InvalidValueError("The redshift catalogue has no rows. Choose another one.", field="inputs.specz")
    named = [columns.ra, columns.dec, columns.z]
    others = [columns.id, columns.z_flag, columns.z_err, columns.survey, columns.instrument_type]
    needed = [*named, *(name for name in others if name)]
    require_columns(table.column_names, needed, _CATALOGUE, "inputs.specz.columns")
    ra, dec, z = (numbers_of(table, name, _CATALOGUE) for name in named)
    positions = input_positions(ra, dec)
    if positions.totals.are_wrong:
        raise InvalidValueError(
            f"The columns '{columns.ra}' and '{columns.dec}' of the redshift catalogue hardly hold positions in "
            f"degrees. {positions.totals.sentence} Choose other columns, or correct the file.",
            field="inputs.specz.columns",
        )
    placed = positions.placed
    return Redshifts(table, np.where(placed, ra, np.nan), np.where(placed, dec, np.nan), z, positions)


def hours_hint(ra: npt.NDArray[np.float64]) -> str:
    """Return a hint if right ascensions look like hours, otherwise an empty text."""
    there = ra[np.isfinite(ra)]
    if not len(there) or there.min() < 0 or there.max() > 24:
        return ""
    return (
        f"All right ascensions of the redshift catalogue lie between {there.min():.3f} and {there.max():.3f}: if they "
        "are in hours, multiply them by 15."
    )
