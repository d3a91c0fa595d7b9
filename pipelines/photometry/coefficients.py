"""Extinction coefficients R_b = A_b / E(B-V) by band, each set with its source.

E(B-V) is that of the map of Schlegel, Finkbeiner and Davis (1998), as published, unless a source states otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EXTINCTION_COEFFICIENTS", "ExtinctionCoefficients"]


@dataclass(frozen=True, slots=True)
class ExtinctionCoefficients:
    """A named set of coefficients: magnitudes of extinction in a band for one magnitude of E(B-V)."""

    name: str
    by_band: Mapping[str, float]
    source: str


_SETS = (
    ExtinctionCoefficients(
        "lsstcam",
        {"u": 4.75721, "g": 3.66056, "r": 2.701367, "i": 2.053659, "z": 1.59009, "y": 1.3077049},
        "LSST Science Pipelines, obs_lsst config/extinctionCoeffs.py: DustValues of rubin_sim, extinction curve of "
        "Cardelli, Clayton and Mathis (1989), R_V = 3.1, flat spectrum",
    ),
    ExtinctionCoefficients(
        "lsst_dc2",
        {"u": 4.81, "g": 3.64, "r": 2.70, "i": 2.06, "z": 1.58, "y": 1.31},
        "LSST DESC, RAIL's catalogue configuration for Data Challenge 2",
    ),
    ExtinctionCoefficients(
        "lsst_sf11",
        {"u": 4.145, "g": 3.237, "r": 2.273, "i": 1.684, "z": 1.323, "y": 1.088},
        "Schlafly and Finkbeiner (2011), ApJ 737, 103, table 6, R_V = 3.1",
    ),
    ExtinctionCoefficients(
        "sdss_sf11",
        {"u": 4.239, "g": 3.303, "r": 2.285, "i": 1.698, "z": 1.263},
        "Schlafly and Finkbeiner (2011), ApJ 737, 103, table 6, R_V = 3.1",
    ),
    ExtinctionCoefficients(
        "decam",
        {"u": 3.994, "g": 3.212, "r": 2.164, "i": 1.591, "z": 1.211, "y": 1.063},
        "LSST Science Pipelines, obs_decam config/extinctionCoeffs.py",
    ),
    ExtinctionCoefficients(
        "hsc",
        {"g": 3.240, "r": 2.276, "i": 1.633, "z": 1.263, "y": 1.075},
        "LSST Science Pipelines, obs_subaru config/extinctionCoeffs.py",
    ),
)

EXTINCTION_COEFFICIENTS: Mapping[str, ExtinctionCoefficients] = {one.name: one for one in _SETS}
