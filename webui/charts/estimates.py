"""Charts of the densities of a product: N(z), widths, odds, and ranks of point estimates."""

from collections.abc import Iterator

import numpy as np

from products.inspection.estimates import DensityFindings
from products.inspection.redshifts import RedshiftHistogram
from webui.charts.histogram import bar_plot
from webui.charts.run_report import Figure

__all__ = ["estimate_figures"]

_WIDEST = 0.5


def estimate_figures(found: DensityFindings, points: RedshiftHistogram | None) -> Iterator[Figure]:
    """Yield the charts of densities.

    Parameters
    ----------
    points
        Histogram of the point estimates, on which N(z) is laid.
    """
    if points is not None and found.grid:
        yield Figure(
            "stacked",
            "Point estimates",
            "redshift z",
            bar_plot(points.edges, points.counts, beyond=points.beyond, outline=_in_bins(found, points)),
            "N(z), the sum of all densities,",
        )
    if sum(found.widths):
        last = max(1, int(np.flatnonzero(found.widths)[-1]) + 1)
        edges = np.linspace(0, _WIDEST, len(found.widths) + 1)[: last + 1].tolist()
        yield Figure(
            "widths", "Widths of the densities", "standard deviation / (1 + mean)", bar_plot(edges, found.widths[:last])
        )
    if sum(found.odds):
        edges = np.linspace(0, 1, len(found.odds) + 1).tolist()
        yield Figure("odds", "Odds", "probability within 0.06 (1 + z) of the mode", bar_plot(edges, found.odds))
    if sum(found.ranks):
        edges = np.linspace(0, 1, len(found.ranks) + 1).tolist()
        yield Figure(
            "ranks", "Point estimates in their densities", "CDF at the point estimate", bar_plot(edges, found.ranks)
        )


def _in_bins(found: DensityFindings, points: RedshiftHistogram) -> list[float]:
    """Return how many objects N(z) has in each bin."""
    grid, density = np.asarray(found.grid), np.asarray(found.stacked)
    cumulated = np.concatenate(([0.0], np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)))
    return np.diff(np.interp(points.edges, grid, cumulated)).tolist()
