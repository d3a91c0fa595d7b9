"""Geometry against astropy: cones and polygons, also at the poles and where right ascension wraps."""

import re

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky
from matplotlib.path import Path as PlanePath

from tap.adql import QueryError
from tests.tap.adql.sky import Sky

_RNG = np.random.default_rng(7)
_CENTERS = [
    (0.0, 90.0),
    (123.0, -90.0),
    (0.0, 0.0),
    (359.9999, 0.01),
    (180.0, 89.7),
    (77.0, -89.9),
    *zip(_RNG.uniform(0, 360, 12).tolist(), np.degrees(np.arcsin(_RNG.uniform(-1, 1, 12))).tolist(), strict=True),
]
_RADII = (0.0, 0.05, 1.0, 59.9, 91.0, 179.9)


def _separations(sky: Sky, lon: float, lat: float) -> np.ndarray:
    points = SkyCoord(sky.objects[:, 0], sky.objects[:, 1], unit="deg")
    return points.separation(SkyCoord(lon, lat, unit="deg")).deg


def test_a_distance_in_a_choice_is_not_required_of_every_pair(sky):
    pairs = "FROM cat.objects AS o, cat.spectra AS s WHERE o.id < 40 AND s.id < 30 AND "
    near = sky.rows(f"SELECT COUNT(*) {pairs} DISTANCE(o.ra, o.dec, s.ra, s.dec) < 1")
    choice = "CASE WHEN DISTANCE(o.ra, o.dec, s.ra, s.dec) < 1 THEN 1 ELSE 0 END"
    assert sky.rows(f"SELECT COUNT(*) {pairs} {choice} = 1") == near
    assert sky.rows(f"SELECT COUNT(*) {pairs} {choice} = 0") == [(40 * 30 - near[0][0],)]


@pytest.mark.parametrize("center", _CENTERS)
def test_cones_hold_the_points_that_astropy_says(sky, center):
    lon, lat = center
    separations = _separations(sky, lon, lat)
    for radius in _RADII:
        expected = set(np.flatnonzero(separations <= radius).tolist())
        contained = sky.ids(f"1=CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {lon!r}, {lat!r}, {radius}))")
        assert contained == expected
        assert sky.ids(f"DISTANCE(POINT(ra, dec), POINT({lon!r}, {lat!r})) <= {radius}") == expected
        outside = sky.ids(f"0=CONTAINS(POINT(ra, dec), CIRCLE({lon!r}, {lat!r}, {radius}))")
        assert outside == set(range(len(sky.objects))) - expected


def test_the_whole_sky_is_a_circle_and_nothing_is_none(sky):
    everything = set(range(len(sky.objects)))
    assert sky.ids("1=CONTAINS(POINT(ra, dec), CIRCLE(1, 2, 180))") == everything
    assert sky.ids("DISTANCE(ra, dec, 1, 2) <= 200") == everything
    assert sky.ids("DISTANCE(ra, dec, 1, 2) <= -1") == set()


def test_a_circle_about_an_object_holds_its_rim(sky):
    lon, lat = sky.objects[17].tolist()
    assert 17 in sky.ids(f"CONTAINS(POINT(ra, dec), CIRCLE({lon!r}, {lat!r}, 0)) = 1")
    assert 17 not in sky.ids(f"DISTANCE(ra, dec, {lon!r}, {lat!r}) < 0")


def test_distances_are_those_of_astropy(sky):
    rows = sky.rows(
        "SELECT id, DISTANCE(ra, dec, 350, -89.5), DISTANCE(POINT(350, -89.5), POINT(ra, dec)) FROM cat.objects"
    )
    values = np.array([row[1:] for row in rows if row[1] is not None])
    ids = [row[0] for row in rows if row[1] is not None]
    expected = _separations(sky, 350, -89.5)[ids]
    assert np.abs(values - expected[:, None]).max() < 1e-12
    assert [row for row in rows if row[1] is None] == [(len(sky.objects), None, None)]


@pytest.mark.parametrize(
    ("lon", "lat", "corners"),
    [
        (0, 0, [(-2, -2), (2, -2), (2, 2), (-2, 2)]),
        (0, 0, [(-3, -2), (3, -2), (0.2, 0.1), (0.5, 3), (-1, 0.4)]),
        (10, 90, [(-0.6, -0.4), (0.7, -0.5), (0.1, 0.0), (0.6, 0.8), (-0.5, 0.6)]),
        (200, -90, [(-0.8, -0.8), (0.9, -0.7), (0.6, 0.6), (-0.8, 0.7)]),
        (250, 40, [(-40, -40), (50, -30), (10, 5), (30, 60), (-35, 50)]),
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
def test_polygons_hold_the_points_of_their_gnomonic_images(sky, lon, lat, corners, turn):
    # Great circles are straight lines in the gnomonic projection, where matplotlib knows what is inside.
    center = SkyCoord(lon, lat, unit="deg")
    frame = center.skyoffset_frame()
    plane = np.tan(np.radians(corners))
    radius = np.degrees(np.arctan(np.hypot(*plane.T)))
    angle = np.degrees(np.arctan2(plane[:, 0], plane[:, 1]))
    vertices = center.directional_offset_by(angle * u.deg, radius * u.deg)
    numbers = [f"{float(v.ra.deg)!r}, {float(v.dec.deg)!r}" for v in vertices][::turn]
    offsets = SkyCoord(sky.objects[:, 0], sky.objects[:, 1], unit="deg").transform_to(frame)
    x, y, z = offsets.cartesian.xyz.value
    front = x > 1e-6
    inside = np.zeros(len(x), dtype=bool)
    inside[front] = PlanePath(plane).contains_points(np.column_stack([y[front] / x[front], z[front] / x[front]]))
    found = sky.ids(f"1=CONTAINS(POINT(ra, dec), POLYGON({', '.join(numbers)}))")
    assert found == set(np.flatnonzero(inside).tolist())
    assert len(found) > 10


def test_a_box_is_the_polygon_of_its_corners(sky):
    box = sky.ids("1=CONTAINS(POINT(ra, dec), BOX('ICRS', 0, 0.5, 2, 1))")
    polygon = sky.ids("1=CONTAINS(POINT(ra, dec), POLYGON(359, 0, 1, 0, 1, 1, 359, 1))")
    assert box == polygon
    assert len(box) > 10


@pytest.mark.parametrize("radius", [1 / 3600, 0.01, 0.5, 5.0])
@pytest.mark.parametrize(
    "form",
    [
        "FROM cat.objects AS o JOIN cat.spectra AS s ON DISTANCE(POINT(o.ra, o.dec), POINT(s.ra, s.dec)) < {}",
        "FROM cat.spectra AS s, cat.objects AS o WHERE 1=CONTAINS(POINT(s.ra, s.dec), CIRCLE(o.ra, o.dec, {}))",
    ],
)
def test_crossmatches_count_what_search_around_sky_counts(sky, radius, form):
    objects = SkyCoord(sky.objects, unit="deg")
    spectra = SkyCoord(sky.spectra, unit="deg")
    expected = len(search_around_sky(objects, spectra, radius * u.deg)[0])
    query = f"SELECT COUNT(*), COUNT(DISTINCT o.id * 100000 + s.id) {form.format(radius)}"
    assert "@cell" in sky.translate(query).sql
    assert sky.rows(query) == [(expected, expected)]
    assert expected > 100


def test_a_cone_reads_few_row_groups(sky, tmp_path):
    path = tmp_path / "objects.parquet"
    table = sky.connection.sql("SELECT * FROM products.table_1 ORDER BY _healpix_29").to_arrow_table()
    pq.write_table(table, path, row_group_size=100)
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA products")
    connection.execute(f"CREATE VIEW products.table_1 AS SELECT * FROM read_parquet('{path}')")
    for test in (
        "1=CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 0.1))",
        "CONTAINS(POINT('ICRS', 0, 90), CIRCLE('ICRS', ra, dec, 0.1)) = 1",
        "DISTANCE(ra, dec, 200, 45) < 1 AND z > 0.1",
        "0.5 >= DISTANCE(POINT(40, -20), POINT(ra, dec))",
        "1=CONTAINS(POINT(ra, dec), POLYGON(40, 40, 42, 40, 42, 43))",
        "1=INTERSECTS(POINT(ra, dec), BOX(140, -40, 1, 1))",
    ):
        sql = sky.translate(f"SELECT COUNT(*) FROM cat.objects WHERE {test}").sql
        plan = connection.sql(f"EXPLAIN ANALYZE {sql}").fetchall()[0][1]
        scanned, groups = map(int, re.search(r"Row Groups Scanned: (\d+) / (\d+)", plan).groups())
        assert groups == 41
        assert scanned <= 9


@pytest.mark.parametrize(
    "join",
    [
        "cat.spectra AS s LEFT JOIN cat.objects AS o ON DISTANCE(s.ra, s.dec, o.ra, o.dec) < 0.001",
        "cat.objects AS o RIGHT JOIN cat.spectra AS s ON 1=CONTAINS(POINT(o.ra, o.dec), CIRCLE(s.ra, s.dec, 0.001))",
        "cat.spectra s LEFT JOIN (cat.objects o NATURAL JOIN cat.objects) ON DISTANCE(s.ra, s.dec, o.ra, o.dec) < 1e-3",
        "cat.spectra AS s FULL JOIN cat.objects AS o ON DISTANCE(s.ra, s.dec, o.ra, o.dec) < 0.001",
    ],
)
def test_an_outer_join_by_distance_keeps_what_has_no_neighbour(sky, join):
    pairs = len(
        search_around_sky(*(SkyCoord(side, unit="deg") for side in (sky.spectra, sky.objects)), 0.001 * u.deg)[0]
    )
    (row,) = sky.rows(f"SELECT COUNT(DISTINCT s.id), COUNT(o.id), COUNT(DISTINCT o.id) FROM {join} WHERE s.id >= 0")
    assert row[0] == len(sky.spectra)
    assert row[1] == pairs
    assert row[2] < len(sky.objects)


def test_three_catalogues_meet(sky):
    query = """SELECT COUNT(*), COUNT(DISTINCT o.id) FROM cat.spectra AS s, cat.objects AS o, cat.objects AS p
        WHERE DISTANCE(s.ra, s.dec, o.ra, o.dec) < 0.001 AND DISTANCE(o.ra, o.dec, p.ra, p.dec) <= 0.0001"""
    objects, spectra = SkyCoord(sky.objects, unit="deg"), SkyCoord(sky.spectra, unit="deg")
    near = search_around_sky(spectra, objects, 0.001 * u.deg)[1]
    neighbours = np.bincount(search_around_sky(objects, objects, 0.0001 * u.deg)[0], minlength=len(objects))
    assert sky.rows(query) == [(int(neighbours[near].sum()), len(set(near.tolist())))]


def test_circles_meet_polygons_that_they_touch(sky):
    # By hand, on the equator: the square reaches from 10 to 20 degrees of right ascension.
    square = "POLYGON(10, -5, 20, -5, 20, 5, 10, 5)"
    for lon, radius, expected in [(15, 0.1, 1), (5, 4.9, 0), (5, 5.1, 1), (25, 5.1, 1), (15, 60, 1), (200, 60, 0)]:
        query = f"SELECT TOP 1 INTERSECTS(CIRCLE({lon}, 0, {radius}), {square}) FROM cat.objects"
        assert sky.rows(query) == [(expected,)]


def test_areas_are_those_of_spherical_geometry(sky):
    row = sky.rows(
        """SELECT TOP 1 AREA(CIRCLE(0, 0, 180)), AREA(CIRCLE(10, 20, 1)), AREA(POLYGON(0, 0, 90, 0, 0, 90)),
        AREA(POINT(1, 2)) FROM cat.objects"""
    )[0]
    whole = 4 * np.pi * np.degrees(1) ** 2
    assert row == pytest.approx((whole, whole * (1 - np.cos(np.radians(1))) / 2, whole / 8, 0), rel=1e-9)


def test_shapes_are_selected_as_dali_writes_them(sky):
    query = """SELECT TOP 1 POINT(ra, dec) AS p, CIRCLE(ra, dec, 2) AS c, POLYGON(0,0,1,0,1,1) AS g
        FROM cat.objects WHERE id = 3"""
    ra, dec = sky.objects[3]
    assert sky.rows(query) == [((ra, dec), (ra, dec, 2.0), (0.0, 0.0, 1.0, 0.0, 1.0, 1.0))]
    columns = sky.translate(query).columns
    assert [(c.datatype, c.arraysize, c.xtype) for c in columns] == [
        ("double", "2", "point"),
        ("double", "3", "circle"),
        ("double", "6", "polygon"),
    ]


def test_the_centroid_of_an_octant_is_its_diagonal(sky):
    query = """SELECT TOP 1 COORD1(CENTROID(POLYGON(0,0,90,0,0,90))), COORD2(CENTROID(POLYGON(0,0,90,0,0,90)))
        FROM cat.objects"""
    assert sky.rows(query)[0] == pytest.approx((45, np.degrees(np.arcsin(1 / np.sqrt(3)))))


def test_columns_of_points_are_geometry(sky):
    assert sky.rows('SELECT a FROM cat."Few Rows" WHERE 1=CONTAINS(p, CIRCLE(10, 0, 1))') == [(2,)]


@pytest.mark.parametrize(
    ("polygon", "reason"),
    [
        ("POLYGON(0,0, 1,1, 0,1, 1,0)", "cross"),
        ("POLYGON(0,0, 1,0, 2,0)", "one great circle"),
        ("POLYGON(0,0, 120,0, 240,0, 0,10)", "hemisphere"),
        ("POLYGON(0,0, 1,0, 1,91)", "90"),
        ("POLYGON(0,0, 0,0, 0,0)", "three different vertices"),
    ],
)
def test_polygons_that_mean_nothing_are_refused(sky, polygon, reason):
    with pytest.raises(QueryError, match=reason):
        sky.translate(f"SELECT id FROM cat.objects WHERE 1=CONTAINS(POINT(ra, dec), {polygon})")
