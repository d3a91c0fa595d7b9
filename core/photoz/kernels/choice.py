"""Choice of the arithmetic for a form of densities."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel
from core.photoz.kernels.families import Family
from core.photoz.kernels.gaussians import Mixture, Normal
from core.photoz.kernels.gridded import Histogram, Interpolated, IrregularlyInterpolated
from core.photoz.kernels.quantiles import Quantiles
from core.photoz.kernels.splines import Splines

__all__ = ["kernel_of", "usable_rows"]

_KERNELS: Mapping[str, type[Kernel]] = {
    "interp": Interpolated,
    "hist": Histogram,
    "quant": Quantiles,
    "mixmod": Mixture,
    "norm": Normal,
    "interp_irregular": IrregularlyInterpolated,
    "spline": Splines,
}


def kernel_of(form: DensityForm, parameters: Doubles) -> Kernel:
    """Return the arithmetic of densities of a form, all of which are valid."""
    return _KERNELS.get(form.name, Family)(form, parameters)


def usable_rows(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
    """Return which rows of parameters stand for a density.

    Raises
    ------
    ValueError
        If the form is neither one of qp's nor a distribution of scipy.
    """
    # A sum is finite if all its numbers are, unless it overflows; that is one pass, and needs no array of its own.
    finite: NDArray[np.bool_] = np.isfinite(np.einsum("ij->i", parameters))
    if not finite.all():
        finite[~finite] = np.isfinite(parameters[~finite]).all(axis=1)
    filled = parameters if finite.all() else np.where(finite[:, None], parameters, 0.0)
    return finite & _KERNELS.get(form.name, Family).usable(form, filled)
