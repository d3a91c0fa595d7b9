"""Levels of a colour scale, and its legend."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webui.explorer.plots.drawing.axes import Scale
from webui.explorer.plots.drawing.canvas import HEIGHT, WIDTH, Canvas

__all__ = ["LEVELS", "ColourScale", "scale_of"]

#: Number of colours of a scale.
LEVELS = 9
_WIDTH = 14.0
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class ColourScale:
    """Scale from values to levels.

    Parameters
    ----------
    kind
        First part of the names of the classes: ``density`` or ``mean``.
    """

    kind: str
    label: str
    low: float
    high: float
    is_log: bool

    def levels(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the level of each value, from 1; 0 for NaN."""
        if self.high <= self.low:
            levels = np.full(len(values), LEVELS)
        else:
            places = Scale(self.low, self.high, 0.0, LEVELS, self.is_log).places(values)
            levels = np.clip(np.nan_to_num(places), 0, LEVELS - 1).astype(np.int64) + 1
        return np.where(np.isnan(values), 0, levels)

    def draw(self, canvas: Canvas, left: float, top: float, bottom: float) -> None:
        """Draw the legend: a bar of the colours with ticks."""
        if self.high <= self.low:
            return
        each = (bottom - top) / LEVELS
        for level in range(LEVELS):
            canvas.add(
                "rect", f"{self.kind}-{level + 1}", x=left, y=bottom - (level + 1) * each, width=_WIDTH, height=each
            )
        scale = Scale(self.low, self.high, bottom, top, self.is_log)
        for tick in scale.ticks(5):
            at = scale.place(tick.value)
            canvas.add("path", "axis", d=f"M{left + _WIDTH:g} {at:.1f}h4")
            canvas.write(tick.label, left + _WIDTH + 7, at + 4.5, "start", "small")
        canvas.write(self.label, left + _WIDTH, top - 6, "end", "small")

    def draw_flat(self, canvas: Canvas) -> None:
        """Draw the legend below a map of the whole sky."""
        if self.high <= self.low:
            return
        left, right, top = WIDTH * 0.3, WIDTH * 0.8, HEIGHT - 62
        each = (right - left) / LEVELS
        for level in range(LEVELS):
            canvas.add("rect", f"{self.kind}-{level + 1}", x=left + level * each, y=top, width=each, height=_WIDTH)
        scale = Scale(self.low, self.high, left, right, self.is_log)
        for tick in scale.ticks(5):
            canvas.write(tick.label, scale.place(tick.value), top + _WIDTH + 14, css="small")
        canvas.write(self.label, left - 10, top + 12, "end", "small")


def scale_of(
    *,
    counts: NDArray[np.int64] | None,
    means: NDArray[np.float64] | None,
    colours: NDArray[np.float64] | None,
    colour: str | None,
    rows: str,
) -> ColourScale | None:
    """Return the scale of cells or of points; None for points without a colour.

    Parameters
    ----------
    counts, means
        Rows of each cell, and the mean of the colour over them; None for points.
    colours
        The colour of each point; None for cells.
    colour
        Label of the column that gives the colour, if one was chosen.
    rows
        Label of the counts.
    """
    if colour is None:
        return None if counts is None else _count_scale(counts, rows)
    if counts is None:
        return None if colours is None else _mean_scale(colours, colour[:_LONGEST])
    return None if means is None else _mean_scale(means, f"mean of {colour}"[:_LONGEST])


def _count_scale(counts: NDArray[np.int64], label: str) -> ColourScale:
    """Return the logarithmic scale of counts."""
    return ColourScale("density", label, float(counts.min(initial=1)), float(counts.max(initial=1)), is_log=True)


def _mean_scale(values: NDArray[np.float64], label: str) -> ColourScale:
    """Return the linear scale of values, without the outermost hundredths."""
    known = values[np.isfinite(values)]
    low, high = (float(limit) for limit in np.quantile(known, [0.01, 0.99])) if len(known) else (0.0, 0.0)
    return ColourScale("mean", label, low, high, is_log=False)
