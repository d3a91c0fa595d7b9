"""Validation of one file of estimates against another of reference redshifts, without a server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InvalidValueError
from pipelines.inputs.rows import open_file_rows
from pipelines.validation.configuration import (
    EstimatesInput,
    ReferenceInput,
    ValidationColumns,
    ValidationParameters,
)
from pipelines.validation.metrics import measured
from pipelines.validation.reference import read_reference
from pipelines.validation.resampling import standard_errors
from pipelines.validation.validation import scored

__all__ = ["FileValidation", "validate_files"]


@dataclass(frozen=True, slots=True)
class FileValidation:
    """Metrics of one file.

    Parameters
    ----------
    rows
        Number of objects that were compared.
    unmatched
        Number of estimates without a reference.
    without_density
        Number of objects whose density is missing or invalid, though the table has densities.
    point, matched_by
        The point estimate, and how objects were matched.
    metrics, errors
        Metrics, NaN where no object has what they need, and their standard errors.
    """

    rows: int
    unmatched: int
    without_density: int
    point: str
    matched_by: str
    metrics: Mapping[str, float]
    errors: Mapping[str, float]


def validate_files(
    estimates: Path,
    reference: Path,
    param: ValidationParameters,
    *,
    estimate_columns: ValidationColumns | None = None,
    reference_columns: ValidationColumns | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> FileValidation:
    """Validate a file of photo-z estimates, or the folder of a HATS catalogue of them, which is read in place.

    Parameters
    ----------
    estimate_columns, reference_columns
        Columns that are not to be found out.
    done
        Is told the number of objects that are scored so far.

    Raises
    ------
    PhotozError
        A file cannot be read or used.
    """
    entry = EstimatesInput(columns=estimate_columns or ValidationColumns())
    known_entry = ReferenceInput(columns=reference_columns or ValidationColumns())
    for path in (estimates, reference):
        if not path.exists():
            raise InvalidValueError(f"There is no file {path}.")
    with open_file_rows(reference, reference.name) as rows:
        known = read_reference(rows, known_entry, param, reference.name)
    with open_file_rows(estimates, estimates.name) as rows:
        table, scores = scored(rows, entry, param, known, estimates.name, done)
    return FileValidation(
        len(scores.sample),
        len(table.matches.rows) - table.matches.count,
        0 if table.density is None else len(scores.sample) - len(scores.sample.densities),
        table.point,
        table.matches.how,
        measured(scores.sample),
        standard_errors(scores.sample, param.bootstrap, np.random.default_rng(param.random_seed)),
    )
