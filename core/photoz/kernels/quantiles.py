"""Densities given by the redshifts at which quantiles are reached (``qp.quant``).

Definitions are those of ``qp`` with its defaults: quantiles that do not reach 0 and 1 are extended linearly; CDF and
quantile function are interpolating splines of degree 2 (knots of ``scipy.interpolate.make_interp_spline``), each of its
own, so that they are only nearly inverse; the density is linear between the slopes of the quantiles.
"""

import sys
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel
from core.photoz.kernels.quadratic import QuadraticSplines
from core.photoz.kernels.tables import interpolated

__all__ = ["Quantiles"]


class Quantiles(Kernel):
    """Densities by the redshifts at shared quantiles."""

    def __init__(self, form: DensityForm, parameters: Doubles) -> None:
        super().__init__(form, parameters)
        self.levels, self.locations = _extended(self.grid, parameters)

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows increase with the quantile."""
        del form
        return np.asarray(np.all(np.diff(parameters, axis=1) >= 0, axis=1) & (parameters[:, -1] > parameters[:, 0]))

    @cached_property
    def slopes(self) -> Doubles:
        """Densities between quantiles; 0 where two share a redshift, where qp has no number."""
        widths = np.diff(self.locations, axis=1)
        return np.divide(np.diff(self.levels), widths, out=np.zeros_like(widths), where=widths > 0)

    @cached_property
    def middles(self) -> Doubles:
        """Redshifts in the middle between quantiles."""
        return self.locations[:, 1:] - np.diff(self.locations, axis=1) / 2

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts: linear between the middles, 0 outside of the outermost."""
        return interpolated(self.middles, self.slopes, z, below=0.0, above=0.0)

    def cdf(self, z: Doubles) -> Doubles:
        """Return the probabilities of lower redshifts.

        The spline may leave the range from 0 to 1 a little, as that of qp does.
        """
        result = self._cdf_splines.at(z)
        return np.where(z < self.locations[:, :1], 0.0, np.where(z > self.locations[:, -1:], 1.0, result))

    def quantile(self, p: Doubles) -> Doubles:
        """Return the redshifts at probabilities."""
        return self._quantile_splines.at(p)

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return means and variances, by integrating powers of the quantile function."""
        nodes, weights = np.polynomial.legendre.leggauss(3)
        pieces = self._quantile_splines.knots
        widths = np.diff(pieces, axis=1)
        points = pieces[:, :-1, None] + widths[:, :, None] * (nodes + 1) / 2
        count = len(self.parameters)
        flat = np.broadcast_to(points.reshape(len(pieces), -1), (count, points[0].size))
        values = self._quantile_splines.at(flat).reshape(count, -1, 3)
        mean = np.sum(values @ weights * widths, axis=1) / 2
        square = np.sum(values**2 @ weights * widths, axis=1) / 2
        return mean, square - mean * mean

    def mode(self) -> Doubles:
        """Return the redshift of the highest density."""
        highest = np.argmax(self.slopes, axis=1)[:, None]
        return np.take_along_axis(self.middles, highest, axis=1)[:, 0]

    @cached_property
    def _cdf_splines(self) -> QuadraticSplines:
        """CDF as a function of the redshift."""
        return QuadraticSplines(self.locations, np.broadcast_to(self.levels, self.locations.shape))

    @cached_property
    def _quantile_splines(self) -> QuadraticSplines:
        """Redshift as a function of the probability."""
        return QuadraticSplines(self.levels[None, :], self.locations)


def _extended(levels: Doubles, locations: Doubles) -> tuple[Doubles, Doubles]:
    """Return quantiles and redshifts from 0 to 1, extended linearly from the outer two."""
    if levels[0] > sys.float_info.epsilon:
        slope = (locations[:, 1] - locations[:, 0]) / (levels[1] - levels[0])
        locations = np.column_stack([locations[:, 0] - levels[0] * slope, locations])
        levels = np.concatenate([[0.0], levels])
    if levels[-1] < 1:
        slope = (locations[:, -1] - locations[:, -2]) / (levels[-1] - levels[-2])
        locations = np.column_stack([locations, locations[:, -1] + (1 - levels[-1]) * slope])
        levels = np.concatenate([levels, [1.0]])
    return levels, locations
