"""Predicates of all kinds of shapes: columns, casts, regions, boxes of rows, coverage maps."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from matplotlib.path import Path as PlanePath
from mocpy import MOC

from tap.adql import QueryError
from tests.tap.adql.functions.test_table import value


def test_a_box_that_moves_with_each_row_holds_its_row(sky):
    moving = sky.ids("1 = CONTAINS(POINT(10, 0.2), BOX(ra, dec, 2, 2)) AND dec BETWEEN -3 AND 3")
    lon, lat = sky.objects.T
    expected = np.flatnonzero(
        (np.abs((lon - 10 + 180) % 360 - 180) <= 1) & (np.abs(lat - 0.2) <= 1) & (np.abs(lat) <= 3)
    )
    # The upper and lower edges are great circles, which bulge by less than 0.0001 degrees here.
    assert moving == set(expected.tolist())


def test_a_polygon_of_columns_is_tested_row_by_row(sky):
    corners = "ra - 1, dec - 1, ra + 1, dec - 1, ra, dec + 1"
    inside = f"1 = CONTAINS(POINT(ra, dec), POLYGON({corners})) AND dec BETWEEN -80 AND 80"
    assert sky.ids(inside) == sky.ids("dec BETWEEN -80 AND 80")
    assert value(sky, f"AREA(POLYGON({corners}))") == pytest.approx(
        value(sky, "2 * COS(RADIANS(dec))"), rel=0.05, abs=0.01
    )


@pytest.mark.parametrize(
    ("one", "other", "contained", "met"),
    [
        ("POLYGON(1, 1, 2, 1, 2, 2)", "POLYGON(0, 0, 9, 0, 9, 9, 0, 9)", 1, 1),
        ("POLYGON(0, 0, 9, 0, 9, 9, 0, 9)", "POLYGON(1, 1, 2, 1, 2, 2)", 0, 1),
        ("POLYGON(0, 0, 9, 0, 9, 9)", "POLYGON(20, 0, 29, 0, 29, 9)", 0, 0),
        ("CIRCLE(5, 5, 1.5)", "POLYGON(0, 0, 10, 0, 10, 10, 5, 2, 0, 10)", 0, 0),
        ("CIRCLE(5, 5, 1.7)", "POLYGON(0, 0, 10, 0, 10, 10, 5, 2, 0, 10)", 0, 1),
        ("CIRCLE(10, 0, 175)", "CIRCLE(0, 0, 180)", 1, 1),
        ("BOX(5, 5, 2, 2)", "CIRCLE(5, 5, 2)", 1, 1),
        ("REGION('CIRCLE ICRS 5 5 1')", "REGION('Box 5 5 4 4')", 1, 1),
        ("REGION('Position 5 5')", "REGION('POLYGON ICRS GEOCENTER 0 0 9 0 9 9 0 9')", 1, 1),
        ("CAST('5 5' AS POINT)", "CAST('4 4 3' AS CIRCLE)", 1, 1),
        ("CAST('1 1 2 1 2 2' AS POLYGON)", "CAST(CAST(CIRCLE(1, 1, 3) AS VARCHAR) AS CIRCLE)", 1, 1),
        ("CIRCLE(5, 5, 1)", "MOC(8, CIRCLE(5, 5, 2))", 1, 1),
        ("CIRCLE(5, 5, 3)", "MOC(8, CIRCLE(5, 5, 2))", 0, 1),
        ("CIRCLE(5, 5, 3)", "MOC(8, CIRCLE(55, 5, 2))", 0, 0),
        ("MOC('3/10')", "MOC('2/2')", 1, 1),
        ("MOC('2/2')", "MOC('3/10')", 0, 1),
        ("MOC('2/2')", "MOC('3/200')", 0, 0),
        ("MOC('0/4')", "CIRCLE(0, 0, 90)", 1, 1),
        ("POINT(1, 1)", "MOC('0/4')", 1, 1),
        ("POINT(1, 1)", "MOC('0/5')", 0, 0),
        ("POINT(NULL, 1)", "MOC('0/5')", None, None),
        ("CIRCLE(ra, NULL, 2)", "POLYGON(0, 0, 9, 0, 9, 9)", None, None),
        ("POLYGON(0, 0, 9, 0, 9, ra + NULL)", "CIRCLE(1, 2, 3)", None, None),
    ],
)
def test_shapes_in_shapes(sky, one, other, contained, met):
    assert value(sky, f"CONTAINS({one}, {other})") == contained
    assert value(sky, f"INTERSECTS({one}, {other})") == met
    assert value(sky, f"INTERSECTS({other}, {one})") == met


@pytest.mark.parametrize("order", [2, 6])
def test_rows_in_a_coverage_map_are_those_of_mocpy(sky, order):
    cells = np.random.default_rng(order).choice(12 * 4**order, 40 * order, replace=False).astype(np.uint64)
    cone = MOC.from_cone(0 * u.deg, 90 * u.deg, radius=1 * u.deg, max_depth=10)
    moc = MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), order).union(cone)
    text = " ".join(moc.to_string(format="ascii").split())
    places = SkyCoord(sky.objects, unit="deg")
    expected = set(np.flatnonzero(moc.contains_lonlat(places.ra, places.dec)).tolist())
    assert len(expected) > 10
    assert sky.ids(f"1 = CONTAINS(POINT(ra, dec), MOC('{text}'))") == expected
    assert sky.ids(f"1 = CONTAINS(POINT(ra + 0, dec), MOC('{text}'))") == expected
    outside = sky.ids(f"0 = CONTAINS(POINT(ra, dec), MOC('{text}'))")
    assert outside == set(range(len(sky.objects))) - expected


def test_the_map_of_a_shape_covers_it(sky):
    text = value(sky, "MOC(9, CIRCLE(120, 45, 2))")
    assert MOC.from_string(text).contains_skycoords(SkyCoord(120, 45, unit="deg"))
    area = value(sky, "AREA(CIRCLE(120, 45, 2))")
    assert value(sky, "AREA(MOC(9, CIRCLE(120, 45, 2)))") == pytest.approx(area, rel=0.1)
    whole = value(sky, "AREA(MOC('0/0-11'))")
    assert whole == pytest.approx(4 * np.pi * np.degrees(1) ** 2)


def test_shapes_become_texts_and_times_keep_their_t(sky):
    assert value(sky, "CAST(POINT(1.5, -2) AS VARCHAR)") == "1.5 -2.0"
    assert value(sky, "CAST(CIRCLE(1, 2, 0.5) AS CHAR(3))") == "1.0"
    assert value(sky, "CAST(CAST('2020-02-29 12:00:00' AS TIMESTAMP) AS VARCHAR)") == "2020-02-29T12:00:00"
    columns = sky.translate("SELECT CAST('1 2' AS POINT), CAST('1 2 3' AS CIRCLE), MOC('1/1') FROM cat.objects").columns
    assert [(c.datatype, c.arraysize, c.xtype) for c in columns] == [
        ("double", "2", "point"),
        ("double", "3", "circle"),
        ("char", "*", "moc"),
    ]


def test_a_shape_that_passes_a_subquery_is_still_one(sky):
    query = """SELECT COUNT(*) FROM (SELECT BOX(ra, dec, 1, 1) AS b, MOC('0/4') AS m, CIRCLE(ra, dec, 1) AS c, ra, dec
        FROM cat.objects WHERE dec BETWEEN -80 AND 80) AS q
        WHERE 1 = CONTAINS(POINT(ra, dec), b) AND 1 = INTERSECTS(c, b)
        AND (1 = CONTAINS(POINT(ra, dec), m) OR ra > 5)"""
    assert sky.rows(query)[0][0] > 1000


def test_areas_of_points_that_are_missing_are_missing(sky):
    assert value(sky, "AREA(POINT(NULL, 2))") is None
    assert value(sky, "AREA(POINT(1, 2))") == 0
    assert value(sky, "COORDSYS(BOX(ra, dec, 1, 1))") == "ICRS"
    assert value(sky, "COORD2(CENTROID(BOX(40, ra * 0 + 20, 1, 1)))") == pytest.approx(20, abs=1e-2)


def test_a_polygon_of_many_corners_is_read_at_once_and_tested_exactly(sky):
    random = np.random.default_rng(3)
    angles, radii = np.sort(random.uniform(0, 2 * np.pi, 600)), random.uniform(1, 5, 600)
    corners = np.column_stack([10 + radii * np.cos(angles), radii * np.sin(angles)])
    numbers = ", ".join(f"{float(number)!r}" for number in corners.ravel())
    # Great circles are straight lines in the gnomonic projection, where matplotlib knows what is inside.
    frame = SkyCoord(10, 0, unit="deg").skyoffset_frame()

    def plane(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y, z = SkyCoord(places, unit="deg").transform_to(frame).cartesian.xyz.value
        return np.column_stack([y / x, z / x]), x > 0.5

    places, near = plane(sky.objects)
    inside = near & PlanePath(plane(corners)[0]).contains_points(places)
    found = sky.ids(f"1 = CONTAINS(POINT(ra, dec), POLYGON({numbers}))")
    assert found == set(np.flatnonzero(inside).tolist())
    assert sky.ids(f"1 = CONTAINS(POINT(ra + 0, dec), POLYGON({numbers})) AND dec > -90") == found


@pytest.mark.parametrize("shape", ["CIRCLE(1, 2, 60)", "POLYGON(0, 0, 80, 0, 80, 80)", "BOX(ra, dec, 40, 40)"])
def test_maps_of_too_many_cells_are_refused(sky, shape):
    if "ra" in shape:
        assert value(sky, f"MOC(29, {shape})") is None
        return
    with pytest.raises(QueryError, match="too many cells"):
        sky.translate(f"SELECT MOC(29, {shape}) FROM cat.objects")
