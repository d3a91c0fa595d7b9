"""Redshift distribution N(z) of a sample: the sum of the densities of its objects."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.photoz.densities import Densities

__all__ = ["stacked"]


def stacked(densities: Densities, grid: ArrayLike) -> NDArray[np.float64]:
    """Return N(z) on a grid: the sum of the normalised densities of all objects.

    It counts objects per unit of redshift: its integral over all redshifts is the number of objects that have a
    density, so that the N(z) of parts of a sample add up. Objects without a density are left out.

    Returns
    -------
    Array of shape (g,).
    """
    return densities.total_on_grid(grid)
