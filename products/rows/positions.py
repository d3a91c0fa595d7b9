"""HEALPix indices of rows: NESTED, order 29 (Górski et al. 2005), computed batch by batch."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.sky.healpix import nested_indices
from core.sky.positions import PositionCounts, placed_rows

__all__ = ["PositionIndexer", "numbers_of"]


class PositionIndexer:
    """Compute HEALPix indices from right ascensions and declinations, and count invalid positions.

    Parameters
    ----------
    ra, dec
        Names of the columns, in degrees.
    """

    def __init__(self, ra: str, dec: str) -> None:
        self._ra, self._dec = ra, dec
        self.ra_missing = self.ra_negative = self.ra_outside = 0
        self.dec_missing = self.dec_outside = self.no_position = 0

    def index(self, batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the rows of a batch.

        Returns
        -------
        cells
            Index of each row, int64; 0 for rows without a position.
        placed
            Whether each row has a position, as `core.sky.positions` defines it.
        """
        ra, dec = numbers_of(batch.column(self._ra)), numbers_of(batch.column(self._dec))
        placed, counts = placed_rows(ra, dec)
        self._add(counts)
        return np.where(placed, nested_indices(ra, dec), 0), placed

    def _add(self, counts: PositionCounts) -> None:
        self.ra_missing += counts.ra_missing
        self.ra_negative += counts.ra_negative
        self.ra_outside += counts.ra_outside
        self.dec_missing += counts.dec_missing
        self.dec_outside += counts.dec_outside
        self.no_position += counts.no_position


def numbers_of(array: pa.Array) -> np.ndarray:
    """Return a column of numbers as float64, with NaN for null."""
    numbers: np.ndarray = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers
