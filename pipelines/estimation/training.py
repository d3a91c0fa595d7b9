"""Training set: magnitudes and redshifts of the objects that an estimator learns from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import InvalidValueError
from pipelines.estimation.bands import Photometry, find_photometry, named_photometry
from pipelines.estimation.configuration import EstimationColumns, EstimationInput, EstimationParameters
from pipelines.estimation.features import Magnitudes, magnitudes_of
from pipelines.inputs.rows import RowSource
from pipelines.validation.columns import TableColumns, numbers, table_columns
from pipelines.validation.configuration import ValidationColumns
from pipelines.validation.reference import met_by, names_in

__all__ = ["IS_TRAINING", "TrainingSet", "read_training", "thing_columns"]

#: Column of results of the Training Set Maker: 1 for rows that are trained on, 0 for those of the validation.
IS_TRAINING = "is_training_set"
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The objects that are trained on.

    Parameters
    ----------
    label
        Name of the table, for sentences.
    photometry
        Their columns of magnitudes and errors.
    redshift
        Their column of redshifts.
    rows
        Rows of the whole table.
    left_out
        Rows that were left out, by the reason.
    has_split
        Whether a column tells which rows are for training and which for validation.
    """

    label: str
    photometry: Photometry
    redshift: str
    magnitudes: Magnitudes
    redshifts: NDArray[np.float64]
    rows: int
    left_out: Mapping[str, int]
    has_split: bool

    def __len__(self) -> int:
        return len(self.redshifts)

    def table(self) -> pa.Table:
        """Return the objects as a table: the model of estimators that compare with them."""
        names, arrays = list(self.photometry.magnitudes), list(self.magnitudes.values.T)
        if self.magnitudes.errors is not None:
            names += self.photometry.errors
            arrays += list(self.magnitudes.errors.T)
        columns = {name: pa.array(values, from_pandas=True) for name, values in zip(names, arrays, strict=True)}
        return pa.table({**columns, self.redshift: pa.array(self.redshifts)})


def read_training(rows: RowSource, entry: EstimationInput, param: EstimationParameters, label: str) -> TrainingSet:
    """Read the training set, of the columns that are needed.

    Raises
    ------
    InvalidValueError
        The table has no redshifts or no magnitudes, a column that is named does not exist, or fewer than two objects
        are left.
    """
    columns = thing_columns(rows.schema, entry.columns, label, is_reference=True)
    if columns.z is None:
        raise InvalidValueError(f"{label} has no column of redshifts; name it.", field="inputs")
    photometry = _photometry(rows.schema, param, label)
    flagged = [IS_TRAINING] if IS_TRAINING in rows.schema.names and param.training_rows == "training" else []
    cut = names_in(param.cuts, rows.schema.names, label, "cuts")
    needed = list(dict.fromkeys((columns.z, *photometry.names, *flagged, *cut)))
    schema = pa.schema([rows.schema.field(each) for each in needed])
    table = pa.Table.from_batches(rows.batches(needed), schema=schema)
    magnitudes, redshifts = magnitudes_of(table, photometry), numbers(table.column(columns.z))
    kept, left_out = met_by(table, param.cuts)
    for reason, holds in _conditions(table, flagged, magnitudes, redshifts, param):
        left_out[reason] = int(np.count_nonzero(kept & ~holds))
        kept &= holds
    if np.count_nonzero(kept) < _FEWEST:
        raise InvalidValueError(
            f"{int(np.count_nonzero(kept))} of {table.num_rows} rows of {label} can be trained on; left out are "
            f"{', '.join(f'{count} ({reason})' for reason, count in left_out.items() if count)}."
        )
    errors = None if magnitudes.errors is None else magnitudes.errors[kept]
    return TrainingSet(
        label, photometry, columns.z, Magnitudes(magnitudes.values[kept], errors), redshifts[kept], table.num_rows,
        {reason: count for reason, count in left_out.items() if count}, IS_TRAINING in rows.schema.names,
    )  # fmt: skip


def thing_columns(schema: pa.Schema, chosen: EstimationColumns, label: str, *, is_reference: bool) -> TableColumns:
    """Return the columns of identifiers, positions and redshifts: those that were chosen, else found by their names."""
    return table_columns(schema, ValidationColumns(**chosen.model_dump()), label, is_reference=is_reference)


def _photometry(schema: pa.Schema, param: EstimationParameters, label: str) -> Photometry:
    if param.magnitudes:
        return named_photometry(schema, param.magnitudes, param.errors, label)
    found = find_photometry(schema, label)
    return named_photometry(schema, found.magnitudes, param.errors, label) if param.errors else found


def _conditions(
    table: pa.Table, flagged: list[str], magnitudes: Magnitudes, redshifts: NDArray[np.float64],
    param: EstimationParameters,
) -> Iterator[tuple[str, NDArray[np.bool_]]]:  # fmt: skip
    """Yield what each row must meet to be trained on, with the reason for which others are left out."""
    if flagged:
        yield "for validation", numbers(table.column(IS_TRAINING)) == 1
    first, last, _ = param.grid
    yield "no redshift on the grid", (redshifts >= first) & (redshifts <= last)
    yield "no magnitude", magnitudes.is_observed
