"""Density plot of point estimates against reference redshifts."""

import math

import numpy as np

from core.charts.chart import Cells, Chart, Guide

__all__ = ["redshift_comparison"]

_CELLS = 60
_HIGHEST = 8.0
#: Residual |z - z_ref| / (1 + z_ref) of the lines, beyond which an estimate is often called an outlier.
_OUTLIER = 0.15


def redshift_comparison(estimates: np.ndarray, reference: np.ndarray) -> Chart:
    """Return the chart; the axes end where 99.5 % of all redshifts do."""
    both = np.concatenate([estimates, reference])
    high = min(_HIGHEST, max(0.5, math.ceil(float(np.quantile(both, 0.995)) * 10 + 1) / 10))
    edges = np.linspace(0, high, _CELLS + 1)
    counts, _, _ = np.histogram2d(reference, estimates, bins=(edges, edges))
    limits = [
        Guide("", (0, sign * _OUTLIER), (high, high + sign * _OUTLIER * (1 + high))) for sign in (-1, 1)
    ]  # fmt: skip
    return Chart(
        "Point estimates against reference redshifts", "reference redshift", "point estimate", (0, high), (), limits,
        Cells(edges.tolist(), counts.astype(int).tolist()), (0, high),
    )  # fmt: skip
