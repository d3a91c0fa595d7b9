"""Partitions of a table by HEALPix cells, small enough to be matched with bounded memory.

A partition comes with its margin: the rows of later partitions that may match one of its own. So two rows that could
match stand together in exactly one partition of which one is, and nothing depends on how the sky was divided.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.sky.healpix import FINEST_ORDER, cells_around, divided_rows, nested_indices
from pipelines.crossmatch.reach import finest_order

__all__ = ["DividedSky", "Partition"]

_Places = npt.NDArray[np.int64]

#: Cells of a margin have this many orders more than their partition: they are 1/64 as wide.
_MARGIN_ORDERS = 6
_ROWS_AT_A_TIME = 1_000_000


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows of one cell: the range from ``first`` to ``beyond`` (exclusive) in the order of cells."""

    order: int
    pixel: int
    first: int
    beyond: int


class DividedSky:
    """Positions in the order of their HEALPix cells.

    Parameters
    ----------
    vectors
        Unit vectors, one a line.
    radius_arcsec
        Rows that are farther apart need not stand together. Cells less than four times as wide are not divided.
    """

    def __init__(self, vectors: npt.NDArray[np.float64], radius_arcsec: float) -> None:
        cells = _cells_of(vectors)
        self._finest = finest_order(radius_arcsec)
        self._order: _Places = np.argsort(cells)
        # In place, as a sorted copy would be another 8 bytes a row.
        cells.sort()
        self._cells = cells

    def partitions(self, most: int) -> Iterator[Partition]:
        """Divide the sky until each partition has no more rows than ``most``, or cannot be divided."""
        for order, pixel, first, beyond in divided_rows(self._cells, most, self._finest):
            if first < beyond:
                yield Partition(order, pixel, first, beyond)

    def places(self, partition: Partition) -> tuple[_Places, int]:
        """Return the places of a partition's rows among all that have a position, and after them those of its margin.

        Returns
        -------
        places, own
            The places, and how many of them are not of the margin.
        """
        finer = min(_MARGIN_ORDERS, self._finest - partition.order)
        around = cells_around(partition.order, partition.pixel, finer)
        around = around[around > partition.pixel << 2 * finer]  # later ones
        bounds = np.stack([around, around + 1]) << 2 * (FINEST_ORDER - partition.order - finer)
        starts, ends = np.searchsorted(self._cells, bounds)
        margin = _joined(starts, ends)
        own = self._order[partition.first : partition.beyond]
        return np.concatenate([own, self._order[margin]]), len(own)


def _cells_of(vectors: npt.NDArray[np.float64]) -> _Places:
    cells = np.empty(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _ROWS_AT_A_TIME):
        x, y, z = vectors[start : start + _ROWS_AT_A_TIME].T
        ra, dec = np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
        cells[start : start + _ROWS_AT_A_TIME] = nested_indices(ra, dec)
    return cells


def _joined(starts: _Places, ends: _Places) -> _Places:
    """List the numbers of several ranges."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    numbers: _Places = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return numbers
