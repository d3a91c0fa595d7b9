"""Statistics of PIT values against the uniform distribution, with the definitions of ``qp.metrics.pit``.

The probability integral transform (PIT) of an object is the CDF of its density at its true redshift. It is uniform
between 0 and 1 if densities are calibrated (Schmidt et al. 2020, MNRAS 499, 1587, §4.2).
"""

import math

import numpy as np
from numpy.typing import NDArray

from core.photoz.densities import Densities
from core.photoz.forms import DensityForm

__all__ = [
    "anderson_darling",
    "cramer_von_mises",
    "histogram_divergence",
    "histogram_rmse",
    "kolmogorov_smirnov",
    "outlier_fraction",
    "outlier_rate_of_quantiles",
    "quantile_curve",
]

_Doubles = NDArray[np.float64]

#: PIT values outside of these are outliers (Schmidt et al. 2020, §4.2).
_OUTLIERS = (1e-4, 0.9999)
#: Trimming of the Anderson-Darling statistic, which diverges at the ends.
_TRIMMED = (0.01, 0.99)
#: Quantiles that qp keeps of the distribution of PIT values.
_QUANTILES = 100
_FEWEST = 5


def kolmogorov_smirnov(pit: _Doubles) -> _Doubles:
    """Return the Kolmogorov-Smirnov statistic along the last axis, as ``scipy.stats.kstest``."""
    ordered = np.sort(np.clip(pit, 0, 1), axis=-1)
    steps = np.arange(ordered.shape[-1] + 1) / ordered.shape[-1]
    above, below = np.max(steps[1:] - ordered, axis=-1), np.max(ordered - steps[:-1], axis=-1)
    return np.asarray(np.maximum(above, below))


def cramer_von_mises(pit: _Doubles) -> _Doubles:
    """Return the Cramér-von Mises statistic along the last axis, as ``scipy.stats.cramervonmises``."""
    ordered = np.sort(np.clip(pit, 0, 1), axis=-1)
    count = ordered.shape[-1]
    middles = (np.arange(count) + 0.5) / count
    return np.asarray(1 / (12 * count) + np.sum((middles - ordered) ** 2, axis=-1))


def anderson_darling(pit: _Doubles) -> float:
    """Return the k-sample Anderson-Darling statistic of the PIT values between 0.01 and 0.99.

    As in qp, the other sample is as many values at equal distances, and ties count by midranks, as in
    ``scipy.stats.anderson_ksamp`` (whose import alone takes as long as the rest of a validation). NaN with fewer than
    five values.
    """
    inside = np.sort(pit[(pit >= _TRIMMED[0]) & (pit <= _TRIMMED[1])])
    if len(inside) < _FEWEST or inside[0] == inside[-1]:
        return float("nan")
    return _two_sample_anderson_darling(inside, np.linspace(*_TRIMMED, len(inside)))


def outlier_rate_of_quantiles(pit: _Doubles) -> float:
    """Return the rate of PIT outliers as qp tells it: read off 100 quantiles of the PIT values.

    qp describes the PIT values by their quantiles, without those that are 0 or 1 or come twice, and takes what this
    distribution has below 0.0001 and above 0.9999. NaN if fewer than three quantiles are left.
    """
    levels = np.linspace(0, 1, min(_QUANTILES, len(pit)))
    values, first = np.unique(np.quantile(pit, levels), return_index=True)
    kept = (values > 0) & (values < 1)
    if np.count_nonzero(kept) < 3:
        return float("nan")
    chosen = levels[first][kept]
    whole = Densities(DensityForm("quant", len(chosen), tuple(chosen)), values[kept][None, :])
    return float(whole.cdf(_OUTLIERS[0])[0] + 1 - whole.cdf(_OUTLIERS[1])[0])


def outlier_fraction(pit: _Doubles) -> _Doubles:
    """Return the fraction of PIT values below 0.0001 or above 0.9999 along the last axis."""
    return np.asarray(np.mean((pit < _OUTLIERS[0]) | (pit > _OUTLIERS[1]), axis=-1))


def histogram_rmse(pit: _Doubles, bins: int) -> _Doubles:
    """Return the root mean square difference of the PIT histogram, as a density, to 1."""
    return np.asarray(np.sqrt(np.mean((_heights(pit, bins) - 1) ** 2, axis=-1)))


def histogram_divergence(pit: _Doubles, bins: int) -> _Doubles:
    """Return the Kullback-Leibler divergence of the uniform distribution from the PIT histogram."""
    heights = _heights(pit, bins)
    logarithms = np.log(heights, out=np.zeros_like(heights), where=heights > 0)
    return np.asarray(np.mean(heights * logarithms, axis=-1))


def quantile_curve(pit: _Doubles, levels: _Doubles) -> _Doubles:
    """Return the quantiles of the PIT values at some levels, for the QQ plot."""
    return np.asarray(np.quantile(np.clip(pit, 0, 1), levels))


def _heights(pit: _Doubles, bins: int) -> _Doubles:
    """Return PIT histograms as densities, along the last axis."""
    rows = pit.reshape(-1, pit.shape[-1])
    place = np.minimum((np.clip(rows, 0, 1) * bins).astype(np.intp), bins - 1)
    place += np.arange(len(rows))[:, None] * bins
    counts = np.bincount(place.reshape(-1), minlength=len(rows) * bins)
    return np.asarray(counts.reshape(*pit.shape[:-1], bins) * (bins / pit.shape[-1]))


def _two_sample_anderson_darling(first: _Doubles, second: _Doubles) -> float:
    """Return the standardised statistic of two ordered samples (Scholz & Stephens 1987, JASA 82, 918)."""
    pooled = np.sort(np.concatenate([first, second]))
    values, ties = np.unique(pooled, return_counts=True)
    total = len(pooled)
    below = np.cumsum(ties) - ties / 2
    spread = below * (total - below) - total * ties / 4
    statistic = 0.0
    for sample in (first, second):
        left, right = np.searchsorted(sample, values, side="left"), np.searchsorted(sample, values, side="right")
        excess = total * (left + right) / 2 - len(sample) * below
        statistic += float(np.sum(ties / total * excess**2 / spread)) / len(sample)
    statistic *= (total - 1) / total
    return (statistic - 1) / math.sqrt(_variance_of_anderson_darling(len(first), len(second)))


def _variance_of_anderson_darling(first: int, second: int) -> float:
    """Return the variance of the statistic of two samples of the same distribution, by their sizes."""
    total, samples = first + second, 2
    inverse = 1 / first + 1 / second
    reciprocals = 1 / np.arange(1, total)
    harmonic = float(reciprocals.sum())
    # The double sum over i < j of 1 / ((total - i) j).
    tails = harmonic - np.cumsum(reciprocals)
    double = float(np.sum(tails[: total - 2] / (total - np.arange(1, total - 1))))
    a = (4 * double - 6) * (samples - 1) + (10 - 6 * double) * inverse
    b = (2 * double - 4) * samples**2 + 8 * harmonic * samples
    b += (2 * double - 14 * harmonic - 4) * inverse - 8 * harmonic + 4 * double - 6
    c = (6 * harmonic + 2 * double - 2) * samples**2 + (4 * harmonic - 4 * double + 6) * samples
    c += (2 * harmonic - 6) * inverse + 4 * harmonic
    d = (2 * harmonic + 6) * samples**2 - 4 * harmonic * samples
    return float((a * total**3 + b * total**2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3)))
