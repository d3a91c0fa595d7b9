"""AB magnitudes (Oke and Gunn 1983): m = -2.5 log10(f) - 48.6 with f in erg/s/cm2/Hz, which is 31.4 for f in nJy."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["FLUX_UNITS", "dereddened", "magnitude_errors", "magnitudes_of_fluxes"]

#: AB magnitude of one unit of flux density.
FLUX_UNITS: Mapping[str, float] = {"nJy": 31.4, "uJy": 23.9, "mJy": 16.4, "Jy": 8.9}

_Floats = npt.NDArray[np.float64]


def magnitudes_of_fluxes(fluxes: _Floats, zero_point: float = FLUX_UNITS["nJy"]) -> _Floats:
    """Return the magnitude of each flux; fluxes of zero and below give NaN."""
    positive = fluxes > 0
    logarithms = np.full(len(fluxes), np.nan)
    np.log10(fluxes, out=logarithms, where=positive)
    return zero_point - 2.5 * logarithms


def magnitude_errors(fluxes: _Floats, errors: _Floats) -> _Floats:
    """Propagate errors of fluxes to first order: 2.5 / ln(10) * error / flux; NaN where there is no magnitude."""
    ratios = np.full(len(fluxes), np.nan)
    np.divide(errors, fluxes, out=ratios, where=(fluxes > 0) & (errors >= 0))
    propagated: _Floats = 2.5 / np.log(10) * ratios
    return propagated


def dereddened(magnitudes: _Floats, ebv: _Floats, coefficient: float) -> _Floats:
    """Subtract the extinction ``coefficient * E(B-V)`` from magnitudes."""
    return magnitudes - coefficient * ebv
