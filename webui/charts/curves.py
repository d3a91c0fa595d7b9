"""Curves as SVG paths: densities of single objects over redshift, each with its point estimate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.charts.ticks import round_values
from webui.charts.histogram import HEIGHT, MARGINS, WIDTH

__all__ = ["CurvePlot", "curve_plot"]

_COLOURS = 6


@dataclass(frozen=True, slots=True)
class CurvePlot:
    """Curves for the template.

    Parameters
    ----------
    curves
        For each curve its label, its SVG path, the number of its colour from 1 to 6, and the position of its mark along
        the horizontal axis, if it has one.
    x_ticks, y_ticks
        Positions along the axes, and their labels.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    curves: tuple[tuple[str, str, int, float | None], ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def curve_plot(
    grid: Sequence[float], curves: Sequence[tuple[str, Sequence[float]]], marks: Sequence[float | None]
) -> CurvePlot:
    """Return the plot of curves on one grid; values that are not finite are left out.

    Parameters
    ----------
    curves
        Label and values of each curve.
    marks
        For each curve a position on the grid, or None.
    """
    left, margin_right, top, margin_bottom = MARGINS
    right, bottom = WIDTH - margin_right, HEIGHT - margin_bottom
    x = np.asarray(grid, dtype=np.float64)
    highest = max((float(np.nanmax(values, initial=0.0)) for _, values in curves), default=0.0) or 1.0
    across = left + (x - x[0]) / (x[-1] - x[0]) * (right - left)

    def path(values: Sequence[float]) -> str:
        up = bottom - np.asarray(values, dtype=np.float64) / highest * (bottom - top)
        finite = np.isfinite(up)
        points = [f"{a:.1f} {b:.1f}" for a, b in zip(across[finite], up[finite], strict=True)]
        return f"M{'L'.join(points)}" if points else ""

    def place(z: float | None) -> float | None:
        return None if z is None or not x[0] <= z <= x[-1] else round(float(np.interp(z, x, across)), 1)

    return CurvePlot(
        WIDTH, HEIGHT, left, right, top, bottom,
        curves=tuple(
            (label, path(values), number % _COLOURS + 1, place(mark))
            for number, ((label, values), mark) in enumerate(zip(curves, marks, strict=True))
        ),
        x_ticks=tuple((round(float(np.interp(z, x, across)), 1), f"{z:g}") for z in round_values(x[0], x[-1])),
        y_ticks=tuple(
            (round(bottom - value / highest * (bottom - top), 1), f"{value:g}") for value in round_values(0, highest)
        ),
    )  # fmt: skip
