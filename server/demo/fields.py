"""Three fields of Rubin's Data Preview 1, and where simulated groups of galaxies lie in them.

Centres and median 5-sigma depths of the coadded images are those of the DP1 paper (Vera C. Rubin Observatory Team
2026, arXiv:2603.23786, table of coadd depths). The sky itself is made up: no real object stands in these data.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BANDS", "FIELDS", "RADIUS_DEG", "Field", "clustered_points", "outside_holes", "sky_positions"]

Floats = npt.NDArray[np.float64]

BANDS = ("u", "g", "r", "i", "z", "y")

#: Radius of each simulated field: about one pointing of the commissioning camera.
RADIUS_DEG = 0.32

_CELLS = 256
_HOLES = 24


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its centre in degrees, its depth in each band, and how many stars it has in a square arcminute."""

    name: str
    ra: float
    dec: float
    depths: Mapping[str, float]
    stars_per_arcmin2: float


FIELDS = (
    Field("ECDFS", 53.13, -28.10, dict(zip(BANDS, (24.55, 26.18, 25.96, 25.71, 24.88, 23.10), strict=True)), 4.0),
    Field("EDFS", 59.10, -48.73, dict(zip(BANDS, (23.42, 25.77, 25.14, 25.17, 24.47, 23.14), strict=True)), 4.5),
    Field(
        "Rubin_SV_95_-25",
        95.00,
        -25.00,
        dict(zip(BANDS, (24.21, 25.16, 24.98, 24.74, 24.41, 22.68), strict=True)),
        12.0,
    ),
)


def clustered_points(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Draw points of a field, in degrees from its centre, from a log-normal random density.

    Its power spectrum falls as ``k**-1.3``, which is an angular correlation ``theta**-0.7`` (Coil 2013,
    arXiv:1202.6633, section 2.3).
    """
    density = _log_normal_map(rng)
    centres = (np.arange(_CELLS) + 0.5) / _CELLS * 2 - 1
    density[centres[:, None] ** 2 + centres[None, :] ** 2 > 1] = 0
    cumulated = np.cumsum(density.ravel())
    cells = np.searchsorted(cumulated, rng.random(count) * cumulated[-1], side="right")
    rows, columns = np.divmod(cells, _CELLS)
    scale = 2 * RADIUS_DEG / _CELLS
    x = (columns + rng.random(count)) * scale - RADIUS_DEG
    y = (rows + rng.random(count)) * scale - RADIUS_DEG
    return x, y


def outside_holes(rng: np.random.Generator, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points lie in the disc of the field and outside the holes that bright stars leave in it."""
    inside = np.hypot(x, y) < RADIUS_DEG
    hole_x, hole_y = rng.uniform(-RADIUS_DEG, RADIUS_DEG, (2, _HOLES))
    radii = rng.exponential(0.006, _HOLES) + 0.004
    for centre_x, centre_y, radius in zip(hole_x, hole_y, radii, strict=True):
        inside &= np.hypot(x - centre_x, y - centre_y) > radius
    return inside


def sky_positions(field: Field, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Turn offsets in the tangent plane, in degrees, into right ascension and declination, in degrees."""
    xi, eta = np.radians(x), np.radians(y)
    dec0 = np.radians(field.dec)
    below = np.cos(dec0) - eta * np.sin(dec0)
    ra = field.ra + np.degrees(np.arctan2(xi, below))
    dec = np.degrees(np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, below)))
    return ra % 360, dec


def _log_normal_map(rng: np.random.Generator) -> Floats:
    kx, ky = np.fft.fftfreq(_CELLS), np.fft.rfftfreq(_CELLS)
    k = np.hypot(kx[:, None], ky[None, :])
    k[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((_CELLS, _CELLS)))
    gaussian = np.fft.irfft2(white * k**-0.65, s=(_CELLS, _CELLS))
    density: Floats = np.exp(0.9 * gaussian / gaussian.std())
    return density
