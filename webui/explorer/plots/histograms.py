"""Histograms of one quantity: the query engine counts, and bins are chosen by what it finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webui.explorer.plots.binning import Binning, ValueRange
from webui.explorer.plots.queries import SelectedRows, Steps, doubles, longs
from webui.explorer.plots.ranges import conditions_of, find_ranges, magnitude_range, narrowed
from webui.explorer.quantities import Quantity

__all__ = ["DEFAULT_BINS", "Histogram", "count_histogram"]

DEFAULT_BINS = 60
_MANY_ROWS = 100_000
_BINS_OF_MANY = 120
_FINER = 10
_TRIES = 4
#: Share of bins without a row that tells of rounded values.
_MOST_GAPS = 0.3
#: How many finer bins are a wider one, by the first digit of their width, so that the width is round.
_WIDER = {"1": (20, 50), "2": (25, 50), "5": (20, 40)}
#: Points on which densities are added up.
_POINTS = 601


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in the bins of a quantity.

    Parameters
    ----------
    binning
        None if no row has a value that can be drawn.
    rows, drawn
        Selected rows, and those of them in the bins.
    beyond
        Rows whose value lies beyond the bins; the others have none, or none that can be drawn.
    stacked
        Number of objects in each bin by the sum of their densities p(z), if that was requested.
    """

    quantity: Quantity
    binning: Binning | None
    counts: NDArray[np.int64]
    rows: int
    drawn: int
    beyond: int
    stacked: NDArray[np.float64] | None = None


def count_histogram(
    rows: SelectedRows,
    quantity: Quantity,
    *,
    bins: int | None = None,
    is_log: bool = False,
    densities: str | None = None,
) -> Steps[Histogram]:
    """Return the histogram of a quantity.

    The engine counts in bins that are finer than those of the result, so that outliers are recognised without reading
    the rows again.

    Parameters
    ----------
    bins
        About how many bins there are; without it more of them when there are many rows.
    densities
        Name in ADQL of a column of densities p(z) to add up in the same bins.
    """
    answer = yield rows.total
    total = int(longs(answer, "n")[0])
    conditions = conditions_of([quantity], [is_log])
    found = yield from find_ranges(rows, [quantity], conditions)
    if not found.rows:
        return Histogram(quantity, None, np.zeros(0, np.int64), total, 0, 0)
    values, is_by_magnitude = found.ranges[0], False
    about = bins or (DEFAULT_BINS if found.rows < _MANY_ROWS else _BINS_OF_MANY)
    for left in reversed(range(_TRIES)):
        fine, factor = _fine_bins(quantity, values, about, is_log=is_log)
        answer = yield rows.grouped({"bx": fine.index}, [fine.condition])
        counts = _counts_in(fine, doubles(answer, "bx"), longs(answer, "n"))
        better = narrowed(fine.edges, counts) if left else None
        if better is None or better == values:
            break
        if np.count_nonzero(counts) and counts.max() >= 0.999 * counts.sum() and not is_by_magnitude:
            is_by_magnitude = True
            better = yield from magnitude_range(rows, quantity, conditions)
            if better is None:
                break
        values = better
    drawn = int(counts.sum())
    if bins is None:
        fine, counts, factor = _without_gaps(fine, counts, factor)
    in_bins = counts.reshape(-1, factor).sum(axis=1)
    binning = fine.merged(factor)
    stacked = None if densities is None else (yield from _stacked(rows, densities, binning))
    return Histogram(quantity, binning, in_bins, total, drawn, found.rows - drawn, stacked)


def _fine_bins(quantity: Quantity, values: ValueRange, bins: int, *, is_log: bool) -> tuple[Binning, int]:
    """Return bins that are finer than those that were asked for, and how many of them are one."""
    wide = Binning.covering(quantity, values, bins, is_log=is_log)
    fine = Binning.covering(quantity, values, bins * _FINER, is_log=is_log)
    factor = max(1, round(wide.width / fine.width))
    return fine.aligned(factor), factor


def _without_gaps(fine: Binning, counts: NDArray[np.int64], factor: int) -> tuple[Binning, NDArray[np.int64], int]:
    """Return the bins with a larger factor, if rounded values leave many bins between them without a row."""
    for wider in (factor, *_WIDER.get(f"{fine.width:e}"[0], ())):
        aligned = fine.aligned(wider)
        left = fine.first - aligned.first
        padded = np.pad(counts, (left, aligned.count - fine.count - left))
        merged = padded.reshape(-1, wider).sum(axis=1)
        filled = np.flatnonzero(merged)
        if not len(filled):
            break
        span = int(filled[-1] - filled[0]) + 1
        if span - len(filled) <= _MOST_GAPS * span:
            return aligned, padded, wider
    return fine, counts, factor


def _stacked(rows: SelectedRows, densities: str, binning: Binning) -> Steps[NDArray[np.float64] | None]:
    """Return the integral of the sum of densities over each bin; None if no row has one."""
    low, high = binning.limits
    answer = yield rows.query([f"pz_nz({densities}, {low!r}, {high!r}, {_POINTS}) AS nz"], [])
    summed = answer["nz"].to_pylist()[0] if answer.num_rows else None
    if summed is None:
        return None
    grid, values = np.linspace(low, high, _POINTS), np.asarray(summed, dtype=np.float64)
    cumulated = np.concatenate(([0.0], np.cumsum(np.diff(grid) * (values[1:] + values[:-1]) / 2)))
    return np.diff(np.interp(binning.edges, grid, cumulated))


def _counts_in(binning: Binning, numbers: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the counts by bin; values at the very edge that lie beyond are left out."""
    places = numbers - binning.first
    inside = (places >= 0) & (places < binning.count)
    found = np.bincount(places[inside].astype(np.int64), weights=counts[inside], minlength=binning.count)
    return found.astype(np.int64)
