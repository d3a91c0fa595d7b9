"""Regions of joins by distance: the cells of the sky near rows of the other table, found by a query before the join.

A join of a few uploaded positions with a survey catalogue reads the partitions around these positions alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.columns import HEALPIX_COLUMN
from core.sky.healpix import FINEST_ORDER, ranges_of_cells
from tap.adql import CatalogTable, NearJoin, Scan, Translation
from tap.adql.cell_ranges import Ranges, common_ranges
from tap.engine import EngineTable, ResultStream
from tap.models import TapTable

__all__ = ["JoinRegions"]

_FINEST_CELLS = 11
#: Mean width of a cell of order 0 in degrees, and the least share of it that separates opposite edges of a cell.
_CELL_DEGREES = 58.6
_LEAST_WIDTH = 0.5
#: A survey catalogue is read for the positions of its rows when the other one has so many times more rows.
_FEWER = 4


class JoinRegions:
    """Finder of the regions of the joins of one query.

    Parameters
    ----------
    table_of
        Returns the table of an entry of the catalogue; None for uploaded ones.
    engine_table
        Returns the table for the engine, given the scans of the query.
    run
        Runs SQL on one table.
    """

    def __init__(
        self,
        table_of: Callable[[CatalogTable], TapTable | None],
        engine_table: Callable[[CatalogTable, Sequence[Scan]], EngineTable],
        run: Callable[[str, EngineTable], ResultStream],
    ) -> None:
        self._table_of = table_of
        self._engine_table = engine_table
        self._run = run

    def restricted(self, translation: Translation) -> tuple[Scan, ...]:
        """Return the scans of a query; those of tables of many files are restricted to the regions of their joins.

        Raises
        ------
        core.errors.PhotozError
            The query on the other table failed, or would read too much.
        """
        scans = {scan.alias: scan for scan in translation.scans}
        entries = {(entry.engine_schema, entry.engine_table): entry for entry in translation.tables}
        found: dict[str, Ranges] = {}
        for join in translation.near:
            scan, other = scans.get(join.alias), scans.get(join.other_alias)
            entry = None if scan is None else entries.get((scan.schema, scan.table))
            table = None if entry is None else self._table_of(entry)
            if scan is None or other is None or table is None or table.planned is None:
                continue
            if self._is_worth_it(scan, table, other, join):
                ranges = self._ranges(join, other, translation.scans)
                known = found.get(join.alias)
                found[join.alias] = ranges if known is None else common_ranges(known, ranges)
        return tuple(scan.within(found.get(scan.alias)) for scan in translation.scans)

    def _is_worth_it(self, scan: Scan, table: TapTable, other: Scan, join: NearJoin) -> bool:
        described = self._table_of(join.other)
        if described is None or described.planned is None:
            return True
        if scan.ranges is not None:
            return False
        fewer = (described.row_count or 0) * _FEWER < (table.row_count or 0)
        return other.ranges is not None or fewer

    def _ranges(self, join: NearJoin, other: Scan, scans: Sequence[Scan]) -> Ranges:
        order = _order(join.radius)
        if order is None:
            return ((0, (12 << 2 * FINEST_ORDER) - 1),)
        columns = {found for node in (join.position.lon, join.position.lat) for found in _columns_of(node)}
        alone = replace(other, columns=frozenset({HEALPIX_COLUMN, *columns}), rows=None)
        table = self._engine_table(join.other, [scan if scan is not other else alone for scan in scans])
        with self._run(join.cells_sql(order, other.ranges), table) as stream:
            batches = [batch.column(0).drop_null().to_numpy() for batch in stream]
        cells = np.concatenate(batches) if batches else np.empty(0, np.int64)
        return _around(cells, order)


def _columns_of(node: object) -> Iterator[str]:
    from sqlglot import exp

    if isinstance(node, exp.Expr):
        yield from (column.name for column in node.find_all(exp.Column))


def _order(radius: float) -> int | None:
    """Return the finest order at which a circle lies in the cell of its centre and the neighbours of this cell."""
    order = int(np.floor(np.log2(_CELL_DEGREES * _LEAST_WIDTH / max(radius, 1e-9))))
    return None if order < 0 else min(_FINEST_CELLS, order)


def _around(cells: NDArray[np.int64], order: int) -> Ranges:
    """Return the ranges of cells of order 29 in which some cells and their neighbours are."""
    from cdshealpix.nested import neighbours

    cells = cells[cells >= 0]
    if not len(cells):
        return ()
    # The neighbours of a cell have the cell itself among them.
    ranges = ranges_of_cells(neighbours(cells.astype(np.uint64), order).astype(np.int64).ravel(), order)
    return tuple((first, end - 1) for first, end in ranges.tolist())
