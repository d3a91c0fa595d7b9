"""First rows of a query's result, as a page shows them."""

import time
from dataclasses import dataclass

import pyarrow as pa

from core.columns import Column
from core.votable import LimitedBatches, canonical_arrays, cell_texts
from tap.query_cost import QueryCost
from tap.service import OpenQuery

__all__ = ["QueryResult", "read_result"]

_SHOWN_ROWS = 100
_LONGEST_CELL = 400
_INFINITIES = ("Infinity", "-Infinity")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The first rows of a result, with the number of all its rows.

    Parameters
    ----------
    rows
        Texts of the cells; None for nulls.
    total
        Rows of the result, up to the limit.
    is_cut
        Whether the query has more rows than the limit.
    tables
        Full names of the tables that it read.
    seconds
        Time in which the rows came.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    total: int
    is_cut: bool
    tables: tuple[str, ...]
    cost: QueryCost
    seconds: float

    @property
    def lane(self) -> str:
        """The lane in which the query ran: ``short`` or ``long``."""
        return "long" if self.cost.is_long else "short"

    @property
    def position(self) -> tuple[int, int] | None:
        """The columns of right ascension and declination, by their UCDs; None when there are none."""
        ra, dec = self._column_of("pos.eq.ra"), self._column_of("pos.eq.dec")
        return None if ra is None or dec is None else (ra, dec)

    def _column_of(self, word: str) -> int | None:
        found = [(number, (column.ucd or "").lower().split(";")) for number, column in enumerate(self.columns)]
        found = [(number, words) for number, words in found if words[0] == word]
        main = (number for number, words in found if "meta.main" in words)
        return next(main, found[0][0] if found else None)


def read_result(opened: OpenQuery) -> QueryResult:
    """Return the first rows of a query and count the others; the stream is closed."""
    started = time.monotonic()
    columns = opened.description.columns
    rows: list[tuple[str | None, ...]] = []
    total = 0
    with opened.stream as stream:
        limited = LimitedBatches(stream, opened.limit.rows)
        for batch in limited:
            if len(rows) < _SHOWN_ROWS:
                rows += _texts(batch.slice(0, _SHOWN_ROWS - len(rows)), columns)
            total += batch.num_rows
    seconds = time.monotonic() - started
    return QueryResult(columns, tuple(rows), total, limited.overflow, opened.tables, opened.cost, seconds)


def _texts(batch: pa.RecordBatch, columns: tuple[Column, ...]) -> list[tuple[str | None, ...]]:
    arrays = canonical_arrays(batch, columns)
    texts = [cell_texts(array, column, _INFINITIES).to_pylist() for array, column in zip(arrays, columns, strict=True)]
    return [tuple(map(_shortened, row)) for row in zip(*texts, strict=True)]


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]} …"
