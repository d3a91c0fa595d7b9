"""Models of the Training Set Maker's ``report.json``."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from pipelines.photometry import BandSummary

__all__ = [
    "Cut",
    "Histogram",
    "MagnitudeSummary",
    "SplitHistogram",
    "SurveyMatches",
    "TrainingSetReport",
    "histogram",
    "magnitude_summaries",
    "matches_by_survey",
    "split_histogram",
]

_Floats = npt.NDArray[np.float64]
_MODEL = ConfigDict(frozen=True)


class Histogram(BaseModel):
    """Counts between edges."""

    model_config = _MODEL

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class SplitHistogram(BaseModel):
    """Counts between edges, of training and of validation."""

    model_config = _MODEL

    edges: tuple[float, ...]
    training: tuple[int, ...]
    validation: tuple[int, ...]


class SurveyMatches(BaseModel):
    """Redshifts of one survey, and how many of them have an object in the result."""

    model_config = _MODEL

    survey: str
    redshifts: int
    matched: int


class MagnitudeSummary(BaseModel):
    """The distribution of one column of magnitudes in the result."""

    model_config = _MODEL

    column: str
    values: int
    percentile_5: float
    median: float
    percentile_95: float
    histogram: Histogram


class Cut(BaseModel):
    """A condition, and the number of rows that it removed."""

    model_config = _MODEL

    condition: str
    left_out: int


class TrainingSetReport(BaseModel):
    """The report of a training set.

    ``objects_passed`` counts the rows of the object catalogue, ``objects_near`` those that were compared one by one.
    Cuts of objects count among the latter only.
    """

    model_config = _MODEL

    redshifts: int
    redshifts_without_position: int
    redshifts_without_z: int
    redshifts_matched: int
    redshifts_of_several_objects: int
    objects_passed: int
    objects_near: int
    objects_matched: int
    objects_of_several_redshifts: int
    pairs: int
    pairs_not_unique: int
    rows: int
    training: int
    validation: int
    radius_arcsec: float
    split_method: str
    seed: int
    surveys: tuple[SurveyMatches, ...]
    object_cuts: tuple[Cut, ...]
    cuts: tuple[Cut, ...]
    bands: tuple[BandSummary, ...]
    separation_arcsec: Histogram
    redshift: SplitHistogram
    magnitudes: tuple[MagnitudeSummary, ...]
    warnings: tuple[str, ...]


def histogram(values: _Floats, low: float, high: float, bins: int = 50) -> Histogram:
    """Count values in bins of equal width; values outside are ignored."""
    counts, edges = np.histogram(values[np.isfinite(values)], bins=bins, range=(low, high))
    return Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))


def split_histogram(values: _Floats, training: npt.NDArray[np.bool_]) -> SplitHistogram:
    """Count redshifts of both parts between the same edges."""
    there = values[np.isfinite(values)]
    # A few placeholders such as -99 must not squeeze all others into one bin.
    low, high = np.percentile(there, [0.5, 99.5]) if len(there) else (0.0, 1.0)
    low, high = min(0.0, float(low)) if low > -1 else float(low), float(high)
    high = high if high > low else low + 1.0
    both = [histogram(values[part], low, high) for part in (training, ~training)]
    return SplitHistogram(edges=both[0].edges, training=both[0].counts, validation=both[1].counts)


def matches_by_survey(surveys: pa.ChunkedArray | None, matched: npt.NDArray[np.int64]) -> tuple[SurveyMatches, ...]:
    """Count redshifts and matched redshifts of each survey, the largest first."""
    if surveys is None:
        return ()
    names = pc.fill_null(pc.cast(surveys, pa.string()), "")
    found = {one["values"]: one["counts"] for one in pc.value_counts(names.take(pa.array(matched))).to_pylist()}
    rows = [(one["values"], one["counts"]) for one in pc.value_counts(names).to_pylist()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return tuple(SurveyMatches(survey=name, redshifts=n, matched=found.get(name, 0)) for name, n in rows)


def magnitude_summaries(table: pa.Table, computed: Sequence[str]) -> tuple[MagnitudeSummary, ...]:
    """Return summaries of the computed magnitudes, and of columns with the UCD of magnitudes."""
    names = [field.name for field in table.schema if field.name in computed or _is_magnitude(field)]
    summaries = []
    for name in names:
        values = pc.cast(table.column(name), pa.float64(), safe=False).to_numpy()
        values = values[np.isfinite(values)]
        if len(values):
            low, middle, high = (float(value) for value in np.percentile(values, [5, 50, 95]))
            counted = histogram(values, float(values.min()), max(float(values.max()), float(values.min()) + 0.1))
            summaries.append(
                MagnitudeSummary(
                    column=name,
                    values=len(values),
                    percentile_5=low,
                    median=middle,
                    percentile_95=high,
                    histogram=counted,
                )
            )
    return tuple(summaries)


def _is_magnitude(field: pa.Field) -> bool:
    ucd = (field.metadata or {}).get(b"ucd", b"")
    return bool(ucd.lower().startswith(b"phot.mag")) and bool(pa.types.is_floating(field.type))
