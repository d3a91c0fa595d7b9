"""Distances of redshifts in a flat universe of matter and a cosmological constant (Hogg 1999, astro-ph/9905116)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["comoving_megaparsecs", "distance_moduli"]

_Doubles = NDArray[np.float64]

_LIGHT = 299_792.458
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def comoving_megaparsecs(redshifts: _Doubles, hubble: _Doubles, matter: _Doubles) -> _Doubles:
    """Return the line-of-sight comoving distances; NaN where a redshift is not above -1.

    Parameters
    ----------
    hubble
        Hubble's constant in km/s/Mpc.
    matter
        Density of matter in units of the critical one.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        # In the logarithm of 1 + z the integrand is smooth, so that few nodes reach the last digits.
        end = np.log1p(redshifts)
        steps = 0.5 * end[:, None] * (_NODES + 1)
        scale = np.exp(steps)
        speeds = np.sqrt(matter[:, None] * scale**3 + 1 - matter[:, None])
        integral = 0.5 * end * np.sum(_WEIGHTS * scale / speeds, axis=1)
        return np.asarray(np.where(redshifts > -1, _LIGHT / hubble * integral, np.nan), dtype=np.float64)


def distance_moduli(redshifts: _Doubles, hubble: _Doubles, matter: _Doubles) -> _Doubles:
    """Return the distance moduli in magnitudes; NaN where a redshift is not above 0."""
    luminosity = (1 + redshifts) * comoving_megaparsecs(redshifts, hubble, matter)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(redshifts > 0, 5 * np.log10(luminosity) + 25, np.nan), dtype=np.float64)
