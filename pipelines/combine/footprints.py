"""Which positions lie in the fields of Data Preview 1, and in the footprint of the LSST.

The footprint is drawn from the published definition of the survey's areas (LSST project, ``rubin_scheduler``,
``SkyAreaGenerator`` of 2023; PSTN-056): the wide area up to declination +15 degrees in the northern galactic
hemisphere and +3 in the southern, the dusty plane up to +15, the northern ecliptic spur up to ecliptic latitude +10
away from the galactic centre, the Virgo cluster, and everything further south. The definition tells dusty sky by a dust
map; here it is what lies within 15 degrees of the galactic plane, so the flag is uncertain near that edge alone.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["in_dp1_fields", "in_rubin_footprint"]

_Degrees = npt.NDArray[np.float64]
_Truths = npt.NDArray[np.bool_]

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

#: Obliquity of the ecliptic at J2000 (IAU 2006), and the north galactic pole and the longitude of the
#: celestial one (Hipparcos catalogue, volume 1, section 1.5.3), in degrees.
_OBLIQUITY = 84381.406 / 3600
_GALACTIC_POLE = (192.85948, 27.12825)
_POLE_LONGITUDE = 122.93192


def in_dp1_fields(ra: _Degrees, dec: _Degrees) -> _Truths:
    """Tell which positions (degrees) lie within 2.5 degrees of the centre of a field of Data Preview 1."""
    inside = np.zeros(len(ra), dtype=np.bool_)
    for centre in _DP1_CENTRES:
        inside |= _distance(ra, dec, *centre) <= _DP1_RADIUS
    return inside


def in_rubin_footprint(ra: _Degrees, dec: _Degrees) -> _Truths:
    """Tell which positions (degrees) lie in the footprint of the LSST."""
    latitude, longitude = _galactic(ra, dec)
    limit = np.where((latitude >= 0) | (np.abs(latitude) < _DUSTY_LATITUDE), _NORTHERN_LIMIT, _SOUTHERN_GALACTIC_LIMIT)
    away_from_centre = (longitude >= _SPUR_LONGITUDE) & (longitude <= 360 - _SPUR_LONGITUDE)
    spur = (_ecliptic_latitude(ra, dec) < _SPUR_LATITUDE) & away_from_centre
    inside: _Truths = (dec < limit) | spur | (_distance(ra, dec, *_VIRGO) < _VIRGO_RADIUS)
    return inside


def _distance(ra: _Degrees, dec: _Degrees, ra0: float, dec0: float) -> _Degrees:
    """Great-circle distance in degrees, by the haversine, which keeps its digits at small distances."""
    half_ra, half_dec = np.radians(ra - ra0) / 2, np.radians(dec - dec0) / 2
    haversine = np.sin(half_dec) ** 2 + np.cos(np.radians(dec)) * np.cos(np.radians(dec0)) * np.sin(half_ra) ** 2
    distance: _Degrees = np.degrees(2 * np.arcsin(np.sqrt(np.clip(haversine, 0, 1))))
    return distance


def _ecliptic_latitude(ra: _Degrees, dec: _Degrees) -> _Degrees:
    tilt = np.radians(_OBLIQUITY)
    ra, dec = np.radians(ra), np.radians(dec)
    sine = np.sin(dec) * np.cos(tilt) - np.cos(dec) * np.sin(tilt) * np.sin(ra)
    latitude: _Degrees = np.degrees(np.arcsin(np.clip(sine, -1, 1)))
    return latitude


def _galactic(ra: _Degrees, dec: _Degrees) -> tuple[_Degrees, _Degrees]:
    ra, dec = np.radians(ra - _GALACTIC_POLE[0]), np.radians(dec)
    pole = np.radians(_GALACTIC_POLE[1])
    up = np.sin(dec) * np.sin(pole) + np.cos(dec) * np.cos(pole) * np.cos(ra)
    across = np.cos(dec) * np.sin(ra)
    along = np.sin(dec) * np.cos(pole) - np.cos(dec) * np.sin(pole) * np.cos(ra)
    longitude = (_POLE_LONGITUDE - np.degrees(np.arctan2(across, along))) % 360
    return np.degrees(np.arcsin(np.clip(up, -1, 1))), longitude
