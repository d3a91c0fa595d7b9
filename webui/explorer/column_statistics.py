"""Statistics of one column of a selection: counts, limits, mean, and a histogram or the most frequent values.

All of it is computed by the query engine, so that a column of ten million rows costs what its aggregates cost.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.columns import Column
from core.errors import InvalidValueError
from webui.explorer.cells import cells_of
from webui.explorer.filters import Filter
from webui.explorer.rows import Rows
from webui.explorer.selection import Selection

__all__ = ["BINS", "MOST_DISTINCT", "ColumnStatistics", "FrequentValue", "Histogram", "RunQuery", "column_statistics"]

#: Bins of a histogram.
BINS = 40

#: Most values of which the distinct ones are counted: these are all kept in memory.
MOST_DISTINCT = 2_000_000

_FREQUENT = 10
_LARGEST = "1.7976931348623157e308"

#: Runs a query and returns its first rows: the ADQL, and the most rows.
RunQuery = Callable[[str, int], Awaitable[Rows]]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values between edges; the last bin includes its upper edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FrequentValue:
    """A value, how often it occurs, and the filter that finds it, if there is one."""

    text: str
    count: int
    filter: Filter | None


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """Statistics of a column.

    Parameters
    ----------
    rows, nulls
        Rows of the selection, and those without a value.
    beyond
        Values that are infinite or no numbers, which the limits, the mean and the histogram leave out.
    minimum, maximum
        The limits, with all digits that the type of the column has.
    distinct
        Number of different values; None when they were not counted.
    frequent
        The most frequent values of a column of text or truth values.
    """

    column: Column
    rows: int
    nulls: int
    beyond: int = 0
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    distinct: int | None = None
    histogram: Histogram | None = None
    frequent: tuple[FrequentValue, ...] = ()

    @property
    def values(self) -> int:
        """Number of rows with a value."""
        return self.rows - self.nulls


async def column_statistics(run: RunQuery, selection: Selection, column: Column) -> ColumnStatistics:
    """Return the statistics of a column of a selection; raises the errors of the queries."""
    name = selection.source.quoted(column.name)
    ordered = column.is_numeric or column.is_text
    limits = [f"MIN({name}) AS low", f"MAX({name}) AS high"] if ordered else []
    mean = [f"AVG({name}) AS mean"] if column.is_numeric else []
    columns = ["COUNT(*) AS n", f"COUNT({name}) AS k", *limits, *mean]
    read = await run(selection.adql(columns, order=False), 1)
    found, texts = read.first(), _texts(read)
    rows, values, beyond = _count(found["n"]), _count(found["k"]), 0
    if column.is_numeric and not all(_is_finite(found[key]) for key in ("low", "high")):
        condition = f"ABS({name}) <= {_LARGEST}"
        read = await run(_query(selection, [f"COUNT({name}) AS f", *limits, *mean], condition), 1)
        found, texts = found | read.first(), _texts(read)
        beyond = values - _count(found["f"])
    distinct: int | None = None
    frequent: tuple[FrequentValue, ...] = ()
    if values <= MOST_DISTINCT and (ordered or column.datatype == "boolean") and not _is_array(column):
        counted = await run(selection.adql([f"COUNT(DISTINCT {name}) AS d"], order=False), 1)
        distinct = _count(counted.first()["d"])
        frequent = () if column.is_numeric else await _frequent(run, selection, column)
    histogram = await _histogram(run, selection, column, found) if column.is_numeric else None
    average = found.get("mean")
    return ColumnStatistics(
        column,
        rows,
        rows - values,
        beyond,
        texts.get("low"),
        texts.get("high"),
        float(str(average)) if average is not None else None,
        distinct,
        histogram,
        frequent,
    )


async def _frequent(run: RunQuery, selection: Selection, column: Column) -> tuple[FrequentValue, ...]:
    name = selection.source.quoted(column.name)
    adql = _query(selection, [f"{name} AS v", "COUNT(*) AS n"], f"{name} IS NOT NULL", top=_FREQUENT)
    found = await run(f"{adql} GROUP BY {name} ORDER BY 2 DESC, 1", _FREQUENT)
    return tuple(
        FrequentValue(_text(value), _count(count), _equal(column, _text(value)))
        for value, count in zip(found.values("v"), found.values("n"), strict=True)
    )


async def _histogram(
    run: RunQuery, selection: Selection, column: Column, limits: dict[str, object]
) -> Histogram | None:
    if limits["low"] is None or limits["high"] is None:
        return None
    low, high = float(str(limits["low"])), float(str(limits["high"]))
    edges = _edges(low, high, is_integer=column.datatype not in {"float", "double"})
    if edges is None:
        return None
    name, width = selection.source.quoted(column.name), edges[1] - edges[0]
    # Values on an inner edge may fall into the bin before it, by the rounding of the division.
    bin_of = f"FLOOR(({name} - {_signed(edges[0])}) / {width!r})"
    adql = _query(selection, [f"{bin_of} AS b", "COUNT(*) AS n"], f"{name} BETWEEN {_signed(low)} AND {_signed(high)}")
    found = await run(f"{adql} GROUP BY {bin_of}", BINS + 2)
    counts = [0] * (len(edges) - 1)
    for number, count in zip(found.values("b"), found.values("n"), strict=True):
        counts[min(max(int(float(str(number))), 0), len(counts) - 1)] += _count(count)
    return Histogram(edges, tuple(counts))


def _edges(low: float, high: float, *, is_integer: bool) -> tuple[float, ...] | None:
    """Return the edges of bins; None where numbers are too large for bins of one width."""
    if is_integer:
        width = float(math.ceil((high - low + 1) / BINS))
        bins = math.ceil((high - low + 1) / width)
        low -= 0.5
    elif low == high:
        width = max(abs(low) * 1e-3, 1e-9)
        bins, low = 1, low - width / 2
    else:
        width, bins = (high - low) / BINS, BINS
    if not math.isfinite(width) or low + width == low or width < 1e-300:
        return None
    return tuple(low + number * width for number in range(bins + 1))


def _query(selection: Selection, columns: list[str], condition: str, top: int | None = None) -> str:
    adql = selection.adql(columns, top=top, order=False)
    return f"{adql} {'AND' if selection.where() else 'WHERE'} {condition}"


def _equal(column: Column, text: str) -> Filter | None:
    try:
        if column.datatype == "boolean":
            return Filter.of(column, text, ())
        return Filter.of(column, "eq", (text,))
    except InvalidValueError:  # a text that is too long for an address
        return None


def _texts(rows: Rows) -> dict[str, str | None]:
    """Return the first row as texts by the names of its columns."""
    cells = cells_of(rows, whole=True)[0]
    return {column.name: cell.text for column, cell in zip(rows.columns, cells, strict=True)}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _signed(value: float) -> str:
    return repr(value) if value >= 0 else f"({value!r})"


def _count(value: object) -> int:
    return int(str(value))


def _is_finite(value: object) -> bool:
    return value is None or math.isfinite(float(str(value)))


def _is_array(column: Column) -> bool:
    return column.arraysize is not None and not column.is_text
