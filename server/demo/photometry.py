"""Observed magnitudes: LSST's error model (Ivezić et al. 2019, ApJ 873, 111, equations 4 and 5) at a given depth."""

import numpy as np
import numpy.typing as npt

from server.demo.fields import BANDS

__all__ = ["magnitude_errors", "observe"]

Floats = npt.NDArray[np.float64]

#: Shape of the error model in each band (Ivezić et al. 2019, table 2).
_GAMMA = {band: 0.038 if band == "u" else 0.039 for band in BANDS}

_SYSTEMATIC = 0.005
_FAINTEST_SIGNAL_TO_NOISE = 1.0


def magnitude_errors(magnitudes: Floats, depth: float, band: str) -> Floats:
    """Return the error of magnitudes in a band: ``sigma² = 0.005² + (0.04 - g) x + g x²``, ``x = 10**(0.4 (m - m5))``.

    Parameters
    ----------
    depth
        The magnitude ``m5`` that is measured at 5 sigma.
    """
    x = 10 ** (0.4 * (magnitudes - depth))
    gamma = _GAMMA[band]
    errors: Floats = np.sqrt(_SYSTEMATIC**2 + (0.04 - gamma) * x + gamma * x**2)
    return errors


def observe(rng: np.random.Generator, magnitudes: Floats, depth: float, band: str) -> tuple[Floats, Floats]:
    """Measure true magnitudes in a band.

    The noise is added to the flux, so that faint magnitudes scatter as real ones do.

    Returns
    -------
    magnitudes, errors
        The error is the model's at the magnitude observed. Both are NaN below a signal-to-noise ratio of 1.
    """
    noise = magnitude_errors(magnitudes, depth, band) * np.log(10) / 2.5
    flux = 1 + noise * rng.standard_normal(len(magnitudes))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = magnitudes - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
        errors = magnitude_errors(observed, depth, band)
        seen = errors < 2.5 / np.log(10) / _FAINTEST_SIGNAL_TO_NOISE
    return np.where(seen, observed, np.nan), np.where(seen, errors, np.nan)
