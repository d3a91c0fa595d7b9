"""Ranges of quantities for the axes of plots: all values, or those that few rows lie beyond."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webui.explorer.plots.binning import ValueRange
from webui.explorer.plots.queries import SelectedRows, Steps, doubles, longs
from webui.explorer.quantities import Quantity

__all__ = ["FoundRanges", "conditions_of", "find_ranges", "magnitude_range", "narrowed"]

#: Share of the rows at either end that may lie beyond an axis, if the axis is shorter for it.
_BEYOND = 0.0005
#: An axis is narrowed when the other rows are within this share of it.
_NARROW = 0.2


@dataclass(frozen=True, slots=True)
class FoundRanges:
    """Rows in which all quantities have a value that can be drawn, and the ranges of these values."""

    rows: int
    ranges: tuple[ValueRange, ...]


def conditions_of(quantities: Sequence[Quantity], logs: Sequence[bool]) -> list[str]:
    """Return the conditions in ADQL that values can be drawn: they are finite, and positive on logarithmic axes."""
    conditions = [quantity.is_finite for quantity in dict.fromkeys(quantities)]
    return conditions + [f"{quantity.adql} > 0" for quantity, is_log in zip(quantities, logs, strict=True) if is_log]


def find_ranges(rows: SelectedRows, quantities: Sequence[Quantity], conditions: Sequence[str]) -> Steps[FoundRanges]:
    """Return the ranges of quantities among the rows that meet conditions."""
    limits = [
        f"{name}({quantity.adql}) AS {name.lower()}_{number}"
        for number, quantity in enumerate(quantities)
        for name in ("MIN", "MAX")
    ]
    found = yield rows.query(["COUNT(*) AS n", *limits], conditions)
    count = int(longs(found, "n")[0])
    if not count:
        return FoundRanges(0, ())
    ranges = [
        ValueRange(float(doubles(found, f"min_{number}")[0]), float(doubles(found, f"max_{number}")[0]))
        for number in range(len(quantities))
    ]
    return FoundRanges(count, tuple(ranges))


def narrowed(edges: NDArray[np.float64], counts: NDArray[np.int64]) -> ValueRange | None:
    """Return the range of all but a thousandth of the rows, if it is a small part of that of the bins.

    A single outlier would otherwise press all other rows into one bin.

    Returns
    -------
    None if the bins are good as they are.
    """
    cumulated = np.cumsum(counts)
    total = int(cumulated[-1])
    first = int(np.searchsorted(cumulated, total * _BEYOND, side="right"))
    last = int(np.searchsorted(cumulated, total * (1 - _BEYOND), side="left"))
    if last - first + 1 > _NARROW * len(counts) or not total * _BEYOND > 0:
        return None
    return ValueRange(float(edges[first]), float(edges[last + 1]))


def magnitude_range(rows: SelectedRows, quantity: Quantity, conditions: Sequence[str]) -> Steps[ValueRange | None]:
    """Return the range of all but a thousandth of the rows, by the signs and orders of magnitude of the values.

    Returns
    -------
    None if that is a single value.
    """
    value = quantity.adql
    keys = {
        "s": f"CASE WHEN {value} > 0 THEN 1 WHEN {value} < 0 THEN -1 ELSE 0 END",
        "o": f"CASE WHEN {value} = 0 THEN 0E0 ELSE FLOOR(LOG10(ABS({value}))) END",
    }
    found = yield rows.grouped(keys, conditions, ["MIN(v) AS low", "MAX(v) AS high"], [f"{value} AS v"])
    low, high, counts = doubles(found, "low"), doubles(found, "high"), longs(found, "n")
    order = np.argsort(low)
    low, high, cumulated = low[order], high[order], np.cumsum(counts[order])
    total = int(cumulated[-1])
    first = int(np.searchsorted(cumulated, total * _BEYOND, side="right"))
    last = int(np.searchsorted(cumulated, total * (1 - _BEYOND), side="left"))
    chosen = ValueRange(float(low[first]), float(high[last]))
    return chosen if chosen.high > chosen.low else None
