"""Region of the sky that can contain matches, as ranges of HEALPix cells.

Cells are at least four times as wide as the radius, so a position and its matches lie in one cell or in cells that
touch; of a large catalogue only what lies in these cells is read and matched.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.sky.healpix import FINEST_ORDER, ranges_of_cells

__all__ = ["Reach", "finest_order", "reach_around"]

#: Width of the cells of order 0 in arcseconds: the square root of a twelfth of the sky.
_WIDTH = 58.632 * 3600

#: Finer cells would only be more of them: at this order one is 0.2 arcseconds wide.
_FINEST = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """Disjoint ranges of cells of order 29, from ``first`` to ``beyond`` (exclusive)."""

    first: npt.NDArray[np.int64]
    beyond: npt.NDArray[np.int64]

    def contains(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return for each cell whether it is in reach."""
        place = np.searchsorted(self.first, cells, side="right") - 1
        inside: npt.NDArray[np.bool_] = (place >= 0) & (cells < self.beyond[place])
        return inside

    def overlaps(self, first: int, last: int) -> bool:
        """Return whether any cell from ``first`` to ``last`` is in reach."""
        place = int(np.searchsorted(self.first, last, side="right")) - 1
        return place >= 0 and int(self.beyond[place]) > first


def finest_order(radius_arcsec: float) -> int:
    """Return the order of the smallest cells that are four times as wide as a radius; negative if none is."""
    return min(int(np.floor(np.log2(_WIDTH / (4 * radius_arcsec)))), _FINEST)


def reach_around(cells: npt.NDArray[np.int64], radius_arcsec: float) -> Reach:
    """Return the region within a radius of cells of order 29; negative cells are ignored."""
    from cdshealpix.nested import neighbours

    order = finest_order(radius_arcsec)
    if order < 0:
        return Reach(np.zeros(1, np.int64), np.full(1, 12 << 2 * FINEST_ORDER, np.int64))
    own = _distinct(cells[cells >= 0] >> 2 * (FINEST_ORDER - order))
    # At the corners of the twelve base cells one neighbour does not exist, and is -1.
    around = neighbours(own, order).astype(np.int64).ravel() if len(own) else own
    first, beyond = ranges_of_cells(around, order).T.copy()
    return Reach(first, beyond)


def _distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    # numpy.unique hashes, which takes a hundred times as long as sorting for indices that are near each other.
    values = np.sort(values)
    distinct: npt.NDArray[np.int64] = values[np.diff(values, prepend=-2) != 0]
    return distinct
