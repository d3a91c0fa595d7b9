"""Positions on the sky as unit vectors, without special cases at the poles and at RA 0."""

from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from core.errors import InvalidValueError
from core.sky.positions import placed_rows

if TYPE_CHECKING:
    from scipy.spatial import KDTree

__all__ = ["SkyPositions"]

#: Few enough that what is worked out on the way stays in the caches of a processor.
_ROWS_AT_A_TIME = 16_384


class SkyPositions:
    """Positions of the rows of a table, ready to be matched.

    Parameters
    ----------
    ra, dec
        Right ascension and declination in degrees, of the same length. Rows without a position, by the rule of
        `core.sky.positions`, keep their row number and match nothing.

    Raises
    ------
    InvalidValueError
        When the lengths differ.
    """

    def __init__(self, ra: npt.ArrayLike, dec: npt.ArrayLike) -> None:
        alpha, delta = np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64)
        if alpha.ndim != 1 or alpha.shape != delta.shape:
            raise InvalidValueError(
                f"RA and Dec must be columns of one length, not of shapes {alpha.shape} and {delta.shape}."
            )
        there, _ = placed_rows(alpha, delta)
        self._length = len(alpha)
        #: Numbers of the rows that have a position.
        self.rows: npt.NDArray[np.int64] = np.flatnonzero(there).astype(np.int64, copy=False)
        if len(self.rows) < self._length:
            alpha, delta = alpha[there], delta[there]
        #: Unit vectors of those rows, one a line.
        self.vectors: npt.NDArray[np.float64] = _unit_vectors(alpha, delta)

    @classmethod
    def of_vectors(cls, vectors: npt.NDArray[np.float64]) -> Self:
        """Create positions from unit vectors, one per row."""
        positions = cls([], [])
        positions._length = len(vectors)
        positions.rows = np.arange(len(vectors), dtype=np.int64)
        positions.vectors = vectors
        return positions

    def __len__(self) -> int:
        return self._length

    @cached_property
    def tree(self) -> "KDTree":
        """The k-d tree of the unit vectors, built on first use."""
        from scipy.spatial import KDTree

        # Sliding midpoints build three times faster than medians, and searches of small radii lose nothing.
        return KDTree(self.vectors, balanced_tree=False, compact_nodes=False)


def _unit_vectors(ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    vectors = np.empty((len(ra), 3))
    for start in range(0, len(ra), _ROWS_AT_A_TIME):
        here = slice(start, start + _ROWS_AT_A_TIME)
        alpha, delta = np.radians(ra[here]), np.radians(dec[here])
        cos_delta = np.cos(delta)
        np.multiply(cos_delta, np.cos(alpha), out=vectors[here, 0])
        np.multiply(cos_delta, np.sin(alpha), out=vectors[here, 1])
        np.sin(delta, out=vectors[here, 2])
    return vectors
