"""Histograms as SVG paths: bars, an optional outline over them, and axes with round tick values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.charts.ticks import round_values
from products.inspection.redshifts import RedshiftHistogram

__all__ = ["HEIGHT", "MARGINS", "WIDTH", "HistogramPlot", "bar_plot", "histogram_plot"]

#: Size of charts with axes, and their margins: left, right, top, bottom.
WIDTH, HEIGHT = 768.0, 384.0
MARGINS = (104.0, 16.0, 16.0, 60.0)

_LEFT, _RIGHT, _TOP, _BOTTOM = MARGINS
#: Between the thousands, as in the numbers of the pages.
_THIN_SPACE = "\u2009"


@dataclass(frozen=True, slots=True)
class HistogramPlot:
    """Histogram for the template: SVG paths and ticks.

    Parameters
    ----------
    bars
        Path of the filled bars.
    outline
        Path of the line over them; empty when there is none.
    x_ticks, y_ticks
        Positions along the axes, and their labels.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    bars: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    total: int
    beyond: int
    outline: str = ""


def histogram_plot(histogram: RedshiftHistogram) -> HistogramPlot:
    """Return the histogram of redshifts, N(z)."""
    return bar_plot(histogram.edges, histogram.counts, beyond=histogram.beyond)


def bar_plot(
    edges: Sequence[float], counts: Sequence[int], *, beyond: int = 0, outline: Sequence[float] | None = None
) -> HistogramPlot:
    """Return the histogram of counts between bin edges.

    Parameters
    ----------
    beyond
        Number of values outside of the edges.
    outline
        Other counts between the same edges, drawn as a line.
    """
    low, high, highest = edges[0], edges[-1], max(*counts, *(outline or ()), 1)
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def across(z: float) -> float:
        return round(_LEFT + (z - low) / (high - low) * (right - _LEFT), 1)

    def up(count: float) -> float:
        return round(bottom - count / highest * (bottom - _TOP), 1)

    bars = "".join(
        f"M{across(begin)} {bottom}V{up(count)}H{across(end)}V{bottom}z"
        for begin, end, count in zip(edges, edges[1:], counts, strict=False)
        if count
    )
    return HistogramPlot(
        WIDTH, HEIGHT, _LEFT, right, _TOP, bottom, bars,
        x_ticks=tuple((across(z), f"{z:g}") for z in round_values(low, high)),
        y_ticks=tuple((up(n), f"{n:,.0f}".replace(",", _THIN_SPACE)) for n in round_values(0, highest, integer=True)),
        total=sum(counts) + beyond,
        beyond=beyond,
        outline="" if outline is None else _steps(edges, outline, across, up),
    )  # fmt: skip


def _steps(
    edges: Sequence[float], counts: Sequence[float], across: Callable[[float], float], up: Callable[[float], float]
) -> str:
    steps = "".join(f"V{up(count)}H{across(end)}" for end, count in zip(edges[1:], counts, strict=True))
    return f"M{across(edges[0])} {up(0)}{steps}V{up(0)}"
