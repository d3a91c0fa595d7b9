"""HEALPix indices of rows: NESTED, order 29 (Górski et al. 2005), computed batch by batch."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.sky.healpix import nested_indices

__all__ = ["PositionIndexer", "numbers_of"]

_LOWEST_RA = -180.0


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
            Whether each row has a position: both coordinates are finite, the right ascension is from -180 to 360
            and the declination from -90 to 90.
        """
        ra, dec = numbers_of(batch.column(self._ra)), numbers_of(batch.column(self._dec))
        placed = self._count(ra, dec)
        return np.where(placed, nested_indices(ra, dec), 0), placed

    def _count(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        ra_known, dec_known = np.isfinite(ra), np.isfinite(dec)
        ra_good = (ra >= _LOWEST_RA) & (ra <= 360)
        dec_good = (dec >= -90) & (dec <= 90)
        placed: np.ndarray = ra_good & dec_good
        self.ra_missing += _number(~ra_known)
        self.ra_negative += _number(ra_good & (ra < 0))
        self.ra_outside += _number(ra_known & ~ra_good)
        self.dec_missing += _number(~dec_known)
        self.dec_outside += _number(dec_known & ~dec_good)
        self.no_position += _number(~placed)
        return placed


def numbers_of(array: pa.Array) -> np.ndarray:
    """Return a column of numbers as float64, with NaN for null."""
    numbers: np.ndarray = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers


def _number(mask: np.ndarray) -> int:
    return int(np.count_nonzero(mask))
