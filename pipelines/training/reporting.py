"""Computation of the report of a training set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.photometry import BandSummary
from pipelines.training.configuration import TrainingSetConfiguration
from pipelines.training.matching import Matches
from pipelines.training.redshifts import Redshifts, hours_hint
from pipelines.training.report import (
    Cut,
    TrainingSetReport,
    histogram,
    magnitude_summaries,
    matches_by_survey,
    split_histogram,
)

__all__ = ["Work", "report_of"]


@dataclass
class Work:
    """Counters of a run."""

    objects_passed: int = 0
    objects_near: int = 0
    pairs_not_unique: int = 0
    #: Objects, and redshifts, of which some rows are for training and some for validation.
    objects_on_both_sides: int = 0
    redshifts_on_both_sides: int = 0
    object_cuts: tuple[tuple[str, int], ...] = ()
    cuts: tuple[tuple[str, int], ...] = ()
    #: Columns of the object catalogue whose names are those of the result's own.
    replaced: tuple[str, ...] = ()
    #: Sentences about parameters that could not be applied.
    warnings: tuple[str, ...] = ()


def report_of(
    redshifts: Redshifts,
    table: pa.Table,
    matches: Matches,
    pairs: npt.NDArray[np.int64],
    training: npt.NDArray[np.bool_],
    bands: Sequence[BandSummary],
    settings: TrainingSetConfiguration,
    work: Work,
) -> TrainingSetReport:
    """Compute the report of a run; ``pairs`` are the numbers of the pairs in the result."""
    radius = settings.param.crossmatch.radius_arcsec
    rows = matches.redshift[pairs]
    matched = np.unique(rows)
    survey = settings.redshifts.columns.survey
    return TrainingSetReport(
        redshifts=redshifts.table.num_rows,
        redshifts_without_position=int(np.count_nonzero(~redshifts.placed)),
        redshifts_without_z=int(np.count_nonzero(~np.isfinite(redshifts.z))),
        redshifts_matched=len(matched),
        redshifts_of_several_objects=int(np.count_nonzero(matches.objects_of_redshift > 1)),
        objects_passed=work.objects_passed,
        objects_near=work.objects_near,
        objects_matched=len(np.unique(matches.object[pairs])),
        objects_of_several_redshifts=int(np.count_nonzero(matches.redshifts_of_object > 1)),
        pairs=len(matches.redshift),
        pairs_not_unique=work.pairs_not_unique,
        rows=table.num_rows,
        training=int(np.count_nonzero(training)),
        validation=int(np.count_nonzero(~training)),
        radius_arcsec=radius,
        split_method=settings.param.split_method,
        seed=settings.param.random_seed or 0,
        surveys=matches_by_survey(redshifts.table.column(survey) if survey else None, matched),
        object_cuts=tuple(Cut(condition=text, left_out=count) for text, count in work.object_cuts),
        cuts=tuple(Cut(condition=text, left_out=count) for text, count in work.cuts),
        bands=tuple(bands),
        separation_arcsec=histogram(matches.separation[pairs], 0.0, radius),
        redshift=split_histogram(redshifts.z[rows], training),
        magnitudes=magnitude_summaries(table, [one.column for one in bands]),
        warnings=tuple(_warnings(redshifts, len(matched), settings, work)),
    )


def _warnings(redshifts: Redshifts, matched: int, settings: TrainingSetConfiguration, work: Work) -> list[str]:
    warnings = []
    unused = len(settings.inputs.specz) - 1
    if unused:
        warnings.append(f"Of {unused + 1} redshift catalogues in the configuration only the last is used.")
    if work.replaced:
        warnings.append(f"The columns {', '.join(work.replaced)} of the object catalogue are replaced.")
    if redshifts.positions.totals.warning is not None:
        warnings.append(f"Of the redshift catalogue {redshifts.positions.totals.warning}")
    without = int(np.count_nonzero(~np.isfinite(redshifts.z)))
    if without:
        warnings.append(f"{without} rows of the redshift catalogue have no redshift.")
    # Hours would still hit a few objects of a crowded catalogue by chance.
    hint = hours_hint(redshifts.ra)
    if hint and matched < 0.05 * redshifts.table.num_rows:
        warnings.append(f"Only {matched} of {redshifts.table.num_rows} redshifts have an object. {hint}")
    return [*warnings, *_leaks(work), *work.warnings]


def _leaks(work: Work) -> list[str]:
    leaks = (("objects", work.objects_on_both_sides), ("redshifts", work.redshifts_on_both_sides))
    found = " and ".join(f"{number} {noun}" for noun, number in leaks if number)
    if not found:
        return []
    return [f"Rows of {found} are both for training and for validation; the 'split_method' hash keeps them together."]
