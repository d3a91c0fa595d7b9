"""HEALPix partitions of stored rows, which are sorted by their index of order 29, and the cells of their margins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.columns import HEALPIX_COLUMN
from core.sky.healpix import FINEST_ORDER, cells_around, ranges_of_cells
from products.rows.stored_file import StoredFile

__all__ = ["FINEST_PARTITIONS", "Partition", "count_margin_rows", "margin_ranges", "partitions_of"]

#: Finest order of partitions: cells of 14 arcminutes.
FINEST_PARTITIONS = 8

#: Mean width of a cell of order 0 in arcseconds, and the least share of it that separates opposite edges of a cell.
_CELL_ARCSEC = 58.6 * 3600
_LEAST_WIDTH = 0.5

_Ranges = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of a HEALPix cell.

    Parameters
    ----------
    start, stop
        Places of its rows in the file; ``stop`` is not included.
    """

    order: int
    pixel: int
    start: int
    stop: int


def partitions_of(path: Path, most_rows: int) -> tuple[Partition, ...]:
    """Return the largest cells with at most so many rows, in the order of the sky.

    Cells of the finest order of partitions may have more. Rows without a position are in none.
    """
    counts = _counts(path)
    starts = np.concatenate([[0], np.cumsum(counts)])
    found: list[Partition] = []
    cells = np.arange(12, dtype=np.int64)
    for order in range(FINEST_PARTITIONS + 1):
        shift = 2 * (FINEST_PARTITIONS - order)
        first, last = starts[cells << shift], starts[(cells + 1) << shift]
        rows = last - first
        whole = (rows > 0) & ((rows <= most_rows) | (order == FINEST_PARTITIONS))
        places = zip(cells[whole].tolist(), first[whole].tolist(), last[whole].tolist(), strict=True)
        found.extend(Partition(order, pixel, start, stop) for pixel, start, stop in places)
        cells = ((cells[(rows > 0) & ~whole] << 2)[:, None] + np.arange(4)).ravel()
    return tuple(sorted(found, key=lambda item: item.start))


def margin_ranges(order: int, pixel: int, arcsec: float) -> _Ranges:
    """Return the ranges of cells of order 29 around a cell in which all positions within a distance of it lie.

    Returns
    -------
    Starts and ends, which are not included, shape (n, 2), in ascending order, none of which touch.
    """
    depth = max(order, min(FINEST_ORDER, int(np.log2(_CELL_ARCSEC * _LEAST_WIDTH / arcsec))))
    return ranges_of_cells(cells_around(order, pixel, depth - order), depth)


def count_margin_rows(path: Path, partitions: Sequence[Partition], arcsec: float) -> int:
    """Return the number of rows in the margins of all partitions together."""
    ranges = [margin_ranges(item.order, item.pixel, arcsec) for item in partitions]
    count = 0
    with StoredFile(path) as file:
        for group in range(file.num_row_groups):
            index = pc.drop_null(file.read_row_group(group, [HEALPIX_COLUMN]).column(0)).to_numpy()
            for around in ranges:
                ends = np.searchsorted(index, around)
                count += int((ends[:, 1] - ends[:, 0]).sum())
    return count


def _counts(path: Path) -> NDArray[np.int64]:
    """Return the number of rows of each cell of the finest order of partitions."""
    counts = np.zeros(12 << 2 * FINEST_PARTITIONS, np.int64)
    with StoredFile(path) as file:
        for group in range(file.num_row_groups):
            index = pc.drop_null(file.read_row_group(group, [HEALPIX_COLUMN]).column(0)).to_numpy()
            cells, rows = np.unique(index >> 2 * (FINEST_ORDER - FINEST_PARTITIONS), return_counts=True)
            counts[cells] += rows
    return counts
