"""Partitions of a HATS catalogue, and the rows around each of them that its margin cache holds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.sky.healpix import FINEST_ORDER, cells_around, divided_rows
from pipelines.crossmatch.reach import finest_order

__all__ = ["Cell", "divided", "margin_rows"]

_Places = npt.NDArray[np.int64]

#: Cells are not divided beyond this order (0.8 arcseconds): rows at one position cannot be separated.
_FINEST = 18


@dataclass(frozen=True, slots=True)
class Cell:
    """A HEALPix cell with the range of its rows, which are sorted by their cells of order 29."""

    order: int
    pixel: int
    first: int
    beyond: int

    def __len__(self) -> int:
        return self.beyond - self.first


def divided(cells: _Places, most: int) -> Iterator[Cell]:
    """Divide the sky into cells with at most so many rows; empty cells are as large as they can be.

    Parameters
    ----------
    cells
        The sorted cells of order 29 of all rows.
    """
    for bounds in divided_rows(cells, most, _FINEST):
        yield Cell(*bounds)


def margin_rows(cells: _Places, partition: Cell, radius_arcsec: float) -> _Places:
    """Return the rows outside a partition that may be within a radius of it, in the order of their cells.

    They lie in the cells around it that are at least four times as wide as the radius.
    """
    from cdshealpix.nested import neighbours

    order = max(finest_order(radius_arcsec), 0)
    if partition.order < order:
        around = cells_around(partition.order, partition.pixel, order - partition.order)
    else:
        parent = partition.pixel >> 2 * (partition.order - order)
        around = np.unique(neighbours(np.array([parent]), order).astype(np.int64))
        around = around[around >= 0]  # at some corners, one does not exist
    shift = 2 * (FINEST_ORDER - order)
    starts, ends = np.searchsorted(cells, around << shift), np.searchsorted(cells, (around + 1) << shift)
    lengths = ends - starts
    rows: _Places = np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return rows[(rows < partition.first) | (rows >= partition.beyond)]
