"""Choice of the arithmetic for a form of densities."""

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel
from core.photoz.kernels.gaussians import Mixture, Normal
from core.photoz.kernels.gridded import Histogram, Interpolated, IrregularlyInterpolated
from core.photoz.kernels.quantiles import Quantiles

__all__ = ["kernel_of", "usable_rows"]

_KERNELS: dict[str, type[Kernel]] = {
    "interp": Interpolated,
    "hist": Histogram,
    "quant": Quantiles,
    "mixmod": Mixture,
    "norm": Normal,
    "interp_irregular": IrregularlyInterpolated,
}


def kernel_of(form: DensityForm, parameters: Doubles) -> Kernel:
    """Return the arithmetic of densities of a form, all of which are valid."""
    return _class_of(form)(np.asarray(form.grid), parameters)


def usable_rows(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
    """Return which rows of parameters stand for a density."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(parameters).all(axis=1))
    filled = parameters if finite.all() else np.where(finite[:, None], parameters, 0.0)
    return finite & _class_of(form).usable(np.asarray(form.grid), filled)


def _class_of(form: DensityForm) -> type[Kernel]:
    """Return the class of the arithmetic of a form."""
    if form.name in _KERNELS:
        return _KERNELS[form.name]
    raise ValueError(f"there is no arithmetic for densities of the form {form.name}")
