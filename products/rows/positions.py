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

    Attributes
    ----------
    counts
        What is wrong with the coordinates of all rows so far.
    """

    def __init__(self, ra: str, dec: str) -> None:
        self._ra, self._dec = ra, dec
        self.counts = PositionCounts()

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
        self.counts += counts
        return np.where(placed, nested_indices(ra, dec), 0), placed


def numbers_of(array: pa.Array) -> np.ndarray:
    """Return a column of numbers as float64, with NaN for null."""
    numbers: np.ndarray = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers
