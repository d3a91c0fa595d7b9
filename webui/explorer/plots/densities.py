"""Two quantities against each other: counts and means in cells by the query engine, or points when there are few."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webui.explorer.plots.binning import Binning, ValueRange
from webui.explorer.plots.queries import SelectedRows, Steps, doubles, longs
from webui.explorer.plots.ranges import conditions_of, find_ranges, magnitude_range, narrowed
from webui.explorer.plots.specifications import PlotSpecification
from webui.explorer.quantities import Quantity

__all__ = ["DEFAULT_CELLS", "MOST_POINTS", "Cells", "Plane", "Points", "plot_plane"]

#: So many rows are drawn as points; more are counted in cells.
MOST_POINTS = 5000
DEFAULT_CELLS = 100
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Points:
    """Single rows: their coordinates, and the value that colours them, NaN where it is missing."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    colours: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells that have rows.

    Parameters
    ----------
    columns, lines
        Numbers of the cells along the horizontal and the vertical axis, from 0.
    means
        Mean of the colour quantity in each cell, NaN where no row has it.
    """

    columns: NDArray[np.int64]
    lines: NDArray[np.int64]
    counts: NDArray[np.int64]
    means: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Plane:
    """Two quantities against each other.

    Parameters
    ----------
    x, y
        Bins of the axes; None if no row has both values.
    rows, drawn, beyond
        As in `webui.explorer.plots.histograms.Histogram`.
    """

    x: Binning | None
    y: Binning | None
    content: Points | Cells | None
    colour: Quantity | None
    rows: int
    drawn: int
    beyond: int


def plot_plane(rows: SelectedRows, specification: PlotSpecification) -> Steps[Plane]:
    """Return two quantities against each other, in cells if more than `MOST_POINTS` rows have both values."""
    axes, colour = specification.quantities, specification.colour
    logs = ["logx" in specification.flags, "logy" in specification.flags]
    answer = yield rows.total
    total = int(longs(answer, "n")[0])
    conditions = conditions_of(axes, logs)
    found = yield from find_ranges(rows, axes, conditions)
    if not found.rows:
        return Plane(None, None, None, colour, total, 0, 0)
    bins = specification.bins or DEFAULT_CELLS
    ranges = list(found.ranges)
    if found.rows <= MOST_POINTS:
        points = yield from _points(rows, axes, colour, conditions)
        ranges = [_without_outliers(*each) for each in zip(axes, ranges, (points.x, points.y), logs, strict=True)]
        x, y = (
            Binning.covering(axis, values, bins, is_log=is_log)
            for axis, values, is_log in zip(axes, ranges, logs, strict=True)
        )
        inside = _is_inside(points.x, x) & _is_inside(points.y, y)
        drawn = int(inside.sum())
        return Plane(x, y, _chosen(points, inside), colour, total, drawn, found.rows - drawn)
    for left in reversed(range(_TRIES)):
        x, y = (
            Binning.covering(axis, values, bins, is_log=is_log)
            for axis, values, is_log in zip(axes, ranges, logs, strict=True)
        )
        cells = yield from _cells(rows, x, y, colour)
        better = yield from _better_ranges(rows, (x, y), cells, conditions) if left else _unchanged()
        changed = [new or old for new, old in zip(better, ranges, strict=True)]
        if changed == ranges:
            break
        ranges = changed
    drawn = int(cells.counts.sum())
    return Plane(x, y, cells, colour, total, drawn, found.rows - drawn)


def _points(
    rows: SelectedRows, axes: tuple[Quantity, ...], colour: Quantity | None, conditions: list[str]
) -> Steps[Points]:
    expressions = [f"{axes[0].adql} AS vx", f"{axes[1].adql} AS vy"]
    if colour is not None:
        expressions.append(f"{colour.adql} AS vc")
    answer = yield rows.query(expressions, conditions, top=MOST_POINTS)
    colours = None if colour is None else doubles(answer, "vc")
    return Points(doubles(answer, "vx"), doubles(answer, "vy"), colours)


def _cells(rows: SelectedRows, x: Binning, y: Binning, colour: Quantity | None) -> Steps[Cells]:
    aggregates: list[str] = []
    values: list[str] = []
    if colour is not None:
        value = f"CASE WHEN {colour.is_finite} THEN {colour.adql} END AS vc"
        aggregates, values = ["AVG(vc) AS mean"], [value]
    query = rows.grouped({"bx": x.index, "by_": y.index}, [x.condition, y.condition], aggregates, values)
    answer = yield query
    columns, lines = doubles(answer, "bx") - x.first, doubles(answer, "by_") - y.first
    inside = np.flatnonzero((columns >= 0) & (columns < x.count) & (lines >= 0) & (lines < y.count))
    chosen = inside[np.lexsort((lines[inside], columns[inside]))]
    return Cells(
        columns[chosen].astype(np.int64),
        lines[chosen].astype(np.int64),
        longs(answer, "n")[chosen],
        None if colour is None else doubles(answer, "mean")[chosen],
    )


def _better_ranges(
    rows: SelectedRows, axes: tuple[Binning, Binning], cells: Cells, conditions: list[str]
) -> Steps[list[ValueRange | None]]:
    """Return shorter ranges of the axes on which outliers press all other rows together."""
    better: list[ValueRange | None] = []
    for axis, places in zip(axes, (cells.columns, cells.lines), strict=True):
        counts = np.bincount(places, weights=cells.counts, minlength=axis.count).astype(np.int64)
        chosen = narrowed(axis.edges, counts) if len(places) else None
        if chosen is not None and counts.max() >= 0.999 * counts.sum():
            chosen = yield from magnitude_range(rows, axis.quantity, conditions)
        better.append(chosen)
    return better


def _unchanged() -> Steps[list[ValueRange | None]]:
    return [None, None]
    yield ""


def _without_outliers(axis: Quantity, values: ValueRange, points: NDArray[np.float64], is_log: bool) -> ValueRange:
    """Return the range of points without the outliers that press all others together."""
    for _ in range(_TRIES):
        binning = Binning.covering(axis, values, DEFAULT_CELLS, is_log=is_log)
        edges = binning.edges
        shorter = narrowed(edges, np.histogram(points, edges)[0])
        if shorter is None:
            break
        inside = points[(points >= shorter.low) & (points <= shorter.high)]
        if not len(inside) or inside.min() == inside.max():
            break
        values = ValueRange(float(inside.min()), float(inside.max()))
    return values


def _is_inside(values: NDArray[np.float64], axis: Binning) -> NDArray[np.bool_]:
    low, high = axis.reach
    inside: NDArray[np.bool_] = (values >= low) & (values <= high)
    return inside


def _chosen(points: Points, chosen: NDArray[np.bool_]) -> Points:
    colours = None if points.colours is None else points.colours[chosen]
    return replace(points, x=points.x[chosen], y=points.y[chosen], colours=colours)
