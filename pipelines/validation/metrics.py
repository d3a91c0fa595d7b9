"""Metrics of point estimates and of densities, each with its definition and its source.

Where a definition differs between authors, that of ``qp`` and RAIL has the plain name. The residual of a point estimate
is Δ = (z_phot - z_true) / (1 + z_true).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.validation import uniformity
from pipelines.validation.sample import DensityValues, PointValues, Sample

__all__ = ["DENSITY_METRICS", "METRICS", "POINT_METRICS", "Metric", "measured"]

_Doubles = NDArray[np.float64]
_SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
_ValuesT = TypeVar("_ValuesT", PointValues, DensityValues)

#: Densities below this count as this in the log score: ln(0) would decide the mean alone.
_LOWEST_DENSITY = 1e-10
#: Bins of the PIT histogram for its distance to the uniform distribution.
_PIT_BINS = 100


@dataclass(frozen=True, slots=True)
class Metric(Generic[_ValuesT]):
    """A metric of a sample.

    Parameters
    ----------
    name
        Name in tables and reports.
    label
        Name on pages.
    words
        Definition, with its source.
    compute
        Returns its values for one or more objects along the last axis.
    is_resampled
        Whether its uncertainty is estimated by bootstrap; that of costly ones is not.
    """

    name: str
    label: str
    words: str
    compute: Callable[[_ValuesT], Any]  # numpy gives scalars for one sample
    is_resampled: bool = True


def measured(sample: Sample) -> dict[str, float]:
    """Return all metrics of a sample by name; NaN where no object has what a metric needs."""
    return {**_values(sample.points, POINT_METRICS), **_values(sample.densities, DENSITY_METRICS)}


def _values(of: _ValuesT, metrics: "Sequence[Metric[_ValuesT]]") -> dict[str, float]:
    return {metric.name: float(metric.compute(of)) if len(of) else float("nan") for metric in metrics}


def _beyond(limit: float) -> Callable[[PointValues], _Doubles]:
    return lambda of: np.mean(np.abs(of.residual) > limit, axis=-1)


def _mad(of: PointValues) -> _Doubles:
    middle = np.median(of.residual, axis=-1, keepdims=True)
    return np.asarray(1.4826 * np.median(np.abs(of.residual - middle), axis=-1))


def _outliers(of: PointValues) -> _Doubles:
    limit = np.maximum(0.06, 3 * of.sigma_iqr)
    return np.asarray(np.mean(np.abs(of.residual) > limit[..., None], axis=-1))


def _biweight_location(of: PointValues) -> _Doubles:
    middle, distance, unit = _biweight_distances(of, 6.0)
    weights = np.where(np.abs(unit) < 1, (1 - unit**2) ** 2, 0.0)
    return np.asarray(middle[..., 0] + np.sum(distance * weights, axis=-1) / np.sum(weights, axis=-1))


def _biweight_scale(of: PointValues) -> _Doubles:
    _, distance, unit = _biweight_distances(of, 9.0)
    inside, square = np.abs(unit) < 1, unit**2
    above = np.sum(np.where(inside, distance**2 * (1 - square) ** 4, 0.0), axis=-1)
    below = np.sum(np.where(inside, (1 - square) * (1 - 5 * square), 0.0), axis=-1)
    return np.asarray(np.sqrt(len(of) * above) / np.abs(below))


def _biweight_distances(of: PointValues, reach: float) -> tuple[_Doubles, _Doubles, _Doubles]:
    """Return medians of Δ, distances from them, and these in units of the reach in median absolute deviations."""
    middle = np.median(of.residual, axis=-1, keepdims=True)
    distance = of.residual - middle
    deviation = np.median(np.abs(distance), axis=-1, keepdims=True)
    return middle, distance, distance / np.where(deviation > 0, reach * deviation, 1.0)


def _within(low: float, high: float) -> Callable[[DensityValues], _Doubles]:
    return lambda of: np.mean((of.pit >= low) & (of.pit <= high), axis=-1)


def _of_pit(statistic: Callable[[_Doubles], _Doubles | float]) -> Callable[[DensityValues], _Doubles]:
    return lambda of: np.asarray(statistic(of.pit))


def _log_score(of: DensityValues) -> _Doubles:
    return np.asarray(np.mean(np.log(np.maximum(of.at_truth, _LOWEST_DENSITY)), axis=-1))


#: Metrics of point estimates.
POINT_METRICS: Sequence[Metric[PointValues]] = (
    Metric("bias", "Bias", "Median of Δ (LSST Science Book §3.8; RAIL PointBias).",
           lambda of: np.median(of.residual, axis=-1)),
    Metric("bias_mean", "Mean of Δ", "Mean of Δ.", lambda of: np.mean(of.residual, axis=-1)),
    Metric("sigma_iqr", _SIGMA + "_IQR", "(P75 - P25) / 1.349 of Δ (RAIL PointSigmaIQR).", lambda of: of.sigma_iqr),
    Metric("sigma_mad", _SIGMA + "_MAD", "1.4826 median |Δ - median Δ| (RAIL PointSigmaMAD).", _mad),
    Metric("outlier_rate", "Outlier rate", "Fraction with |Δ| > max(0.06, 3 sigma_IQR) (RAIL PointOutlierRate).",
           _outliers),
    Metric("outlier_rate_010", "|Δ| > 0.10", "Fraction with |Δ| > 0.10 (Rubin's requirement).", _beyond(0.10)),
    Metric("outlier_rate_015", "|Δ| > 0.15", "Fraction with |Δ| > 0.15.", _beyond(0.15)),
    Metric("catastrophic_rate", "Catastrophic rate", "Fraction with |z_phot - z_true| > 1.",
           lambda of: np.mean(np.abs(of.offset) > 1, axis=-1)),
    Metric("biweight_location", "Biweight location", "Biweight location of Δ, c = 6 (Beers et al. 1990, AJ 100, 32).",
           _biweight_location),
    Metric("biweight_scale", "Biweight scale", "Biweight scale of Δ, c = 9 (Beers et al. 1990, AJ 100, 32).",
           _biweight_scale),
)  # fmt: skip

#: Metrics of densities.
DENSITY_METRICS: Sequence[Metric[DensityValues]] = (
    Metric("cde_loss", "CDE loss", "Mean of ∫p² dz - 2 mean of p at the point of the grid nearest to z_true (Izbicki & "
           "Lee 2017; RAIL CDELoss).", lambda of: np.mean(of.square - 2 * of.at_grid, axis=-1)),
    Metric("cde_loss_at_truth", "CDE loss at z_true", "The CDE loss with p at z_true itself.",
           lambda of: np.mean(of.square - 2 * of.at_truth, axis=-1)),
    Metric("pit_ks", "PIT KS", "Kolmogorov-Smirnov statistic of PIT (qp).", _of_pit(uniformity.kolmogorov_smirnov)),
    Metric("pit_cvm", "PIT CvM", "Cramér-von Mises statistic of PIT (qp).", _of_pit(uniformity.cramer_von_mises)),
    Metric("pit_ad", "PIT AD", "k-sample Anderson-Darling statistic of PIT from 0.01 to 0.99 (qp).",
           _of_pit(uniformity.anderson_darling), is_resampled=False),
    Metric("pit_outlier_rate", "PIT outlier rate (qp)", "PIT < 0.0001 or > 0.9999, read off 100 quantiles (qp).",
           _of_pit(uniformity.outlier_rate_of_quantiles), is_resampled=False),
    Metric("pit_outlier_fraction", "PIT outliers counted", "Fraction of objects with PIT < 0.0001 or > 0.9999 (Schmidt "
           "et al. 2020).", _of_pit(uniformity.outlier_fraction)),
    Metric("pit_rmse", "PIT RMSE", f"Root mean square difference of the PIT histogram ({_PIT_BINS} bins) to 1.",
           _of_pit(lambda pit: uniformity.histogram_rmse(pit, _PIT_BINS))),
    Metric("pit_kl", "PIT KL", f"Kullback-Leibler divergence of the PIT histogram ({_PIT_BINS} bins).",
           _of_pit(lambda pit: uniformity.histogram_divergence(pit, _PIT_BINS))),
    Metric("coverage_68", "Coverage of 68 %", "Fraction with 0.16 ≤ PIT ≤ 0.84.", _within(0.16, 0.84)),
    Metric("coverage_95", "Coverage of 95 %", "Fraction with 0.025 ≤ PIT ≤ 0.975.", _within(0.025, 0.975)),
    Metric("log_score", "Log score", "Mean of ln p(z_true), where p is at least 1e-10 (Dawid 1984).", _log_score),
    Metric("brier", "Brier score", "Mean of Σ (P - 1 if z_true lies there, else P)² over bins of redshift (qp).",
           lambda of: np.mean(of.brier, axis=-1)),
    Metric("crps", "CRPS", "Mean continuous ranked probability score (Hersbach 2000).",
           lambda of: np.mean(of.crps, axis=-1)),
)  # fmt: skip

#: All metrics, those of point estimates first.
METRICS: Sequence[Metric[Any]] = (*POINT_METRICS, *DENSITY_METRICS)
