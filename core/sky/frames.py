"""Rotations between reference frames of the sky."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAMES", "rotated"]

_Doubles = NDArray[np.float64]

#: Names of frames (IVOA vocabulary of reference frames), and their names in astropy.
FRAMES = {"ICRS": "icrs", "FK5": "fk5", "GALACTIC": "galactic", "SUPER_GALACTIC": "supergalactic"}


def rotated(source: str, wanted: str, positions: _Doubles) -> _Doubles:
    """Return positions of one frame in another, in degrees, shape (n, 2)."""
    lon, lat = np.radians(positions).T
    vectors = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    x, y, z = _matrix(source, wanted) @ vectors
    angles = np.column_stack([np.arctan2(y, x) % (2 * np.pi), np.arctan2(z, np.hypot(x, y))])
    return np.asarray(np.degrees(angles), dtype=np.float64)


@cache
def _matrix(source: str, wanted: str) -> _Doubles:
    from astropy import units as u
    from astropy.coordinates import CartesianRepresentation, SkyCoord

    axes = SkyCoord(CartesianRepresentation(np.eye(3) * u.one), frame=FRAMES[source])
    matrix = axes.transform_to(FRAMES[wanted]).cartesian.xyz.value
    return np.asarray(matrix, dtype=np.float64)
