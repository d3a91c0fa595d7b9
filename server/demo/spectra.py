"""Colours of galaxies and stars: simple spectra, redshifted and seen through the six bands of LSST.

Galaxies: five spectra, drawn by hand as straight lines in AB magnitude against the logarithm of the wavelength, after
the shapes of Coleman, Wu & Weedman (1980, ApJS 43, 393) and a starburst; hydrogen between us and the galaxy absorbs
after Madau (1995, ApJ 441, 18). Stars: the stellar locus of Covey et al. (2007, AJ 134, 2398).
Bands are top hats between the wavelengths where LSST's filters pass half of their light (Ivezić et al. 2019,
ApJ 873, 111, table 2 and figure 4).
"""

import numpy as np
import numpy.typing as npt

from server.demo.fields import BANDS

__all__ = ["LAST_TYPE", "galaxy_colours", "star_colours"]

Floats = npt.NDArray[np.float64]

#: Edges of the bands in Ångström.
_EDGES = {
    "u": (3300.0, 4010.0),
    "g": (4020.0, 5520.0),
    "r": (5520.0, 6910.0),
    "i": (6910.0, 8180.0),
    "z": (8180.0, 9220.0),
    "y": (9220.0, 10450.0),
}

_WAVELENGTHS = np.array([
    912.0, 1216.0, 1500.0, 2000.0, 2500.0, 3000.0, 3500.0, 3800.0, 4050.0, 4300.0, 5000.0, 5500.0, 6500.0,
    7500.0, 9000.0, 11000.0, 16000.0,
])  # fmt: skip

#: AB magnitudes relative to 5500 Å: elliptical, Sbc, Scd, irregular, starburst.
_SPECTRA = np.array([
    [6.6, 6.3, 6.0, 5.7, 4.9, 3.9, 2.6, 2.2, 1.45, 0.85, 0.30, 0.0, -0.40, -0.70, -1.00, -1.25, -1.60],
    [3.6, 3.5, 3.4, 3.3, 3.1, 2.5, 1.75, 1.55, 0.95, 0.60, 0.20, 0.0, -0.25, -0.45, -0.65, -0.80, -1.10],
    [2.3, 2.1, 2.0, 2.0, 1.9, 1.6, 1.25, 1.10, 0.70, 0.45, 0.15, 0.0, -0.15, -0.30, -0.40, -0.50, -0.70],
    [1.1, 1.0, 0.95, 0.95, 0.95, 0.85, 0.75, 0.70, 0.40, 0.25, 0.10, 0.0, -0.05, -0.10, -0.15, -0.20, -0.20],
    [0.4, 0.2, 0.10, 0.15, 0.20, 0.25, 0.30, 0.30, 0.10, 0.05, 0.00, 0.0, 0.00, 0.05, 0.05, 0.10, 0.20],
])  # fmt: skip

#: Types of galaxies run from 0 (elliptical) to this number (starburst).
LAST_TYPE = float(len(_SPECTRA) - 1)

_REDSHIFTS = np.linspace(0.0, 8.0, 801)
_SAMPLES = 24

#: The stellar locus: g-i, then u-g, g-r, i-z, z-y.
_LOCUS = np.array([
    [0.20, 0.90, 0.16, -0.02, -0.02],
    [0.50, 1.05, 0.37, 0.03, 0.00],
    [1.00, 1.60, 0.74, 0.12, 0.05],
    [1.50, 2.15, 1.09, 0.21, 0.09],
    [2.00, 2.50, 1.33, 0.36, 0.15],
    [2.50, 2.55, 1.41, 0.58, 0.26],
    [3.00, 2.50, 1.44, 0.84, 0.41],
    [3.40, 2.45, 1.48, 1.05, 0.55],
])  # fmt: skip


def galaxy_colours(types: Floats, redshifts: Floats) -> Floats:
    """Return the six magnitudes of galaxies relative to their i magnitude, shape (n, 6).

    Parameters
    ----------
    types
        From 0 (elliptical) to ``LAST_TYPE`` (starburst); between two spectra, magnitudes are interpolated.
    redshifts
        From 0 to 8.
    """
    grid = _colour_grid()
    type_low = np.clip(types.astype(int), 0, len(_SPECTRA) - 2)
    position = redshifts / _REDSHIFTS[1]
    z_low = np.clip(position.astype(int), 0, len(_REDSHIFTS) - 2)
    type_part, z_part = (types - type_low)[:, None], (position - z_low)[:, None]
    near = grid[type_low, z_low] * (1 - z_part) + grid[type_low, z_low + 1] * z_part
    far = grid[type_low + 1, z_low] * (1 - z_part) + grid[type_low + 1, z_low + 1] * z_part
    colours: Floats = near * (1 - type_part) + far * type_part
    return colours


def star_colours(g_minus_i: Floats) -> Floats:
    """Return the six magnitudes of stars of the main sequence relative to their i magnitude, shape (n, 6)."""
    u_g, g_r, i_z, z_y = (np.interp(g_minus_i, _LOCUS[:, 0], _LOCUS[:, column]) for column in range(1, 5))
    g = g_minus_i
    return np.stack([g + u_g, g, g - g_r, np.zeros_like(g), -i_z, -i_z - z_y], axis=1)


def _colour_grid() -> Floats:
    """Magnitudes relative to i for each spectrum, redshift and band."""
    magnitudes = np.empty((len(_SPECTRA), len(_REDSHIFTS), len(BANDS)))
    for number, band in enumerate(BANDS):
        observed = np.geomspace(*_EDGES[band], _SAMPLES)  # even in the logarithm: photons count alike
        rest = observed / (1 + _REDSHIFTS[:, None])
        absorbed = _hydrogen(observed, rest)
        for kind, spectrum in enumerate(_SPECTRA):
            seen = np.interp(np.log(rest), np.log(_WAVELENGTHS), spectrum) + absorbed
            magnitudes[kind, :, number] = -2.5 * np.log10(np.mean(10 ** (-0.4 * seen), axis=1))
    relative: Floats = magnitudes - magnitudes[:, :, [BANDS.index("i")]]
    return relative


def _hydrogen(observed: Floats, rest: Floats) -> Floats:
    """Magnitudes lost to hydrogen on the way: the Lyman-alpha forest, and all but a trace below 912 Å."""
    forest = np.where(rest < 1216.0, 1.0857 * 0.0036 * (observed / 1216.0) ** 3.46, 0.0)
    return np.where(rest < 912.0, 6.0, forest)
