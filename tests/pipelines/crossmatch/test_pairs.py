"""All pairs within a radius, compared with astropy's search around."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, search_around_sky

from core.errors import InvalidValueError, TooLargeError
from pipelines.crossmatch import SkyPositions, find_pairs, find_pairs_within

_ARCSEC = 1 / 3600


def _scattered(ra, dec, n, seed, spread_arcsec=5.0):
    """Scatter points around a centre, so that poles and the meridian are crossed."""
    random = np.random.default_rng(seed)
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    points = centre.directional_offset_by(
        random.uniform(0, 360, n) * u.deg, spread_arcsec * np.sqrt(random.random(n)) * u.arcsec
    )
    return points.ra.deg, points.dec.deg


@pytest.mark.parametrize(
    "centre", [(0.0, 0.0), (0.0, 90.0), (123.0, -90.0), (359.9999, 45.0), (180.0, -89.9995), (53.1, -28.1)]
)
def test_pairs_are_those_of_astropy_everywhere_on_the_sky(centre):
    left, right = _scattered(*centre, 300, 1), _scattered(*centre, 200, 2)
    pairs = find_pairs(SkyPositions(*left), SkyPositions(*right), 0.7)
    expected_left, expected_right, expected_separation, _ = search_around_sky(
        SkyCoord(*left, unit="deg"), SkyCoord(*right, unit="deg"), 0.7 * u.arcsec
    )
    order = np.lexsort((expected_right, expected_left))
    assert len(pairs) > 100
    assert np.array_equal(pairs.left, expected_left[order])
    assert np.array_equal(pairs.right, expected_right[order])
    assert np.allclose(pairs.separation, expected_separation.arcsec[order], atol=1e-7)


@pytest.mark.parametrize("centre", [(0.0, 90.0), (0.0, 0.0)])
def test_pairs_within_one_table_are_found_once(centre):
    ra, dec = _scattered(*centre, 300, 3)
    pairs = find_pairs_within(SkyPositions(ra, dec), 0.7)
    coordinates = SkyCoord(ra, dec, unit="deg")
    left, right, _, _ = search_around_sky(coordinates, coordinates, 0.7 * u.arcsec)
    expected = {(i, j) for i, j in zip(left.tolist(), right.tolist(), strict=True) if i < j}
    assert set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == expected
    assert len(pairs) == len(expected)


def test_radius_itself_is_outside():
    positions = SkyPositions([10.0, 10.0], [0.0, 0.0])
    same = find_pairs_within(positions, 1e-9)
    assert same.separation.tolist() == [0.0]
    apart = SkyPositions([10.0, 10.0], [0.0, 0.5 * _ARCSEC])
    assert len(find_pairs_within(apart, 0.500001)) == 1
    assert len(find_pairs_within(apart, 0.499999)) == 0
    opposite = SkyPositions([0.0, 180.0], [0.0, 0.0])
    assert len(find_pairs_within(opposite, 180 * 3600)) == 0


def test_rows_without_a_position_never_match_and_keep_their_numbers():
    left = SkyPositions([np.nan, 10.0, 10.0], [0.0, np.nan, 0.0])
    right = SkyPositions([10.0, np.inf, 10.0], [0.0, 0.0, 0.0])
    pairs = find_pairs(left, right, 1.0)
    assert pairs.left.tolist() == [2, 2]
    assert pairs.right.tolist() == [0, 2]
    assert len(left) == 3
    beyond = SkyPositions([400.0, -181.0, 40.0], [0.0, 0.0, 90.1])
    assert len(find_pairs(beyond, SkyPositions([40.0, 179.0, 40.0], [0.0, 0.0, 90.0]), 3600.0)) == 0
    empty = SkyPositions([], [])
    assert len(find_pairs(empty, right, 1.0)) == 0
    assert len(find_pairs_within(SkyPositions([np.nan], [np.nan]), 1.0)) == 0


def test_right_ascension_beyond_360_is_the_same_direction():
    assert len(find_pairs(SkyPositions([-1.0], [3.0]), SkyPositions([359.0], [3.0]), 0.01)) == 1


@pytest.mark.parametrize("radius", [0, -1, np.nan, 648001])
def test_radius_out_of_bounds_is_refused(radius):
    with pytest.raises(InvalidValueError, match="radius"):
        find_pairs_within(SkyPositions([0.0], [0.0]), radius)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InvalidValueError, match="one length"):
        SkyPositions([0.0], [0.0, 1.0])


def test_a_heap_of_rows_at_one_place_is_refused_before_memory_is_gone():
    placeholders = SkyPositions(np.zeros(30_000), np.zeros(30_000))
    with pytest.raises(TooLargeError, match="placeholders"):
        find_pairs_within(placeholders, 1.0)
