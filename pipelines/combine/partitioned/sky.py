"""Partitions of the sky by numbers of rows, and the cells around each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.sky.healpix import FINEST_ORDER
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
        shift = 2 * (FINEST_ORDER - self.order)
        return self.pixel << shift, (self.pixel + 1) << shift

    def margin(self, radius_arcsec: float) -> tuple[_Cells, _Cells]:
        """Return ranges of cells of order 29 outside the partition that hold all that is within a radius of it."""
        from cdshealpix.nested import external_neighbours

        finer = max(min(_MARGIN_ORDERS, finest_order(radius_arcsec) - self.order), 0)
        edges, corners = external_neighbours(np.array([self.pixel]), self.order, finer)
        around = np.unique(np.concatenate([edges.ravel().astype(np.int64), corners.ravel().astype(np.int64)]))
        # A neighbour that does not exist, at some corners, is -1.
        around = around[around >= 0]
        shift = 2 * (FINEST_ORDER - self.order - finer)
        return around << shift, (around + 1) << shift


def divided_sky(count: Callable[[int, int], int], radius_arcsec: float, most: int) -> Iterator[SkyPartition]:
    """Divide the sky until each partition has no more rows than ``most``, or is four times as wide as the radius.

    Parameters
    ----------
    count
        Returns the number of rows in cells of order 29 from one to another (exclusive).
    """
    finest = finest_order(radius_arcsec)
    waiting = [SkyPartition(0, pixel) for pixel in reversed(range(12))]
    while waiting:
        one = waiting.pop()
        rows = count(*one.bounds)
        if rows > most and one.order < finest:
            waiting.extend(SkyPartition(one.order + 1, 4 * one.pixel + child) for child in (3, 2, 1, 0))
        elif rows:
            yield one
