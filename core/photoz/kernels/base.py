"""Interface of the arithmetic of one form of densities, and what all forms may inherit."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm

__all__ = ["Doubles", "Kernel"]

Doubles = NDArray[np.float64]

#: Points of the Gauss-Legendre rule on each side of the given redshift, for a CRPS without a closed form.
_CRPS_POINTS = 128
#: Points between the outer quantiles at which the highest density is looked for.
_MODE_POINTS = 501
_OUTER_QUANTILE = 1e-6


class Kernel(ABC):
    """Densities of n objects of one form, all of them valid.

    Redshifts and probabilities come as arrays of shape (n, m), and results have that shape. What lies beyond the ends
    of a density has the density 0.
    """

    def __init__(self, form: DensityForm, parameters: Doubles) -> None:
        self.grid = np.asarray(form.grid, dtype=np.float64)
        self.parameters = parameters

    @staticmethod
    @abstractmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows of finite parameters stand for a density."""

    @abstractmethod
    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""

    @abstractmethod
    def cdf(self, z: Doubles) -> Doubles:
        """Return the probabilities of lower redshifts."""

    @abstractmethod
    def quantile(self, p: Doubles) -> Doubles:
        """Return the redshifts at probabilities strictly between 0 and 1."""

    @abstractmethod
    def moments(self) -> tuple[Doubles, Doubles]:
        """Return the means and the variances, each of shape (n,)."""

    def mode(self) -> Doubles:
        """Return the redshift of the highest density of each object, on a grid between its outer quantiles."""
        rows = len(self.parameters)
        ends = self.quantile(np.tile([_OUTER_QUANTILE * 100, 1 - _OUTER_QUANTILE * 100], (rows, 1)))
        grid = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.linspace(0, 1, _MODE_POINTS)
        return _at(grid, np.argmax(self.density(grid), axis=1))

    def on_grid(self, grid: Doubles) -> Doubles:
        """Return the densities on a grid, of shape (n, g)."""
        return self.density(np.broadcast_to(grid, (len(self.parameters), len(grid))))

    def cdf_on_grid(self, grid: Doubles) -> Doubles:
        """Return the CDF on a grid, of shape (n, g)."""
        return self.cdf(np.broadcast_to(grid, (len(self.parameters), len(grid))))

    def total_on_grid(self, grid: Doubles) -> Doubles:
        """Return the sum of the densities of all objects on a grid, of shape (g,)."""
        total: Doubles = self.on_grid(grid).sum(axis=0)
        return total

    def crps(self, z: Doubles) -> Doubles:
        """Return the continuous ranked probability score against redshifts of shape (n,), by quadrature."""
        outer = self.quantile(np.tile([_OUTER_QUANTILE, 1 - _OUTER_QUANTILE], (len(z), 1)))
        nodes, weights = np.polynomial.legendre.leggauss(_CRPS_POINTS)
        nodes = (nodes + 1) / 2
        lower, upper = np.minimum(outer[:, 0], z)[:, None], np.maximum(outer[:, 1], z)[:, None]
        given = z[:, None]
        below = self.cdf(lower + (given - lower) * nodes) ** 2 @ weights * (given - lower)[:, 0]
        above = (1 - self.cdf(given + (upper - given) * nodes)) ** 2 @ weights * (upper - given)[:, 0]
        result: Doubles = (below + above) / 2
        return result


def _at(values: Doubles, index: NDArray[np.intp]) -> Doubles:
    """Return one value of each row."""
    return np.take_along_axis(values, index[:, None], axis=1)[:, 0]
