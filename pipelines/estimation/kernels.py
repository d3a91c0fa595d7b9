"""Gaussian kernels of training redshifts on the grid, and their weighted sums for many objects."""

import numpy as np
from numpy.typing import NDArray

from core.photoz.kernels.gridded import trapezium_weights

__all__ = ["RedshiftKernels"]

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]

#: Most redshifts that are told apart between the ends of the grid.
_DISTINCT = 30_000
#: Numbers in the array of kernels.
_MOST_NUMBERS = 30_000_000


class RedshiftKernels:
    """Densities on a grid of objects whose redshifts are known: Gaussians of a width in units of 1 + z.

    Redshifts are rounded to the 30 000th part of the grid (1e-4 between 0 and 3), or so that the array of kernels stays
    below 120 MB. A kernel is at least half a step of the grid wide, and normalised on it.

    Parameters
    ----------
    redshifts
        Redshifts within the grid.
    bandwidth
        Standard deviation in units of 1 + z.
    """

    def __init__(self, redshifts: Doubles, grid: Doubles, bandwidth: float) -> None:
        self.grid = grid
        self.steps = trapezium_weights(grid)
        distinct = max(min(_DISTINCT, _MOST_NUMBERS // len(grid)), 1)
        unit = (grid[-1] - grid[0]) / distinct
        numbers, self._rows = np.unique(np.round((redshifts - grid[0]) / unit), return_inverse=True)
        centres = grid[0] + numbers * unit
        widths = np.maximum(bandwidth * (1 + centres), np.diff(grid).max() / 2)
        kernels = np.exp(-0.5 * np.square((grid - centres[:, None]) / widths[:, None]))
        self._kernels = (kernels / (kernels @ self.steps)[:, None]).astype(np.float32)

    def sums(self, neighbours: NDArray[np.intp], weights: Doubles) -> Singles:
        """Return the weighted means of the kernels of some training objects.

        Parameters
        ----------
        neighbours
            Numbers of training objects, of shape (n, k).
        weights
            Weights of the same shape, of positive sum.

        Returns
        -------
        Densities of shape (n, grid), each of integral 1.
        """
        from scipy.sparse import csr_array

        count, each = neighbours.shape
        shares = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        ends = np.arange(0, count * each + 1, each)
        matrix = csr_array((shares.ravel(), self._rows[neighbours].ravel(), ends), shape=(count, len(self._kernels)))
        return np.asarray(matrix @ self._kernels)

    def all(self) -> Singles:
        """Return the mean of all kernels: the redshift distribution of the training set."""
        counts = np.bincount(self._rows, minlength=len(self._kernels)).astype(np.float64)
        return np.asarray((counts / counts.sum()) @ self._kernels, dtype=np.float32)
