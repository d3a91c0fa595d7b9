"""Metrics of point estimates and of densities, each with its definition and its source.

Where a definition differs between authors, that of ``qp`` and RAIL has the plain name. The residual of a point estimate
is Δ = (z_phot - z_true) / (1 + z_true).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.validation import uniformity
from pipelines.validation.sample import Sample

__all__ = ["METRICS", "Metric", "measured"]

#: Densities below this count as this in the log score: ln(0) would decide the mean alone.
_LOWEST_DENSITY = 1e-10
#: Bins of the PIT histogram for its distance to the uniform distribution.
_PIT_BINS = 100


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a sample.

    Parameters
    ----------
    name
        Name in tables and reports.
    label
        Name on pages.
    words
        Definition, with its source.
    of_densities
        Whether it is one of densities, not of point estimates.
    compute
        Returns its value for a sample in which at least one object has what it needs.
    is_resampled
        Whether its uncertainty is estimated by bootstrap; that of costly ones is not.
    """

    name: str
    label: str
    words: str
    of_densities: bool
    compute: Callable[[Sample], float]
    is_resampled: bool = True


def measured(sample: Sample, metrics: Sequence[Metric] | None = None) -> dict[str, float]:
    """Return the metrics of a sample by name; NaN where no object has what a metric needs."""
    values = {}
    for metric in METRICS if metrics is None else metrics:
        count = len(sample.calibration if metric.of_densities else sample.residual)
        values[metric.name] = float(metric.compute(sample)) if count else float("nan")
    return values


def _beyond(limit: float) -> Callable[[Sample], float]:
    return lambda sample: float(np.mean(np.abs(sample.residual) > limit))


def _mad(sample: Sample) -> float:
    return float(1.4826 * np.median(np.abs(sample.residual - np.median(sample.residual))))


def _outliers(sample: Sample) -> float:
    return float(np.mean(np.abs(sample.residual) > max(0.06, 3 * sample.sigma_iqr)))


def _biweight_location(sample: Sample) -> float:
    from astropy.stats import biweight_location

    return float(biweight_location(sample.residual))


def _biweight_scale(sample: Sample) -> float:
    from astropy.stats import biweight_scale

    return float(biweight_scale(sample.residual))


def _within(low: float, high: float) -> Callable[[Sample], float]:
    return lambda sample: float(np.mean((sample.calibration >= low) & (sample.calibration <= high)))


def _of_pit(statistic: Callable[[np.ndarray], float]) -> Callable[[Sample], float]:
    return lambda sample: statistic(sample.calibration)


def _mean_of(name: str) -> Callable[[Sample], float]:
    return lambda sample: float(np.nanmean(getattr(sample, name)))


def _cde_loss(sample: Sample) -> float:
    return float(np.nanmean(sample.square) - 2 * np.nanmean(sample.at_grid))


def _cde_loss_at_truth(sample: Sample) -> float:
    return float(np.nanmean(sample.square) - 2 * np.nanmean(sample.at_truth))


def _log_score(sample: Sample) -> float:
    return float(np.nanmean(np.log(np.maximum(sample.at_truth, _LOWEST_DENSITY))))


_POINT: Sequence[Metric] = (
    Metric("bias", "Bias", "Median of Δ (LSST Science Book §3.8; RAIL PointBias).", False,
           lambda sample: float(np.median(sample.residual))),
    Metric("bias_mean", "Mean of Δ", "Mean of Δ.", False, lambda sample: float(np.mean(sample.residual))),
    Metric("sigma_iqr", "σ_IQR", "(P75 - P25) / 1.349 of Δ (RAIL PointSigmaIQR).", False,
           lambda sample: sample.sigma_iqr),
    Metric("sigma_mad", "σ_MAD", "1.4826 median |Δ - median Δ| (RAIL PointSigmaMAD).", False, _mad),
    Metric("outlier_rate", "Outlier rate", "Fraction with |Δ| > max(0.06, 3 σ_IQR) (RAIL PointOutlierRate).", False,
           _outliers),
    Metric("outlier_rate_0.10", "|Δ| > 0.10", "Fraction with |Δ| > 0.10 (Rubin's requirement).", False, _beyond(0.10)),
    Metric("outlier_rate_0.15", "|Δ| > 0.15", "Fraction with |Δ| > 0.15.", False, _beyond(0.15)),
    Metric("catastrophic_rate", "Catastrophic rate", "Fraction with |z_phot - z_true| > 1.", False,
           lambda sample: float(np.mean(np.abs(sample.offset) > 1))),
    Metric("biweight_location", "Biweight location", "Biweight location of Δ (astropy.stats).", False,
           _biweight_location, is_resampled=False),
    Metric("biweight_scale", "Biweight scale", "Biweight scale of Δ (astropy.stats).", False,
           _biweight_scale, is_resampled=False),
)  # fmt: skip

_DENSITY: Sequence[Metric] = (
    Metric("cde_loss", "CDE loss", "Mean of ∫p² dz - 2 mean of p at the point of the grid nearest to z_true (Izbicki & "
           "Lee 2017; RAIL CDELoss).", True, _cde_loss),
    Metric("cde_loss_at_truth", "CDE loss at z_true", "The same with p at z_true itself.", True, _cde_loss_at_truth),
    Metric("pit_ks", "PIT KS", "Kolmogorov-Smirnov statistic of PIT (qp).", True,
           _of_pit(uniformity.kolmogorov_smirnov)),
    Metric("pit_cvm", "PIT CvM", "Cramér-von Mises statistic of PIT (qp).", True,
           _of_pit(uniformity.cramer_von_mises)),
    Metric("pit_ad", "PIT AD", "k-sample Anderson-Darling statistic of PIT from 0.01 to 0.99 (qp).", True,
           _of_pit(uniformity.anderson_darling), is_resampled=False),
    Metric("pit_outlier_rate", "PIT outlier rate (qp)", "PIT < 0.0001 or > 0.9999, read off 100 quantiles (qp).", True,
           _of_pit(uniformity.outlier_rate_of_quantiles), is_resampled=False),
    Metric("pit_outlier_fraction", "PIT outliers counted", "Fraction of objects with PIT < 0.0001 or > 0.9999 (Schmidt "
           "et al. 2020).", True, _of_pit(uniformity.outlier_fraction)),
    Metric("pit_rmse", "PIT RMSE", f"Root mean square difference of the PIT histogram ({_PIT_BINS} bins) to 1.", True,
           _of_pit(lambda pit: uniformity.histogram_rmse(pit, _PIT_BINS))),
    Metric("pit_kl", "PIT KL", f"Kullback-Leibler divergence of the PIT histogram ({_PIT_BINS} bins).", True,
           _of_pit(lambda pit: uniformity.histogram_divergence(pit, _PIT_BINS))),
    Metric("coverage_68", "Coverage of 68 %", "Fraction with 0.16 ≤ PIT ≤ 0.84.", True, _within(0.16, 0.84)),
    Metric("coverage_95", "Coverage of 95 %", "Fraction with 0.025 ≤ PIT ≤ 0.975.", True, _within(0.025, 0.975)),
    Metric("log_score", "Log score", "Mean of ln p(z_true), where p is at least 1e-10 (Dawid 1984).", True,
           _log_score),
    Metric("brier", "Brier score", "Mean of Σ (P - 1 if z_true lies there, else P)² over bins of redshift (qp).", True,
           _mean_of("brier")),
    Metric("crps", "CRPS", "Mean continuous ranked probability score (Hersbach 2000).", True, _mean_of("crps")),
)  # fmt: skip

#: All metrics, those of point estimates first.
METRICS: Sequence[Metric] = (*_POINT, *_DENSITY)

#: Definitions by name, for column descriptions.
WORDS: Mapping[str, str] = {metric.name: metric.words for metric in METRICS}
