"""Validation of tables of estimates against a reference, from opened tables to the report."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidValueError
from pipelines.inputs.rows import RowSource
from pipelines.validation.analysis import LEVELS, analysed, true_edges
from pipelines.validation.configuration import EstimatesInput, ReferenceInput, ValidationParameters
from pipelines.validation.effects import warnings_of
from pipelines.validation.estimates import EstimatesTable, open_estimates
from pipelines.validation.reference import Reference, read_reference
from pipelines.validation.report import EstimatesReport, ValidationReport
from pipelines.validation.scoring import Scores, grid_of, score

__all__ = ["NamedTable", "scored", "validate_estimates"]

#: Reports the fraction done and the current step; raises to stop the work.
_Progress = Callable[[float, str], None]
#: Fraction of the work on one table that reading and scoring take.
_SCORED = 0.6


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table that is opened when it is needed.

    Parameters
    ----------
    name
        Name in tables and figures.
    label
        Name in sentences.
    """

    name: str
    label: str
    open: Callable[[], AbstractContextManager[RowSource]]


def validate_estimates(
    estimates: Sequence[tuple[EstimatesInput, NamedTable]],
    reference: tuple[ReferenceInput, NamedTable],
    param: ValidationParameters,
    progress: _Progress,
) -> ValidationReport:
    """Validate tables of photo-z estimates against reference redshifts.

    Memory is bounded by the numbers of objects, not by the sizes of their densities, which are read in batches.

    Raises
    ------
    InvalidValueError
        A table has no such column, identifiers are missing or doubled, densities are negative, or no object has a
        reference.
    """
    entry, table = reference
    progress(0.0, f"Reading {table.label}")
    with table.open() as rows:
        known = read_reference(rows, entry, param, table.label)
    reports = []
    for number, (of, each) in enumerate(estimates):
        begin, width = 0.05 + 0.9 * number / len(estimates), 0.9 / len(estimates)

        def part(fraction: float, step: str, begin: float = begin, width: float = width) -> None:
            progress(begin + fraction * width, step)

        reports.append(_validated(of, each, known, param, part))
    report = ValidationReport(
        reference=known.label,
        reference_rows=len(known),
        reference_objects=int(known.is_selected.sum()),
        left_out=known.left_out,
        magnitude=known.magnitude_name,
        grid=tuple(grid_of(param).tolist()),
        true_edges=tuple(true_edges(param).tolist()),
        levels=LEVELS,
        bootstrap=param.bootstrap,
        requirements=param.requirements,
        estimates=tuple(reports),
        warnings=(),
    )
    return report.model_copy(update={"warnings": warnings_of(report, param)})


def scored(
    rows: RowSource,
    entry: EstimatesInput,
    param: ValidationParameters,
    reference: Reference,
    label: str,
    done: Callable[[int], None],
    groups: NDArray[np.intp] | None = None,
) -> tuple[EstimatesTable, Scores]:
    """Match and score the objects of an opened table; see `score`.

    Raises
    ------
    InvalidValueError
        No object is left, or the table cannot be used.
    """
    table = open_estimates(rows, entry, param, reference, label)
    scores = score(table, reference, param, done, groups)
    if not len(scores.sample):
        raise InvalidValueError(
            f"None of the {table.matches.count} objects of {label} with a reference meets the cuts."
        )
    if table.density is not None and not len(scores.sample.densities) and table.is_computed:
        raise InvalidValueError(f"None of the {len(scores.sample)} objects of {label} has a valid density.")
    return table, scores


def _validated(
    entry: EstimatesInput, each: NamedTable, reference: Reference, param: ValidationParameters, progress: _Progress
) -> EstimatesReport:
    progress(0.0, f"Matching {each.label}")
    with each.open() as rows:
        total = max(rows.rows or 0, 1)
        table, scores = scored(
            rows, entry, param, reference, each.label,
            lambda count: progress(_SCORED * min(count / total, 1.0), f"Scoring {each.label}"),
        )  # fmt: skip
    return analysed(
        each.name, table, scores, param,
        lambda fraction: progress(_SCORED + (1 - _SCORED) * fraction, f"Measuring {each.label}"),
    )  # fmt: skip
