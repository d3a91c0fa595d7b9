"""BOX of any width, also over the poles, against arithmetic on coordinates and points drawn in shapes."""

import numpy as np
import pytest
from astropy import units as u
from mocpy import MOC

from core.sky.boxes import Box
from core.sky.regions import Region, contains, holds_positions, intersects
from tap.adql import QueryError
from tests.tap.adql.functions.test_table import value
from tests.tap.adql.sky import positions

_BOXES = [
    (180, 0, 20, 20),
    (0, 0, 200, 10),
    (0, 0, 359, 10),
    (0, 0, 180, 20),
    (0, 0, 179, 20),
    (0, 0, 360, 1),
    (10, 60, 90, 20),
    (0, 85, 60, 8),
    (0, 88, 90, 8),
    (200, 89.5, 360, 1),
    (30, -90, 20, 3),
    (0, 0, 0.5, 0.5),
    (-0.25, 0.1, 0.5, 0.2),
    (0, 0, 720, 400),
    (90, 0, 181, 0.4),
]


def inside(box: tuple[float, ...], places: np.ndarray) -> np.ndarray:
    lon, lat, width, height = box
    across = np.abs((places[:, 0] - lon + 180) % 360 - 180) <= width / 2
    return across & (np.abs(places[:, 1] - lat) <= height / 2)


@pytest.mark.parametrize("box", _BOXES, ids=str)
def test_rows_in_a_box_are_those_within_its_ranges(sky, box):
    expected = set(np.flatnonzero(inside(box, sky.objects)).tolist())
    written = ", ".join(map(str, box))
    assert expected
    assert sky.ids(f"1 = CONTAINS(POINT(ra, dec), BOX({written}))") == expected
    assert sky.ids(f"1 = CONTAINS(POINT(ra + 0, dec), BOX({written}))") == expected
    assert sky.ids(f"0 = CONTAINS(POINT(ra, dec), BOX({written}))") == set(range(len(sky.objects))) - expected
    assert sky.ids(f"1 = INTERSECTS(REGION('BOX ICRS {written.replace(',', '')}'), POINT(ra, dec))") == expected
    lon, lat, width, height = box
    moving = f"BOX({lon} + 0 * ra, {lat}, {width}, {height} + 0 * dec)"
    assert sky.ids(f"1 = CONTAINS(POINT(ra, dec), {moving})") == expected


@pytest.mark.parametrize("box", _BOXES, ids=str)
def test_the_area_of_a_box_is_that_of_its_band(sky, box):
    lon, lat, width, height = box
    south, north = np.sin(np.radians(np.clip([lat - height / 2, lat + height / 2], -90, 90)))
    expected = min(width, 360) * np.degrees(north - south)
    assert value(sky, f"AREA(BOX({lon}, {lat}, {width}, {height}))") == pytest.approx(expected, rel=1e-9)
    assert value(sky, f"AREA(BOX({lon} + 0 * ra, {lat}, {width}, {height}))") == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("box", [box for box in _BOXES if box[2] * box[3] > 50], ids=str)
def test_the_map_of_a_box_covers_it(sky, box):
    places = positions(4000, 3)
    moc = MOC.from_string(value(sky, f"MOC(7, BOX({', '.join(map(str, box))}))"))
    covered = places[inside(box, places)]
    assert moc.contains_lonlat(covered[:, 0] * u.deg, covered[:, 1] * u.deg).all()
    area = Box.about(*box).area
    assert area <= moc.sky_fraction * 41252.97 <= area + 0.5 * (4 * 360 + 720)


def _shapes(kind: str, random: np.random.Generator, count: int) -> list[Region]:
    shapes = []
    for _ in range(count):
        lon, lat = random.uniform(0, 360), np.degrees(np.arcsin(random.uniform(-1, 1)))
        if kind == "circle":
            numbers = (lon, lat, random.choice([1, 10, 80, 120, 170]) * random.uniform(0.3, 1))
        elif kind == "box":
            numbers = (lon, lat, random.choice([5, 60, 200, 360]), random.choice([3, 20, 90]))
        else:
            turns = np.sort(random.uniform(0, 2 * np.pi, 4) + np.array([0, 1.5, 3, 4.5])) % (2 * np.pi)
            reach = np.radians(random.choice([3, 20, 50]))
            middle = np.array([np.cos(np.radians(lat)), 0, np.sin(np.radians(lat))])
            up = np.array([-np.sin(np.radians(lat)), 0, np.cos(np.radians(lat))])
            around = np.outer(np.cos(np.sort(turns)), up) + np.outer(np.sin(np.sort(turns)), [0, 1, 0])
            x, y, z = (np.cos(reach) * middle + np.sin(reach) * around).T
            corners = np.column_stack([np.degrees(np.arctan2(y, x)) + lon, np.degrees(np.arcsin(np.clip(z, -1, 1)))])
            numbers = tuple(corners.ravel().tolist())
        shapes.append(Region(kind, tuple(float(number) for number in numbers)))
    return shapes


@pytest.mark.parametrize("kind", ["circle", "box", "polygon"])
def test_relations_of_boxes_agree_with_points_drawn_over_the_sky(kind):
    random = np.random.default_rng(11)
    lon, lat = random.uniform(0, 360, 30_000), np.degrees(np.arcsin(random.uniform(-1, 1, 30_000)))

    def members(region: Region) -> np.ndarray:
        if region.kind == "box":
            return inside(region.numbers, np.column_stack([lon, lat]))
        if region.kind == "circle":
            return np.array(_separation(lon, lat, *region.numbers[:2]) <= region.numbers[2])
        return holds_positions(region, lon, lat)

    found = {"in": 0, "out": 0, "met": 0, "apart": 0}
    for box, other in zip(_shapes("box", random, 120), _shapes(kind, random, 120), strict=True):
        first, second = members(box), members(other)
        met = bool((first & second).any())
        assert not met or intersects(box, other), (box, other)
        assert intersects(box, other) == intersects(other, box)
        # Where no drawn point tells, shapes are nearly tangent or smaller than the distance of the points.
        if not met and intersects(box, other):
            assert _near(box, other) or _share_a_pole(box, other), (box, other)
        for inner, outer, one, two in ((box, other, first, second), (other, box, second, first)):
            spills = bool((one & ~two).any())
            assert not (spills and contains(inner, outer)), (inner, outer)
            if not spills and not contains(inner, outer):
                assert one.sum() < 60 or _nearly_within(inner, outer), (inner, outer)
            found["in" if contains(inner, outer) else "out"] += 1
        found["met" if met else "apart"] += 1
    assert min(found.values()) > 3, found


def _separation(lon: np.ndarray, lat: np.ndarray, ra: float, dec: float) -> np.ndarray:
    a, b, step = np.radians(lat), np.radians(dec), np.radians(lon - ra)
    return np.degrees(np.arccos(np.clip(np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(step), -1, 1)))


def _grown(region: Region, by: float) -> Region:
    if region.kind == "box":
        lon, lat, width, height = region.numbers
        reach = by / max(0.05, np.cos(np.radians(min(89, abs(lat) + height / 2))))
        return Region("box", (lon, lat, max(0.0, width + 2 * reach), max(0.0, height + 2 * by)))
    if region.kind == "circle":
        return Region("circle", (*region.numbers[:2], max(0.0, region.numbers[2] + by)))
    return region


def _near(one: Region, other: Region) -> bool:
    return not intersects(_grown(one, -1.5), _grown(other, -1.5))


def _share_a_pole(*boxes: Region) -> bool:
    ends = [(box.numbers[1] - box.numbers[3] / 2, box.numbers[1] + box.numbers[3] / 2) for box in boxes]
    return all(south <= -90 for south, _ in ends) or all(north >= 90 for _, north in ends)


def _nearly_within(inner: Region, outer: Region) -> bool:
    return bool(contains(_grown(inner, -1.5), _grown(outer, 1.5)))


@pytest.mark.parametrize(
    ("one", "other", "contained", "met"),
    [
        ("BOX(0, 0, 200, 10)", "BOX(0, 0, 360, 10)", 1, 1),
        ("BOX(0, 0, 360, 10)", "BOX(0, 0, 200, 10)", 0, 1),
        ("BOX(0, 70, 360, 10)", "CIRCLE(0, 90, 25)", 1, 1),
        ("CIRCLE(0, 90, 24)", "BOX(0, 70, 360, 10)", 0, 1),
        ("CIRCLE(0, 90, 14)", "BOX(0, 70, 360, 10)", 0, 0),
        ("CIRCLE(5, 90, 4)", "BOX(200, 88, 360, 20)", 1, 1),
        ("POLYGON(0, 71, 120, 71, 240, 71)", "BOX(0, 70, 360, 30)", 0, 1),
        ("POLYGON(0, 71, 120, 71, 240, 71)", "BOX(0, 70, 360, 40)", 1, 1),
        ("POLYGON(0, 80, 120, 80, 240, 80)", "BOX(0, 70, 360, 10)", 0, 0),
        ("POLYGON(0, 85, 120, 85, 240, 85)", "BOX(0, 85, 360, 20)", 1, 1),
        ("BOX(0, 89, 360, 1)", "POLYGON(0, 80, 120, 80, 240, 80)", 1, 1),
        ("BOX(10, 0, 10, 10)", "BOX(10, 0, 10, 10)", 1, 1),
        ("BOX(0, 85, 20, 10)", "BOX(180, 85, 20, 10)", 0, 1),
        ("BOX(0, 85, 20, 9.9)", "BOX(180, 85, 20, 9.9)", 0, 0),
        ("BOX(5, 5, 1, 1)", "MOC(8, BOX(5, 5, 3, 3))", 1, 1),
        ("MOC(8, CIRCLE(180, 0, 3))", "BOX(180, 0, 359, 20)", 1, 1),
    ],
)
def test_boxes_and_other_shapes(sky, one, other, contained, met):
    assert value(sky, f"CONTAINS({one}, {other})") == contained
    assert value(sky, f"INTERSECTS({one}, {other})") == met
    assert value(sky, f"INTERSECTS({other}, {one})") == met


def test_a_box_in_a_result_is_its_corners_or_missing(sky):
    assert value(sky, "BOX(10, 20, 2, 4)") == (9, 18, 11, 18, 11, 22, 9, 22)
    assert value(sky, "BOX(10 + 0 * ra, 20, 2, 4)") == (9, 18, 11, 18, 11, 22, 9, 22)
    assert value(sky, "CAST(BOX(10, 20, 2, 4) AS VARCHAR)") == "9.0 18.0 11.0 18.0 11.0 22.0 9.0 22.0"
    for box in ("BOX(0, 0, 200, 10)", "BOX(0, 89, 10, 10)"):
        assert value(sky, box) is None
        assert value(sky, box.replace("(0,", "(0 * ra,")) is None
    assert value(sky, "CENTROID(BOX(350, 0, 200, 10))") == pytest.approx((350, 0))
    assert value(sky, "COORD2(CENTROID(BOX(0, 45, 360, 90)))") == pytest.approx(90)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("BOX(0, 0, -1, 2)", "width -1 of the BOX is negative"),
        ("BOX(0, 0, 1, -2)", "height -2 of the BOX is negative"),
        ("CIRCLE(10, 10, 200)", "radius 200 is larger than 180 degrees"),
        ("REGION('CIRCLE 10 10 200')", "radius out of range"),
        ("CAST('10 10 180.1' AS CIRCLE)", "radius out of range"),
        ("REGION('BOX 0 0 -1 2')", "out of range"),
    ],
)
def test_sizes_that_no_shape_has_are_refused(sky, shape, message):
    with pytest.raises(QueryError, match=message):
        sky.translate(f"SELECT AREA({shape}) FROM cat.objects")


def test_a_distance_below_more_than_half_a_circle_is_true_everywhere(sky):
    assert len(sky.ids("DISTANCE(ra, dec, 10, 20) < 200")) == len(sky.objects)
    assert value(sky, "AREA(CIRCLE(ra, dec, 180))") == pytest.approx(4 * np.pi * np.degrees(1) ** 2)
    assert value(sky, "AREA(CIRCLE(ra, dec, 200 + 0 * ra))") == pytest.approx(4 * np.pi * np.degrees(1) ** 2)
