"""Normal densities and mixtures of them (``qp.stats.norm``, ``qp.mixmod``)."""

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel

__all__ = ["Mixture", "Normal"]

_ROOT_OF_TWO_PI = np.sqrt(2 * np.pi)
#: Half the width of the search for a quantile of a mixture, in standard deviations of its components.
_REACH = 40.0
_BISECTIONS = 60
#: Steps by which each component's mean is moved to the peak of the mixture beside it.
_PEAK_STEPS = 50


class Normal(Kernel):
    """Normal densities by location and scale."""

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows have a positive scale."""
        del form
        return np.asarray(parameters[:, 1] > 0)

    @property
    def _loc(self) -> Doubles:
        """Locations, of shape (n, 1)."""
        return self.parameters[:, :1]

    @property
    def _scale(self) -> Doubles:
        """Scales, of shape (n, 1)."""
        return self.parameters[:, 1:]

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""
        return _normal_density((z - self._loc) / self._scale) / self._scale

    def cdf(self, z: Doubles) -> Doubles:
        """Return the probabilities of lower redshifts."""
        return _normal_cdf((z - self._loc) / self._scale)

    def quantile(self, p: Doubles) -> Doubles:
        """Return the redshifts at probabilities."""
        from scipy.special import ndtri

        result: Doubles = self._loc + self._scale * ndtri(p)
        return result

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return locations and squares of scales."""
        return self._loc[:, 0], self._scale[:, 0] ** 2

    def mode(self) -> Doubles:
        """Return the locations."""
        return self._loc[:, 0]

    def crps(self, z: Doubles) -> Doubles:
        """Return the continuous ranked probability score (Gneiting et al. 2005, MWR 133, 1098, eq. 5)."""
        loc, scale = self.parameters.T
        unit = (z - loc) / scale
        result: Doubles = scale * (unit * (2 * _normal_cdf(unit) - 1) + 2 * _normal_density(unit) - 1 / np.sqrt(np.pi))
        return result


class Mixture(Kernel):
    """Weighted sums of normal densities.

    qp reads quantiles off a grid of 201 points that spans all objects of an ensemble, so its numbers depend on the
    other objects; these are the inverse of the CDF.
    """

    def __init__(self, form: DensityForm, parameters: Doubles) -> None:
        super().__init__(form, parameters)
        weights, self.means, stds = np.split(parameters, 3, axis=1)
        self.weights = weights / np.sum(weights, axis=1, keepdims=True)
        self.stds = np.where(self.weights > 0, stds, 1.0)  # a component without weight may have no width

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows have weights from 0 on, and positive widths where there is weight."""
        del form
        weights, _, stds = np.split(parameters, 3, axis=1)
        sound = (weights >= 0) & ((stds > 0) | (weights == 0))
        return np.asarray(np.all(sound, axis=1) & np.any(weights > 0, axis=1))

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""
        total = np.zeros(z.shape)
        for weight, mean, std in self._components():
            total += weight / std * _normal_density((z - mean) / std)
        return total

    def cdf(self, z: Doubles) -> Doubles:
        """Return the probabilities of lower redshifts."""
        total = np.zeros(z.shape)
        for weight, mean, std in self._components():
            total += weight * _normal_cdf((z - mean) / std)
        return total

    def quantile(self, p: Doubles) -> Doubles:
        """Return the redshifts at probabilities, by bisection."""
        low = np.broadcast_to(np.min(self.means - _REACH * self.stds, axis=1)[:, None], p.shape)
        high = np.broadcast_to(np.max(self.means + _REACH * self.stds, axis=1)[:, None], p.shape)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = self.cdf(middle) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        result: Doubles = (low + high) / 2
        return result

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return means and variances."""
        mean = np.sum(self.weights * self.means, axis=1)
        spread = self.means - mean[:, None]
        return mean, np.sum(self.weights * (self.stds**2 + spread**2), axis=1)

    def mode(self) -> Doubles:
        """Return the highest of the peaks that are reached from the means (fixed points of Carreira-Perpinan 2000)."""
        peaks = self.means
        for _ in range(_PEAK_STEPS):
            above, below = np.zeros(peaks.shape), np.zeros(peaks.shape)
            for weight, mean, std in self._components():
                share = weight / std**3 * _normal_density((peaks - mean) / std)
                above += share * mean
                below += share
            peaks = np.where(below > 0, above / np.where(below > 0, below, 1.0), peaks)
        highest = np.argmax(self.density(peaks), axis=1)[:, None]
        return np.take_along_axis(peaks, highest, axis=1)[:, 0]

    def crps(self, z: Doubles) -> Doubles:
        """Return the continuous ranked probability score (Grimit et al. 2006, QJRMS 132, 2925, eq. 5)."""
        total = np.zeros(len(z))
        for weight, mean, std in self._components():
            total += weight[:, 0] * _expected_distance(z - mean[:, 0], std[:, 0])
            for other_weight, other_mean, other_std in self._components():
                apart = _expected_distance((mean - other_mean)[:, 0], np.hypot(std, other_std)[:, 0])
                total -= 0.5 * weight[:, 0] * other_weight[:, 0] * apart
        return total

    def _components(self) -> list[tuple[Doubles, Doubles, Doubles]]:
        """Return weight, mean and standard deviation of each component, of shape (n, 1)."""
        count = range(self.means.shape[1])
        return [(self.weights[:, k : k + 1], self.means[:, k : k + 1], self.stds[:, k : k + 1]) for k in count]


def _normal_density(unit: Doubles) -> Doubles:
    """Return the density of the standard normal distribution."""
    result: Doubles = np.exp(-0.5 * unit * unit) / _ROOT_OF_TWO_PI
    return result


def _normal_cdf(unit: Doubles) -> Doubles:
    """Return the CDF of the standard normal distribution."""
    from scipy.special import ndtr

    result: Doubles = ndtr(unit)
    return result


def _expected_distance(mean: Doubles, std: Doubles) -> Doubles:
    """Return the expected absolute value of a normal variable."""
    unit = mean / std
    result: Doubles = 2 * std * _normal_density(unit) + mean * (2 * _normal_cdf(unit) - 1)
    return result
