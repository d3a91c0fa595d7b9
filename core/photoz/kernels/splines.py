"""Densities that are splines with knots and coefficients of each object (``qp.spline``).

As in ``qp``, which integrates by FITPACK's ``splint``, splines are taken as they are given, without normalisation.
Outside of the knots the density is 0, where qp extrapolates the outermost polynomials.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel
from core.photoz.kernels.tables import rank

__all__ = ["Splines"]

#: Largest degree of FITPACK.
_HIGHEST_DEGREE = 5
#: Points of the Gauss-Legendre rule on each piece: exact for the square of the redshift times degree 5.
_POINTS = 4
_BISECTIONS = 60


class Splines(Kernel):
    """Densities by knots, coefficients (padded to the number of knots) and degree."""

    def __init__(self, form: DensityForm, parameters: Doubles) -> None:
        super().__init__(form, parameters)
        count = form.size // 2
        self._knots, self._coefficients = parameters[:, :count], parameters[:, count : 2 * count]
        self._degrees = parameters[:, -1].astype(np.intp)

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows have knots that do not decrease, a degree of FITPACK, and a positive integral."""
        count, degrees = form.size // 2, parameters[:, -1]
        sound = (
            (degrees >= 1) & (degrees <= _HIGHEST_DEGREE) & (degrees == np.floor(degrees)) & (count >= 2 * degrees + 2)
        )
        knots = parameters[:, :count]
        sound &= np.all(np.diff(knots, axis=1) >= 0, axis=1) & (knots[:, -1] > knots[:, 0])
        result = np.zeros(len(parameters), dtype=np.bool_)
        if sound.any():
            result[sound] = Splines(form, parameters[sound])._totals > 0  # noqa: SLF001 - its own class
        return result

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts, 0 outside of the knots."""
        result = self._by_degree(self._knots, self._coefficients, z, 0)
        return np.where((z < self._knots[:, :1]) | (z > self._knots[:, -1:]), 0.0, result)

    def cdf(self, z: Doubles) -> Doubles:
        """Return the integrals up to redshifts."""
        inside = np.clip(z, self._knots[:, :1], self._knots[:, -1:])
        return self._by_degree(*self._integrated, inside, 1)

    def quantile(self, p: Doubles) -> Doubles:
        """Return the redshifts at probabilities of the normalised density, by bisection; qp has none."""
        low = np.broadcast_to(self._knots[:, :1], p.shape)
        high = np.broadcast_to(self._knots[:, -1:], p.shape)
        wanted = p * self._totals[:, None]
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = self.cdf(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return means and variances of the normalised density."""
        nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
        widths = np.diff(self._knots, axis=1)[:, :, None]
        points = (self._knots[:, :-1, None] + widths * (nodes + 1) / 2).reshape(len(widths), -1)
        masses = self.density(points) * (widths * weights / 2).reshape(points.shape)
        total = np.sum(masses, axis=1)
        mean = np.sum(masses * points, axis=1) / total
        return mean, np.sum(masses * points * points, axis=1) / total - mean * mean

    @cached_property
    def _totals(self) -> Doubles:
        """Integrals of the densities."""
        return self.cdf(self._knots[:, -1:])[:, 0]

    @cached_property
    def _integrated(self) -> tuple[Doubles, Doubles]:
        """Knots and coefficients of the integrals, which are splines of the next degree."""
        first, last = self._knots[:, :1], self._knots[:, -1:]
        cumulated = np.zeros((len(first), self._knots.shape[1] + 2))
        for degree in np.unique(self._degrees):
            rows, used = self._degrees == degree, self._knots.shape[1] - degree - 1
            spans = self._knots[rows, degree + 1 :] - self._knots[rows, :used]
            cumulated[rows, 1 : used + 1] = np.cumsum(self._coefficients[rows, :used] * spans / (degree + 1), axis=1)
        return np.concatenate([first, self._knots, last], axis=1), cumulated

    def _by_degree(self, knots: Doubles, coefficients: Doubles, z: Doubles, more: int) -> Doubles:
        """Return the values of splines, for the rows of each degree together."""
        result = np.empty(z.shape)
        for degree in np.unique(self._degrees):
            rows = self._degrees == degree
            result[rows] = _values(knots[rows], coefficients[rows], int(degree) + more, z[rows])
        return result


def _values(knots: Doubles, coefficients: Doubles, degree: int, z: Doubles) -> Doubles:
    """Return the values of splines by de Boor's algorithm."""
    piece = np.clip(rank(knots, z) - 1, degree, knots.shape[1] - degree - 2)
    parts = [np.take_along_axis(coefficients, piece - degree + j, axis=1) for j in range(degree + 1)]
    for level in range(1, degree + 1):
        for j in range(degree, level - 1, -1):
            start = np.take_along_axis(knots, piece - degree + j, axis=1)
            end = np.take_along_axis(knots, piece + 1 + j - level, axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(end > start, (z - start) / (end - start), 0.0)
            parts[j] = (1 - share) * parts[j - 1] + share * parts[j]
    return parts[degree]
