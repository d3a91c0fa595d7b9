"""Positions and redshifts of the redshift catalogue, checked before the object catalogue is read."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.training.configuration import RedshiftColumns
from pipelines.training.number_columns import numbers_of, require_columns

__all__ = ["Redshifts", "hours_hint", "read_redshifts"]

_CATALOGUE = "redshift catalogue"


@dataclass(frozen=True, slots=True)
class Redshifts:
    """Positions in degrees and redshifts of all rows; NaN where missing."""

    table: pa.Table
    ra: npt.NDArray[np.float64]
    dec: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]

    @property
    def placed(self) -> npt.NDArray[np.bool_]:
        """Whether each row has a position."""
        there: npt.NDArray[np.bool_] = np.isfinite(self.ra) & np.isfinite(self.dec)
        return there


def read_redshifts(table: pa.Table, columns: RedshiftColumns) -> Redshifts:
    """Check a redshift catalogue.

    Raises
    ------
    InvalidValueError
        When it has no rows, lacks a column, or positions or redshifts are no numbers or out of range.
    """
    if not table.num_rows:
        raise InvalidValueError("The redshift catalogue has no rows. Choose another one.", field="inputs.specz")
    named = [columns.ra, columns.dec, columns.z]
    others = [columns.id, columns.z_flag, columns.z_err, columns.survey, columns.instrument_type]
    needed = [*named, *(name for name in others if name)]
    require_columns(table.column_names, needed, _CATALOGUE, "inputs.specz.columns")
    ra, dec, z = (numbers_of(table, name, _CATALOGUE) for name in named)
    _refuse_beyond(ra, columns.ra, -180, 360)
    _refuse_beyond(dec, columns.dec, -90, 90)
    read = Redshifts(table, ra, dec, z)
    if not read.placed.any():
        raise InvalidValueError(
            f"No row of the redshift catalogue has a position in the columns '{columns.ra}' and '{columns.dec}'.",
            field="inputs.specz.columns",
        )
    return read


def hours_hint(ra: npt.NDArray[np.float64]) -> str:
    """Return a hint if right ascensions look like hours, otherwise an empty text."""
    there = ra[np.isfinite(ra)]
    if not len(there) or there.min() < 0 or there.max() > 24:
        return ""
    return (
        f"All right ascensions of the redshift catalogue lie between {there.min():.3f} and {there.max():.3f}: if they "
        "are in hours, multiply them by 15."
    )


def _refuse_beyond(values: npt.NDArray[np.float64], name: str, low: float, high: float) -> None:
    beyond = np.flatnonzero((values < low) | (values > high))
    if len(beyond):
        examples = ", ".join(f"{values[row]:g} in row {row + 1}" for row in beyond[:5])
        raise InvalidValueError(
            f"The column '{name}' of the redshift catalogue must lie between {low:g} and {high:g} degrees, but "
            f"{len(beyond)} rows do not: {examples}. Correct or leave out these rows.",
            field="inputs.specz.columns",
        )
