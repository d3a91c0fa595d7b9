"""Models of the ``report.json`` of a validation."""

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pipelines.validation.configuration import Requirements

__all__ = [
    "BINNED_BY",
    "Bin",
    "EstimatesReport",
    "Number",
    "RedshiftMap",
    "TomographicBin",
    "ValidationReport",
]

_MODEL = ConfigDict(frozen=True)

#: By what objects are put into bins, in words.
BINNED_BY: Mapping[str, str] = {
    "z_true": "reference redshift",
    "z_phot": "point estimate",
    "magnitude": "magnitude",
}


def _finite(value: object) -> object:
    """Return None for a number that JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]


class Bin(BaseModel):
    """Metrics of the objects between two edges, with their standard errors."""

    model_config = _MODEL

    low: float
    high: float
    objects: int
    metrics: Mapping[str, Number]
    errors: Mapping[str, Number]


class TomographicBin(BaseModel):
    """N(z) of the objects whose point estimate is between two edges, or of all objects.

    Parameters
    ----------
    low, high
        The edges; None for all objects.
    objects
        Number of objects with a density.
    stacked
        Sum of their densities on the grid of the report, normalised to 1.
    true_counts
        Histogram of their reference redshifts between the edges of the report.
    ks, cvm
        Statistics of the reference redshifts against the stacked density.
    mean_difference, sigma_difference
        Mean and standard deviation of the stacked density minus those of the reference redshifts.
    """

    model_config = _MODEL

    low: float | None
    high: float | None
    objects: int
    stacked: tuple[Number, ...]
    true_counts: tuple[int, ...]
    ks: Number
    cvm: Number
    mean_difference: Number
    sigma_difference: Number


class RedshiftMap(BaseModel):
    """Counts of objects in cells of reference redshift (first index) and point estimate."""

    model_config = _MODEL

    edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]


class EstimatesReport(BaseModel):
    """The validation of one table of estimates.

    Parameters
    ----------
    point
        Column of the point estimate, or mode, mean or median of the densities.
    form
        Form of the densities; None without densities.
    rows, matched, objects
        Rows of the table, those with a reference, and those of them that meet the cuts.
    without_density, without_point
        Objects that lack one of them.
    metrics, errors
        Metrics of all objects, and standard errors.
    meets
        Whether each requirement is met.
    bins
        By what bins were made, to the bins that have objects.
    pit_counts
        Histogram of the PIT between 0 and 1.
    pit_quantiles
        Quantiles of the PIT at the levels of the report.
    """

    model_config = _MODEL

    name: str
    label: str
    point: str
    form: str | None
    matched_by: str
    rows: int
    matched: int
    objects: int
    without_density: int
    without_point: int
    left_out: Mapping[str, int]
    metrics: Mapping[str, Number]
    errors: Mapping[str, Number]
    meets: Mapping[str, bool]
    bins: Mapping[str, tuple[Bin, ...]]
    pit_counts: tuple[int, ...]
    pit_quantiles: tuple[Number, ...]
    tomography: tuple[TomographicBin, ...]
    redshifts: RedshiftMap


class ValidationReport(BaseModel):
    """The report of one validation.

    Parameters
    ----------
    reference_objects
        Objects of the reference that have a redshift and meet the cuts.
    magnitude
        Column of the magnitudes.
    grid
        Redshifts of stacked densities.
    true_edges
        Edges of the histograms of reference redshifts.
    levels
        Levels of the quantiles of the PIT.
    bootstrap
        Number of resamples.
    """

    model_config = _MODEL

    reference: str
    reference_rows: int
    reference_objects: int
    left_out: Mapping[str, int]
    magnitude: str | None
    grid: tuple[float, ...]
    true_edges: tuple[float, ...]
    levels: tuple[float, ...]
    bootstrap: int
    requirements: Requirements
    estimates: tuple[EstimatesReport, ...]
    warnings: tuple[str, ...]
