"""Narrowing of a sorted selection to the values around a page, so that a page in the middle needs no sort of all rows.

The engine counts the rows in bins of the column that sorts, with the least and the greatest value of each. Then the
bins that hold the page and the number of rows before them are known; where all their rows have one value, the next
column of the order is binned. Only the rows that are left are sorted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from core.columns import Column
from webui.explorer.column_statistics import RunQuery
from webui.explorer.filters import Filter
from webui.explorer.row_pages import RowRange
from webui.explorer.selection import Selection

__all__ = ["narrowed_range"]

#: So many rows are sorted without delay.
_FEW = 100_000
_BINS = 1000
_MOST_STEPS = 8
#: Smallest width of bins, as a share of the values; integers are subtracted exactly where they do not overflow.
_LEAST_WIDTH = 1e-15
_LARGEST_DIFFERENCE = 2**62


@dataclass(frozen=True, slots=True)
class _Bin:
    """Rows with neighbouring values of a column; the least and the greatest are None for rows without a value."""

    rows: int
    low: object
    high: object


async def narrowed_range(run: RunQuery, wanted: RowRange, few: int = _FEW) -> RowRange:
    """Return the same rows as a part of fewer rows, as far as the values of the columns of their order allow it.

    Parameters
    ----------
    few
        So many skipped rows are no reason to narrow.

    Raises
    ------
    core.errors.PhotozError
        The errors of the queries.
    """
    sort, source = wanted.selection.sort, wanted.selection.source
    if sort is None:
        return wanted
    names = [sort.column, *(name for name in source.identifying if name != sort.column)]
    for _ in range(_MOST_STEPS):
        if wanted.skipped <= few or not names:
            break
        column = source.column(names[0])
        bins = await _bins(run, wanted.selection, column)
        if sort.descending and column.name == sort.column:
            bins.reverse()
        bins.sort(key=lambda one: one.low is None)  # rows without a value come last in both directions
        narrowed = _around(wanted, column, bins)
        if narrowed is None:
            break
        wanted, is_single = narrowed
        names = names[1:] if is_single else names
    return wanted


def _around(wanted: RowRange, column: Column, bins: Sequence[_Bin]) -> tuple[RowRange, bool] | None:
    """Return the part of a range in the bins that hold it, and whether these have a single value.

    Returns
    -------
    None if that is no smaller part.
    """
    ends = list(accumulate(one.rows for one in bins))
    if not ends or ends[-1] != wanted.total:
        return None  # values that are no numbers, or rows that are not those that were counted
    first = next(number for number, end in enumerate(ends) if end > wanted.start)
    last = next(number for number, end in enumerate(ends) if end >= wanted.start + wanted.count)
    chosen = bins[first : last + 1]
    condition = _condition(column, chosen)
    total, before = sum(one.rows for one in chosen), ends[first] - bins[first].rows
    is_single = len({value for one in chosen for value in (one.low, one.high)}) == 1
    if condition is None or (total == wanted.total and not is_single):
        return None
    filters = tuple(dict.fromkeys((*wanted.selection.filters, condition)))
    selection = wanted.selection.changed(filters=filters)
    return RowRange(selection, wanted.start - before, wanted.count, total), is_single


def _condition(column: Column, bins: Sequence[_Bin]) -> Filter | None:
    """Return the condition that a row is in some neighbouring bins, if a filter can state it."""
    values = [value for one in bins for value in (one.low, one.high)]
    if None in values:
        return Filter(column.name, "null") if len(set(values)) == 1 else None
    if column.is_numeric:
        numbers = sorted(values, key=_order)
        return Filter(column.name, "between", (str(numbers[0]), str(numbers[-1])))
    return Filter.of(column, "in", tuple(dict.fromkeys(map(str, values))))


async def _bins(run: RunQuery, selection: Selection, column: Column) -> list[_Bin]:
    """Return the bins of the values of a column, upwards; none where its values cannot be binned."""
    name = selection.source.quoted(column.name)
    if column.is_numeric:
        limits = await run(selection.adql([f"MIN({name}) AS low", f"MAX({name}) AS high"], order=False), 1)
        key = _bin_number(name, limits.first()["low"], limits.first()["high"])
        if key is None:
            return []
    elif column.is_text and column.xtype is None:
        key = name
    else:
        return []
    inner = selection.adql([f"{key} AS b", f"{name} AS v"], order=False)
    counted = f"b, COUNT(*) AS n, MIN(v) AS low, MAX(v) AS high FROM ({inner}) AS q GROUP BY b"
    found = await run(f"SELECT TOP {_BINS + 3} {counted}", _BINS + 3)
    if len(found) > _BINS + 2:
        return []  # a text column with many different values
    made = [_Bin(int(str(n)), low, high) for n, low, high in zip(*map(found.values, ("n", "low", "high")), strict=True)]
    known = [one for one in made if one.low is not None]
    if column.is_numeric and not all(math.isfinite(float(str(one.high))) for one in known):
        return []
    return sorted(known, key=lambda one: _order(one.low)) + [one for one in made if one.low is None]


def _bin_number(name: str, low: object, high: object) -> str | None:
    """Return the number of the bin of a value in ADQL; None where doubles do not tell the bins from each other."""
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return f"FLOOR({name} / 1.0)"  # no row has a value
    width = (high - low) / _BINS or 1.0
    is_exact = isinstance(low, int) and isinstance(high, int) and high - low < _LARGEST_DIFFERENCE
    if not math.isfinite(width) or not (is_exact or width > max(abs(low), abs(high)) * _LEAST_WIDTH):
        return None
    return f"FLOOR(({name} {'-' if low >= 0 else '+'} {abs(low)!r}) / {width!r})"


def _order(value: object) -> tuple[float, str]:
    """Return the place of a value among those of its column: numbers by their value, texts by their characters."""
    return (value, "") if isinstance(value, int | float) else (0, str(value))
