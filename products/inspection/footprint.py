"""Sky coverage of the rows of a table: a MOC (IVOA MOC 2.0) and a density map."""

import math
from dataclasses import dataclass

import numpy as np

from core.sky.healpix import FINEST_ORDER

__all__ = ["DensityMap", "Footprint"]

_MOC_ORDER = 10
_COARSEST_MOC = 5
_DENSITY_ORDER = 5
_LONGEST_MOC = 100_000
#: Maximum number of cells for which a MOC is attempted.
_MOST_CELLS = 100_000
_ROWS_A_CELL = 3
_WHOLE_SKY_DEG2 = 4 * math.pi * math.degrees(1) ** 2


@dataclass(frozen=True, slots=True)
class DensityMap:
    """Number of rows in each cell of a HEALPix map, NESTED; empty cells are left out."""

    order: int
    cells: tuple[int, ...]
    counts: tuple[int, ...]


class Footprint:
    """Accumulator of the HEALPix cells of rows."""

    def __init__(self) -> None:
        self._seen = np.zeros(12 * 4**_MOC_ORDER, dtype=bool)
        self._counts = np.zeros(12 * 4**_DENSITY_ORDER, dtype=np.int64)

    def add(self, cells: np.ndarray) -> None:
        """Add rows.

        Parameters
        ----------
        cells
            NESTED indices at order 29 of the rows that have a position.
        """
        moc_cells = cells >> 2 * (FINEST_ORDER - _MOC_ORDER)
        self._seen[moc_cells] = True
        self._counts += np.bincount(moc_cells >> 2 * (_MOC_ORDER - _DENSITY_ORDER), minlength=len(self._counts))

    def density(self) -> DensityMap | None:
        """Return the density map, or None when no row has a position."""
        cells = np.flatnonzero(self._counts)
        if not len(cells):
            return None
        return DensityMap(_DENSITY_ORDER, tuple(cells.tolist()), tuple(self._counts[cells].tolist()))

    def moc(self) -> tuple[str, float] | None:
        """Return the footprint as an ASCII MOC with its area in square degrees, or None when no row has a position.

        The order is at most 10. It is lowered, at most to 5, until occupied cells have three rows on average, so that
        sparse rows give an area instead of a list of points; and further while the text is too long.
        """
        rows = int(self._counts.sum())
        if not rows:
            return None
        from mocpy import MOC

        order, seen = _MOC_ORDER, self._seen
        while (cells := int(np.count_nonzero(seen))) > _MOST_CELLS or (
            order > _COARSEST_MOC and cells * _ROWS_A_CELL > rows
        ):
            order, seen = order - 1, _coarser(seen)
        while True:
            moc = MOC.from_healpix_cells(np.flatnonzero(seen).astype(np.uint64), np.uint8(order), max_depth=order)
            text = str(moc.to_string(format="ascii")).strip()
            if len(text) <= _LONGEST_MOC:
                return text, float(moc.sky_fraction) * _WHOLE_SKY_DEG2
            order, seen = order - 1, _coarser(seen)


def _coarser(seen: np.ndarray) -> np.ndarray:
    """Return the map of the next lower order."""
    # Four booleans are as long as one number; to reduce them takes 20 times as long.
    coarser: np.ndarray = seen.view(np.uint32) != 0
    return coarser
