"""Propagation of positions and motions of stars to another epoch, by uniform motion (ESA SP-1200, vol. 1, §1.5.5)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["propagated"]

_Doubles = NDArray[np.float64]

_MAS = np.radians(1 / 3_600_000)
#: Kilometres a second that are one astronomical unit a Julian year.
_AU_A_YEAR = 149_597_870.7 / (365.25 * 86_400)


def propagated(solution: _Doubles, years: _Doubles) -> _Doubles:
    """Propagate astrometric solutions to another epoch.

    Parameters
    ----------
    solution
        Right ascension and declination in degrees, parallax in mas, proper motions in mas/yr (the first with the cosine
        of the declination), radial velocity in km/s; shape (n, 6).
    years
        Julian years from the epoch of the solution to the one that is wanted.

    Returns
    -------
    The same six quantities. What is NaN in a solution is taken as 0 on the way, and is NaN again.
    """
    given = np.where(np.isnan(solution), 0.0, solution)
    lon, lat = np.radians(given[:, 0]), np.radians(given[:, 1])
    parallax, velocity, time = given[:, 2], given[:, 5], years
    position = _direction(lon, lat)
    east, north = _axes(lon, lat)
    motion = (given[:, 3, None] * east + given[:, 4, None] * north) * _MAS
    radial = velocity * parallax * _MAS / _AU_A_YEAR
    square = np.sum(motion * motion, axis=1)
    factor = 1 / np.sqrt(1 + 2 * radial * time + (square + radial * radial) * time * time)
    stretched = (1 + radial * time)[:, None]
    later = (position * stretched + motion * time[:, None]) * factor[:, None]
    moved = (motion * stretched - position * (square * time)[:, None]) * (factor**3)[:, None]
    new_radial = (radial + (square + radial * radial) * time) * factor**2
    new_lon = np.arctan2(later[:, 1], later[:, 0])
    new_lat = np.arctan2(later[:, 2], np.hypot(later[:, 0], later[:, 1]))
    east, north = _axes(new_lon, new_lat)
    new_parallax = parallax * factor
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = np.where(new_parallax > 0, new_radial * _AU_A_YEAR / (new_parallax * _MAS), velocity)
    result = np.column_stack(
        [
            np.degrees(new_lon) % 360,
            np.degrees(new_lat),
            new_parallax,
            np.sum(moved * east, axis=1) / _MAS,
            np.sum(moved * north, axis=1) / _MAS,
            speed,
        ]
    )
    return np.where(np.isnan(solution), np.nan, result)


def _direction(lon: _Doubles, lat: _Doubles) -> _Doubles:
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _axes(lon: _Doubles, lat: _Doubles) -> tuple[_Doubles, _Doubles]:
    """Return the directions of growing right ascension and declination."""
    east = np.column_stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)])
    north = np.column_stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    return east, north
