"""Shapes that differ from row to row: by hand where it is plain, by sampling positions where it is not."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sky.regions import Region, contains, intersects, region_area, region_center

SQUARE = Region("polygon", (10, -5, 20, -5, 20, 5, 10, 5))
NOTCHED = Region("polygon", (0, 0, 10, 0, 10, 10, 5, 2, 0, 10))
POLE = Region("polygon", (0, 80, 90, 80, 180, 80, 270, 80))


def circle(lon, lat, radius):
    return Region("circle", (lon, lat, radius))


def point(lon, lat):
    return Region("point", (lon, lat))


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        (point(15, 0), SQUARE, True),
        (point(20, 0), SQUARE, True),
        (point(20.001, 0), SQUARE, False),
        (circle(15, 0, 4.9), SQUARE, True),
        (circle(15, 0, 5.1), SQUARE, False),
        (circle(5, 5, 1), NOTCHED, False),
        (circle(2, 2, 1), NOTCHED, True),
        (SQUARE, SQUARE, True),
        (Region("polygon", (11, -4, 19, -4, 19, 4, 11, 4)), SQUARE, True),
        (Region("polygon", (11, -4, 21, -4, 19, 4, 11, 4)), SQUARE, False),
        (SQUARE, circle(15, 0, 7.1), True),
        (SQUARE, circle(15, 0, 6.9), False),
        (SQUARE, circle(195, 0, 172.9), False),
        (SQUARE, circle(195, 0, 175.1), False),
        (SQUARE, circle(100, 0, 91), True),
        (Region("polygon", (1, 1, 9, 1, 9, 8, 1, 8)), NOTCHED, False),
        (Region("polygon", (1, 0.5, 9, 0.5, 5, 1.5)), NOTCHED, True),
        (circle(0, 90, 9.9), POLE, False),
        (circle(0, 90, 7), POLE, True),
        (circle(10, 0, 175), circle(0, 0, 180), True),
        (circle(10, 0, 3), circle(11, 0, 4), True),
        (circle(10, 0, 3), circle(11.1, 0, 4), False),
        (circle(10, 0, 0), point(10, 0), True),
        (SQUARE, point(15, 0), False),
    ],
)
def test_what_lies_in_what(inner, outer, expected):
    assert contains(inner, outer) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (SQUARE, Region("polygon", (20, 0, 30, 0, 30, 9, 20, 9)), True),
        (SQUARE, Region("polygon", (20.1, 0, 30, 0, 30, 9, 20.1, 9)), False),
        (SQUARE, Region("polygon", (0, -1, 30, -1, 30, 1, 0, 1)), True),
        (SQUARE, Region("polygon", (190, -5, 200, -5, 200, 5, 190, 5)), False),
        (SQUARE, circle(5, 0, 4.9), False),
        (SQUARE, circle(5, 0, 5.1), True),
        (SQUARE, circle(195, 0, 170), False),
        (SQUARE, circle(195, 0, 175.1), True),
        (NOTCHED, circle(5, 8, 1), False),
        (NOTCHED, Region("polygon", (4.9, 6, 5.1, 6, 5.1, 8, 4.9, 8)), False),
        (POLE, circle(0, 90, 0), True),
        (POLE, circle(45, 79, 4), True),
        (POLE, circle(45, 79, 3.8), False),
        (circle(359.5, 0, 1), circle(1.4, 0, 1), True),
        (circle(359.5, 0, 1), circle(1.6, 0, 1), False),
    ],
)
def test_what_meets_what_either_way_round(one, other, expected):
    assert intersects(one, other) is expected
    assert intersects(other, one) is expected


def test_what_is_no_shape_gives_nothing():
    for none in (point(1, 91), circle(1, 2, -1), circle(float("nan"), 2, 1), Region("polygon", (1, 2, 3, 4))):
        assert contains(none, SQUARE) is None
        assert intersects(SQUARE, none) is None
        assert region_area(none) is None
        assert region_center(none) is None
    with pytest.raises(ValueError, match="cross"):
        contains(point(1, 2), Region("polygon", (0, 0, 1, 1, 0, 1, 1, 0)))


def test_areas_and_middles():
    whole = 4 * np.pi * np.degrees(1) ** 2
    assert region_area(circle(3, 4, 180)) == pytest.approx(whole)
    assert region_area(Region("polygon", (0, 0, 90, 0, 0, 90))) == pytest.approx(whole / 8)
    assert region_area(point(1, 2)) == 0
    assert region_center(Region("polygon", (0, 0, 90, 0, 0, 90))) == pytest.approx((45, 35.264389682754654))
    assert region_center(circle(3, 4, 5)) == (3, 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_triangles_agree_with_positions_drawn_in_them(seed):
    random = np.random.default_rng(seed)

    def triangle() -> Region:
        center = SkyCoord(random.uniform(0, 360), np.degrees(np.arcsin(random.uniform(-1, 1))), unit="deg")
        angles = np.sort(random.uniform(0, 360, 3))
        corners = center.directional_offset_by(angles * _DEG, random.uniform(5, 60, 3) * _DEG)
        return Region("polygon", tuple(np.column_stack([corners.ra.deg, corners.dec.deg]).ravel().tolist()))

    one, other = triangle(), triangle()
    if min(region_area(one), region_area(other)) < 10:
        return
    drawn = random.normal(size=(400, 3))
    places = SkyCoord(*drawn.T, representation_type="cartesian").spherical
    inside = [
        np.array([contains(point(lon, lat), shape) for lon, lat in zip(places.lon.deg, places.lat.deg, strict=True)])
        for shape in (one, other)
    ]
    if (inside[0] & inside[1]).any():
        assert intersects(one, other)
    if (inside[0] & ~inside[1]).any():
        assert not contains(one, other)
    if contains(one, other):
        assert intersects(one, other)
        assert region_area(one) <= region_area(other)


_DEG = SkyCoord(0, 0, unit="deg").ra.unit
