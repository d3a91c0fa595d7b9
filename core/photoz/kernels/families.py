"""Densities of the continuous distributions of ``scipy.stats``, by shape parameters, location and scale."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel

__all__ = ["Family"]

#: Distributions whose values are integrals computed for each object and redshift: minutes for a few thousand.
_SLOW = frozenset({"levy_stable", "studentized_range", "genhyperbolic", "ksone", "kstwo"})


class Family(Kernel):
    """Densities of one distribution of scipy."""

    def __init__(self, form: DensityForm, parameters: Doubles) -> None:
        super().__init__(form, parameters)
        self._distribution = _distribution_of(form)
        self._arguments = [parameters[:, k : k + 1] for k in range(form.size)]

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows are in the domain of the distribution."""
        with np.errstate(all="ignore"):
            median = _distribution_of(form).ppf(0.5, *parameters.T)
        return np.asarray(np.isfinite(median) & (parameters[:, -1] > 0))

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""
        return np.asarray(self._distribution.pdf(z, *self._arguments))

    def cdf(self, z: Doubles) -> Doubles:
        """Return the probabilities of lower redshifts."""
        return np.asarray(self._distribution.cdf(z, *self._arguments))

    def quantile(self, p: Doubles) -> Doubles:
        """Return the redshifts at probabilities."""
        return np.asarray(self._distribution.ppf(p, *self._arguments))

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return means and variances."""
        mean, variance = self._distribution.stats(*self.parameters.T, moments="mv")
        return np.asarray(mean), np.asarray(variance)


def _distribution_of(form: DensityForm) -> Any:  # scipy has no types
    """Return scipy's distribution, or raise ValueError if there is none of this name and number of parameters."""
    from scipy import stats

    found = getattr(stats, form.name, None) if form.name.isidentifier() and not form.name.startswith("_") else None
    if not isinstance(found, stats.rv_continuous):
        message = f"'{form.name[:40]}' is neither a form of qp nor a distribution of scipy; convert it to interp"
        raise ValueError(message)  # noqa: TRY004 - the name is the wrong value
    if form.name in _SLOW:
        raise ValueError(f"densities of the distribution {form.name} take too long to compute; convert them to interp")
    if found.numargs + 2 != form.size:
        raise ValueError(
            f"the distribution {form.name} has {found.numargs} shape parameters, location and scale; "
            f"arrays have {form.size} values"
        )
    return found
