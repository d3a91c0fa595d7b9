"""Standard errors of metrics by bootstrap (Efron 1979, Ann. Statist. 7, 1)."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from pipelines.validation.metrics import DENSITY_METRICS, POINT_METRICS, Metric
from pipelines.validation.sample import DensityValues, PointValues, Sample

__all__ = ["standard_errors"]

#: Objects of a resample of a larger sample; the errors are then scaled by the square root of the sizes.
_LARGEST = 20_000
#: Objects of all resamples that are measured together.
_TOGETHER = 400_000
_FEWEST = 2

_ValuesT = TypeVar("_ValuesT", PointValues, DensityValues)


def standard_errors(sample: Sample, resamples: int, generator: np.random.Generator) -> dict[str, float]:
    """Return the standard deviations of the metrics over resamples with replacement.

    Of more than 20 000 objects, resamples have 20 000, and their standard deviations are scaled to the whole (the
    m-out-of-n bootstrap: Bickel et al. 1997, Statistica Sinica 7, 1).

    Returns
    -------
    Errors of the metrics that are resampled, by name; none without resamples, or of fewer than two objects.
    """
    return {
        **_errors(sample.points, POINT_METRICS, resamples, generator),
        **_errors(sample.densities, DENSITY_METRICS, resamples, generator),
    }


def _errors(
    of: _ValuesT, metrics: Sequence[Metric[_ValuesT]], resamples: int, generator: np.random.Generator
) -> dict[str, float]:
    size = min(len(of), _LARGEST)
    if resamples < _FEWEST or size < _FEWEST:
        return {}
    chosen = [metric for metric in metrics if metric.is_resampled]
    values = np.empty((len(chosen), resamples))
    step = max(_TOGETHER // size, 1)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = of.take(generator.integers(len(of), size=(count, size)))
        for row, metric in enumerate(chosen):
            values[row, start : start + count] = metric.compute(drawn)
    errors = np.std(values, axis=1, ddof=1) * np.sqrt(size / len(of))
    return dict(zip((metric.name for metric in chosen), errors.tolist(), strict=True))
