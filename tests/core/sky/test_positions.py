"""The rule of positions, compared with what astropy takes for a latitude, and its counts."""

import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude

from core.sky.positions import PositionCounts, placed_rows, within_turn

_RA = np.array([0.0, 360.0, -180.0, -1e-20, 360.1, -180.1, np.nan, np.inf, 10.0, 10.0, 10.0, np.nan])
_DEC = np.array([0.0, 90.0, -90.0, 5.0, 5.0, 5.0, 5.0, 5.0, 90.1, -99.0, np.nan, np.nan])


def test_rows_without_a_position_are_counted_by_what_is_wrong_with_them():
    placed, counts = placed_rows(_RA, _DEC)
    assert placed.tolist() == [True] * 4 + [False] * 8
    assert counts == PositionCounts(
        ra_missing=3, ra_negative=2, ra_outside=2, dec_missing=2, dec_outside=2, no_position=8
    )
    parts = [placed_rows(_RA[part], _DEC[part])[1] for part in (slice(0, 5), slice(5, None))]
    assert parts[0] + parts[1] == counts


@pytest.mark.parametrize("dec", _DEC[np.isfinite(_DEC)])
def test_a_declination_is_accepted_when_astropy_has_such_a_latitude(dec):
    try:
        Latitude(dec, "deg")
    except ValueError:
        expected = False
    else:
        expected = True
    assert placed_rows(np.zeros(1), np.array([dec]))[0].tolist() == [expected]


def test_right_ascensions_are_wrapped_as_by_astropy():
    random = np.random.default_rng(1)
    ra = np.concatenate([random.uniform(-180, 360, 1000), [-180.0, 360.0, 0.0, 359.99999999999994]])
    np.testing.assert_allclose(within_turn(ra), Longitude(ra, "deg").wrap_at("360d").deg, rtol=0, atol=1e-12)
    inside = (ra >= 0) & (ra < 360)
    assert np.array_equal(within_turn(ra)[inside], ra[inside])
    assert within_turn(np.array([-1e-20])).tolist() == [0.0]
