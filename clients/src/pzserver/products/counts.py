"""Rows counted in bins by the server, so that a histogram of ten million rows costs what its bins cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pzserver.tables.adql import delimited

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pzserver.tables.columns import ColumnList
    from pzserver.tables.results import QueryResult

__all__ = ["CountedTable", "Grid", "Histogram", "count_cells", "count_rows", "limits_of", "named"]

_LARGEST = 1e300  # beyond it: infinities, and the numbers that files have for missing values


class CountedTable(Protocol):
    """What counting needs of a product."""

    @property
    def columns(self) -> ColumnList:
        """Columns of the table."""

    def query(self, adql: str, *, limit: int | None = None) -> QueryResult:
        """Run a query, in which ``{table}`` is the table."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Numbers of rows in bins of equal width.

    Parameters
    ----------
    edges
        The n + 1 edges of n bins; the last bin includes its upper edge.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers of rows in cells of two expressions; ``counts[j, i]`` is the cell of column i and row j."""

    x_edges: npt.NDArray[np.float64]
    y_edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]


def limits_of(table: CountedTable, *expressions: str, where: str | None = None) -> list[tuple[float, float]]:
    """Return minimum and maximum of expressions in ADQL, over the rows where all of them are finite.

    Raises
    ------
    ValueError
        No row has such values.
    """
    selected = ", ".join(f"MIN({x}) AS lo{i}, MAX({x}) AS hi{i}" for i, x in enumerate(expressions))
    query = f"SELECT {selected} FROM {{table}} WHERE {_conditions(expressions, where)}"  # noqa: S608 - checked by the server
    (row,) = table.query(query).to_arrow().to_pylist()
    if row["lo0"] is None:
        message = f"No row has finite values of {', '.join(expressions)}."
        raise ValueError(message)
    return [(float(row[f"lo{i}"]), float(row[f"hi{i}"])) for i in range(len(expressions))]


def count_rows(
    table: CountedTable,
    expression: str,
    *,
    bins: int = 100,
    limits: tuple[float, float] | None = None,
    where: str | None = None,
) -> Histogram:
    """Count rows in bins of an expression in ADQL, such as ``"z"`` or ``"mag_g" - "mag_r"`` with delimited names.

    Parameters
    ----------
    limits
        Lower edge of the first bin and upper edge of the last one; by default those of the values.
    where
        Condition in ADQL on the rows.
    """
    import numpy as np

    low, high = limits_of(table, expression, where=where)[0] if limits is None else limits
    edges = np.linspace(*_widened(low, high), bins + 1)
    number = _bin(expression, edges, bins)
    condition = (
        f"{_conditions((expression,), where)} AND {expression} BETWEEN {_number(edges[0])} AND {_number(edges[-1])}"
    )
    query = f"SELECT k, COUNT(*) AS n FROM (SELECT {number} AS k FROM {{table}} WHERE {condition}) AS b GROUP BY k"  # noqa: S608 - checked by the server
    found = table.query(query).to_arrow().to_pydict()
    counts = np.zeros(bins + 1, np.int64)
    np.add.at(counts, np.asarray(found["k"], dtype=int), np.asarray(found["n"], dtype=np.int64))
    counts[bins - 1] += counts[bins]  # values at the upper edge
    return Histogram(edges, counts[:bins])


def count_cells(
    table: CountedTable,
    x: str,
    y: str,
    *,
    bins: tuple[int, int] = (100, 100),
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    where: str | None = None,
) -> Grid:
    """Count rows in cells of two expressions in ADQL; see `count_rows`."""
    import numpy as np

    x_limits, y_limits = limits_of(table, x, y, where=where) if limits is None else limits
    x_edges = np.linspace(*_widened(*x_limits), bins[0] + 1)
    y_edges = np.linspace(*_widened(*y_limits), bins[1] + 1)
    inside = [
        f"{name} BETWEEN {_number(edges[0])} AND {_number(edges[-1])}" for name, edges in ((x, x_edges), (y, y_edges))
    ]
    condition = " AND ".join([_conditions((x, y), where), *inside])
    numbers = f"{_bin(x, x_edges, bins[0])} AS i, {_bin(y, y_edges, bins[1])} AS j"
    query = f"SELECT i, j, COUNT(*) AS n FROM (SELECT {numbers} FROM {{table}} WHERE {condition}) AS b GROUP BY i, j"  # noqa: S608 - checked by the server
    found = table.query(query).to_arrow().to_pydict()
    counts = np.zeros((bins[1], bins[0]), np.int64)
    rows = np.minimum(np.asarray(found["j"], dtype=int), bins[1] - 1)
    columns = np.minimum(np.asarray(found["i"], dtype=int), bins[0] - 1)
    np.add.at(counts, (rows, columns), np.asarray(found["n"], dtype=np.int64))
    return Grid(x_edges, y_edges, counts)


def named(table: CountedTable, column: str) -> str:
    """Return a column as it is written in ADQL.

    Raises
    ------
    KeyError
        There is no such column; the message names those that exist.
    """
    return delimited(table.columns[column].name)


def _bin(expression: str, edges: npt.NDArray[np.float64], bins: int) -> str:
    width = (float(edges[-1]) - float(edges[0])) / bins
    return f"FLOOR(({expression} - ({_number(edges[0])})) / {_number(width)})"


def _conditions(expressions: tuple[str, ...], where: str | None) -> str:
    finite = [f"({x}) BETWEEN {-_LARGEST!r} AND {_LARGEST!r}" for x in expressions]
    return " AND ".join([*finite, *([] if where is None else [f"({where})"])])


def _widened(low: float, high: float) -> tuple[float, float]:
    """Return limits that differ."""
    if high > low:
        return low, high
    return low - 0.5, high + 0.5


def _number(value: float) -> str:
    return repr(float(value))
