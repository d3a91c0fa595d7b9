"""Footprints, compared with astropy's coordinates."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricTrueEcliptic, SkyCoord

from pipelines.combine.footprints import in_dp1_fields, in_rubin_footprint
from pipelines.crossmatch import SkyPositions


def _everywhere(n=20_000):
    random = np.random.default_rng(5)
    return random.uniform(0, 360, n), np.degrees(np.arcsin(random.uniform(-1, 1, n)))


def test_fields_of_the_data_preview_are_circles_of_two_and_a_half_degrees():
    centre = SkyCoord(6.02 * u.deg, -72.08 * u.deg)
    around = centre.directional_offset_by(np.arange(0, 360, 30) * u.deg, 2.4999 * u.deg)
    beyond = centre.directional_offset_by(np.arange(0, 360, 30) * u.deg, 2.5001 * u.deg)
    assert in_dp1_fields(SkyPositions(around.ra.deg, around.dec.deg).vectors).all()
    assert not in_dp1_fields(SkyPositions(beyond.ra.deg, beyond.dec.deg).vectors).any()


def test_footprint_follows_the_areas_of_the_survey():
    ra, dec = _everywhere()
    sky = SkyCoord(ra, dec, unit="deg")
    galactic, ecliptic = sky.galactic, sky.transform_to(BarycentricTrueEcliptic())
    wide = dec < np.where(galactic.b.deg > -15, 15, 3)
    spur = (ecliptic.lat.deg < 10) & (galactic.l.deg >= 45) & (galactic.l.deg <= 315)
    virgo = sky.separation(SkyCoord(186.75 * u.deg, 12.717 * u.deg)).deg < 8.75
    inside = in_rubin_footprint(SkyPositions(ra, dec).vectors)
    # The poles of the two frames differ by an arcsecond or so.
    assert np.mean(inside != (wide | spur | virgo)) < 2e-4


@pytest.mark.parametrize(
    ("ra", "dec", "inside"),
    [
        (53.1, -28.1, True),
        (0.0, -89.9, True),
        (187.7, 12.4, True),
        (187.7, 20.0, True),
        (187.7, 30.0, False),
        (200.0, 20.0, False),
        (10.0, 5.0, True),
        (350.0, 20.0, False),
        (210.0, 54.0, False),
    ],
)
def test_known_places_are_in_or_out(ra, dec, inside):
    assert in_rubin_footprint(SkyPositions([ra], [dec]).vectors).tolist() == [inside]
