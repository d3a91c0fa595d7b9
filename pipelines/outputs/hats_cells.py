"""Partitions of a HATS catalogue, and the rows around each of them that its margin cache holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.sky.healpix import cell_range, cells_around, divided_cells, ranges_of_cells
from pipelines.crossmatch.reach import finest_order

__all__ = ["Cell", "divided", "margin_ranges"]

_Places = npt.NDArray[np.int64]

#: Cells are not divided beyond this order (0.8 arcseconds): rows at one position cannot be separated.
_FINEST = 18


@dataclass(frozen=True, slots=True)
class Cell:
    """A HEALPix cell with the number of its rows."""

    order: int
    pixel: int
    rows: int

    def ranges(self) -> tuple[_Places, _Places]:
        """Return the first cell of order 29 in it and the one beyond its last, each of shape (1,)."""
        first, beyond = cell_range(self.order, self.pixel)
        return np.array([first]), np.array([beyond])


def divided(count: Callable[[int, int], int], most: int) -> Iterator[Cell]:
    """Divide the sky into cells with at most so many rows; empty cells are as large as they can be.

    Parameters
    ----------
    count
        Returns the number of rows in cells of order 29 from one to another (exclusive).
    """
    for order, pixel, rows in divided_cells(count, most, _FINEST):
        yield Cell(order, pixel, rows)


def margin_ranges(partition: Cell, radius_arcsec: float) -> tuple[_Places, _Places]:
    """Return where the rows outside a partition are that may be within a radius of it.

    They lie in the cells around it that are at least four times as wide as the radius.

    Returns
    -------
    First cells of order 29 of ranges, and the ones beyond their last, ascending and without overlaps.
    """
    from cdshealpix.nested import neighbours

    order = max(finest_order(radius_arcsec), 0)
    if partition.order < order:
        around = cells_around(partition.order, partition.pixel, order - partition.order)
        ranges = ranges_of_cells(around, order)
        return ranges[:, 0], ranges[:, 1]
    parent = partition.pixel >> 2 * (partition.order - order)
    # At some corners, a neighbour does not exist, which is -1. The parent is among the cells, but not the partition.
    around = np.unique(neighbours(np.array([parent]), order).astype(np.int64))
    ranges = ranges_of_cells(around, order)
    first, beyond = cell_range(partition.order, partition.pixel)
    starts = np.sort(np.append(ranges[:, 0], beyond))
    ends = np.sort(np.append(ranges[:, 1], first))
    filled = starts < ends
    return starts[filled], ends[filled]
