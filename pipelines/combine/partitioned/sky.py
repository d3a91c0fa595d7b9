"""Partitions of the sky by numbers of rows, and the cells around each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.sky.healpix import FINEST_ORDER, cell_range, cells_around, divided_cells
from pipelines.crossmatch.reach import finest_order

__all__ = ["SkyPartition", "divided_sky"]

_Cells = npt.NDArray[np.int64]

#: Cells of a margin have this many orders more than their partition: they are 1/64 as wide.
_MARGIN_ORDERS = 6


@dataclass(frozen=True, slots=True)
class SkyPartition:
    """A HEALPix cell of the NESTED scheme."""

    order: int
    pixel: int

    @property
    def bounds(self) -> tuple[int, int]:
        """Its first cell of order 29, and the one beyond its last."""
        return cell_range(self.order, self.pixel)

    def margin(self, radius_arcsec: float) -> tuple[_Cells, _Cells]:
        """Return ranges of cells of order 29 outside the partition that hold all that is within a radius of it."""
        finer = max(min(_MARGIN_ORDERS, finest_order(radius_arcsec) - self.order), 0)
        around = cells_around(self.order, self.pixel, finer)
        shift = 2 * (FINEST_ORDER - self.order - finer)
        return around << shift, (around + 1) << shift


def divided_sky(count: Callable[[int, int], int], radius_arcsec: float, most: int) -> Iterator[SkyPartition]:
    """Divide the sky until each partition has no more rows than ``most``, or is four times as wide as the radius.

    Parameters
    ----------
    count
        Returns the number of rows in cells of order 29 from one to another (exclusive).
    """
    for order, pixel, rows in divided_cells(count, most, finest_order(radius_arcsec)):
        if rows:
            yield SkyPartition(order, pixel)
