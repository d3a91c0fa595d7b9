"""Tests of positions against the fields of Data Preview 1 and the footprint of the LSST.

The footprint is drawn from the published definition of the survey's areas (LSST project, ``rubin_scheduler``,
the defaults of ``SkyAreaGenerator``; PSTN-056): the wide area up to declination +15 degrees in the northern galactic
hemisphere and +3 in the southern, the dusty plane up to +15, the northern ecliptic spur up to ecliptic latitude +10
away from the galactic centre, the Virgo cluster, and everything further south. The definition identifies dusty sky by a
dust map; here it is the sky within 15 degrees of the galactic plane, so the flag is uncertain near that edge alone.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.combine.configuration import CombineParameters
from pipelines.crossmatch import SkyPositions

__all__ = ["footprint_flags", "in_dp1_fields", "in_rubin_footprint"]

_Vectors = npt.NDArray[np.float64]
_Truths = npt.NDArray[np.bool_]
#: Few enough that what is worked out on the way stays in the caches of a processor.
_ROWS_AT_A_TIME = 16_384

#: Centres (RA, Dec in degrees) of the seven fields of Data Preview 1 (RTN-095), and their radius.
_DP1_CENTRES = (
    (6.02, -72.08),  # 47 Tucanae
    (37.86, 6.98),  # Rubin SV 38 7
    (40.00, -34.45),  # Fornax dwarf
    (53.13, -28.10),  # Extended Chandra Deep Field South
    (59.10, -48.73),  # Euclid Deep Field South
    (95.00, -25.00),  # Rubin SV 95 -25
    (106.23, -10.51),  # Seagull nebula
)
_DP1_RADIUS = 2.5

_NORTHERN_LIMIT, _SOUTHERN_GALACTIC_LIMIT = 15.0, 3.0
_DUSTY_LATITUDE = 15.0
_SPUR_LATITUDE, _SPUR_LONGITUDE = 10.0, 45.0
_VIRGO, _VIRGO_RADIUS = (186.75, 12.717), 8.75

#: Obliquity of the ecliptic at J2000 (IAU 2006), and the north galactic pole and the galactic centre (Hipparcos
#: catalogue, volume 1, section 1.5.3), in degrees.
_ECLIPTIC_POLE = (270.0, 90 - 84381.406 / 3600)
_GALACTIC_POLE = (192.85948, 27.12825)
_GALACTIC_CENTRE = (266.40499, -28.93617)


def footprint_flags(positions: SkyPositions, param: CombineParameters) -> dict[str, pa.Array]:
    """Return the columns that say which rows are in a footprint."""
    flags = {}
    if param.insert_DP1_footprint_flag:
        flags["is_in_DP1_fields"] = pa.array(in_dp1_fields(positions.vectors).astype(np.int64))
    if param.insert_rubin_footprint_flag:
        flags["is_in_rubin_footprint"] = pa.array(in_rubin_footprint(positions.vectors).astype(np.int64))
    return flags


def in_dp1_fields(vectors: _Vectors) -> _Truths:
    """Return which positions (unit vectors) are within 2.5 degrees of the centre of a field of Data Preview 1."""
    return _in_slices(_near_a_field, vectors)


def in_rubin_footprint(vectors: _Vectors) -> _Truths:
    """Return which positions (unit vectors) are in the footprint of the LSST."""
    return _in_slices(_in_footprint, vectors)


def _in_slices(inside: Callable[[_Vectors], _Truths], vectors: _Vectors) -> _Truths:
    starts = range(0, max(len(vectors), 1), _ROWS_AT_A_TIME)
    return np.concatenate(
        [inside(np.ascontiguousarray(vectors[start : start + _ROWS_AT_A_TIME].T)) for start in starts]
    )


def _near_a_field(axes: _Vectors) -> _Truths:
    inside = np.zeros(axes.shape[1], dtype=np.bool_)
    for centre in _DP1_CENTRES:
        inside |= _towards(axes, centre) >= np.cos(np.radians(_DP1_RADIUS))
    return inside


def _in_footprint(axes: _Vectors) -> _Truths:
    sin_latitude, towards_centre = _towards(axes, _GALACTIC_POLE), _towards(axes, _GALACTIC_CENTRE)
    reaches_north = sin_latitude > -np.sin(np.radians(_DUSTY_LATITUDE))
    limit = np.sin(np.radians(np.where(reaches_north, _NORTHERN_LIMIT, _SOUTHERN_GALACTIC_LIMIT)))
    # The cosine of the longitude is towards_centre over the distance from the axis of the poles.
    from_axis = np.sqrt(np.clip(1 - sin_latitude**2, 0, 1))
    away_from_centre = towards_centre <= np.cos(np.radians(_SPUR_LONGITUDE)) * from_axis
    spur = (_towards(axes, _ECLIPTIC_POLE) < np.sin(np.radians(_SPUR_LATITUDE))) & away_from_centre
    virgo = _towards(axes, _VIRGO) >= np.cos(np.radians(_VIRGO_RADIUS))
    inside: _Truths = (axes[2] < limit) | spur | virgo
    return inside


def _towards(axes: _Vectors, place: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Return the cosines of the angles to a position."""
    # Not as a product of matrices: where memory is short, the library for those ends the whole process.
    ra, dec = np.radians(place)
    x, y, z = axes
    cosines: npt.NDArray[np.float64] = x * (np.cos(dec) * np.cos(ra)) + y * (np.cos(dec) * np.sin(ra)) + z * np.sin(dec)
    return cosines
