"""Cross-matches in all forms that people write them: the pairs are those of astropy, and not all pairs are compared."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky

from tests.tap.adql.sky import Sky

_DISTANCE = "DISTANCE(s.ra, s.dec, o.ra, o.dec)"
_FLAT = "POWER((s.ra - o.ra) * COS(RADIANS(o.dec)), 2) + POWER(s.dec - o.dec, 2)"
_BOTH = "FROM cat.spectra AS s, cat.objects AS o WHERE"
_RADIUS = 0.001


def pairs_within(sky: Sky, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    sides = (SkyCoord(side, unit="deg") for side in (sky.spectra, sky.objects))
    return search_around_sky(*sides, degrees * u.deg)[:2]


@pytest.fixture(scope="module")
def pairs(sky: Sky) -> tuple[np.ndarray, np.ndarray]:
    return pairs_within(sky, _RADIUS)


def assert_joined(sky: Sky, query: str) -> None:
    plan = sky.connection.sql(f"EXPLAIN {sky.translate(query).sql}").fetchall()[0][1]
    assert "NL_JOIN" not in plan, plan
    assert "CROSS_PRODUCT" not in plan, plan


@pytest.mark.parametrize(
    "condition",
    [
        f"{_DISTANCE} < 0.001",
        f"{_DISTANCE} * 3600 < 3.6",
        f"3600. * ({_DISTANCE}) < 3.6",
        f"60 * {_DISTANCE} * 60 < 3.6",
        f"{_DISTANCE} / 2 < 0.0005",
        f"3.6 > {_DISTANCE} * 3600",
        f"{_DISTANCE} < s.z_spec * 0 + 0.001",
        f"{_DISTANCE} * 3600 < o.z * 0 + 3.6",
        "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(o.ra, o.dec, o.z * 0 + 0.001))",
        "1 = CONTAINS(POINT(o.ra, o.dec), CIRCLE(s.ra, s.dec, 0.001))",
    ],
)
def test_pairs_are_those_of_astropy(sky, pairs, condition):
    query = f"SELECT s.id, o.id {_BOTH} {condition}"
    assert sorted(sky.rows(query)) == sorted(zip(*(side.tolist() for side in pairs), strict=True))
    assert_joined(sky, query)


def test_each_row_has_its_own_radius(sky):
    spectra, objects = pairs_within(sky, 0.05)
    separations = SkyCoord(sky.spectra[spectra], unit="deg").separation(SkyCoord(sky.objects[objects], unit="deg")).deg
    radius = (objects % 5) * 0.01  # as the column says
    expected = sorted(zip(spectra[separations < radius].tolist(), objects[separations < radius].tolist(), strict=True))
    assert len(expected) > 100
    query = f'SELECT s.id, o.id {_BOTH} {_DISTANCE} < o."size" * 0.01'
    assert sorted(sky.rows(query)) == expected
    assert_joined(sky, query)


_RADII = {"of the table in the subquery": 'o."size" * 0.0005', "of the enclosing table": "s.id * 1e-6"}


@pytest.mark.parametrize("word", ["", "NOT "])
@pytest.mark.parametrize("radius", _RADII.values(), ids=_RADII)
def test_neighbours_within_the_radius_of_a_row_exist_or_not(sky, word, radius):
    spectra, objects = pairs_within(sky, 0.002)
    limits = (objects % 5) * 0.0005 if "size" in radius else spectra * 1e-6
    separations = SkyCoord(sky.spectra[spectra], unit="deg").separation(SkyCoord(sky.objects[objects], unit="deg")).deg
    near = set(spectra[separations < limits].tolist())
    assert 100 < len(near) < len(set(spectra.tolist()))
    neighbours = f"(SELECT * FROM cat.objects AS o WHERE {_DISTANCE} < {radius})"
    query = f"SELECT s.id FROM cat.spectra AS s WHERE {word}EXISTS {neighbours}"
    expected = near if not word else set(range(len(sky.spectra))) - near
    assert {row[0] for row in sky.rows(query)} == expected
    assert_joined(sky, query)


def test_neighbours_are_counted_within_the_radius_of_each_row_and_group(sky):
    """Only grouped columns of the enclosing query can be used behind GROUP BY: all pairs are compared there."""
    neighbours = f'(SELECT COUNT(*) FROM cat.objects AS o WHERE {_DISTANCE} < o."size" * 0.0005)'
    counts = dict(sky.rows(f"SELECT s.id, {neighbours} AS n FROM cat.spectra AS s WHERE s.id < 300"))
    grouped = f"SELECT s.ra, s.dec, MIN(s.id), {neighbours} AS n FROM cat.spectra AS s WHERE s.id < 300"
    assert {row[2]: row[3] for row in sky.rows(f"{grouped} GROUP BY s.ra, s.dec")} == counts
    assert sum(counts.values()) > 50


#: Whether all rows of the left and of the right side are kept.
_OUTER = {"FULL": (True, True), "LEFT": (True, False), "RIGHT": (False, True)}


@pytest.mark.parametrize("kind", _OUTER)
@pytest.mark.parametrize(
    ("condition", "is_near"),
    [
        (f"{_DISTANCE} < 0.001", lambda _s, _o, d: d < 0.001),
        (f"3.6 > {_DISTANCE} * 3600 AND s.id < 500", lambda s, _o, d: (d < 0.001) & (s < 500)),
        (f'{_DISTANCE} < o."size" * 0.0005', lambda _s, o, d: d < (o % 5) * 0.0005),
        (f"{_DISTANCE} < s.id * 1e-6", lambda s, _o, d: d < s * 1e-6),
    ],
)
@pytest.mark.parametrize("sides", ["cat.spectra AS s {} cat.objects AS o", "cat.objects AS o {} cat.spectra AS s"])
def test_an_outer_join_keeps_rows_without_neighbours_once(sky, kind, condition, is_near, sides):
    spectra, objects = pairs_within(sky, 0.002)
    separations = SkyCoord(sky.spectra[spectra], unit="deg").separation(SkyCoord(sky.objects[objects], unit="deg")).deg
    near = is_near(spectra, objects, separations)
    found = {(int(s), int(o)) for s, o in zip(spectra[near], objects[near], strict=True)}
    left, right = _OUTER[kind] if sides.startswith("cat.spectra") else _OUTER[kind][::-1]
    expected = list(found)
    if left:
        expected += [(s, None) for s in set(range(len(sky.spectra))) - {s for s, _ in found}]
    if right:  # the last object has no position
        expected += [(None, o) for o in set(range(len(sky.objects) + 1)) - {o for _, o in found}]
    query = f"SELECT s.id, o.id FROM {sides.format(f'{kind} JOIN')} ON {condition}"
    rows = sky.rows(query)
    assert len(rows) == len(expected)
    assert set(rows) == set(expected)
    assert_joined(sky, query)


def test_a_full_join_by_distance_takes_its_place_among_others(sky):
    """The same rows as a left join and those of the right side without a neighbour (SQL-92, section 7.5)."""
    few = "(SELECT * FROM cat.spectra WHERE id < 600)"
    full = f"{few} AS s FULL JOIN (SELECT * FROM cat.objects WHERE id < 900) AS o ON {_DISTANCE} < 0.001"
    some = "WITH near AS (SELECT s.id AS a, o.id AS b, o.z AS z FROM " + full + ")"
    left = f"SELECT s.id, o.id FROM {few} AS s LEFT JOIN cat.objects AS o ON o.id < 900 AND {_DISTANCE} < 0.001"
    alone = f"SELECT o.id FROM cat.objects AS o WHERE o.id < 900 AND NOT EXISTS (SELECT * FROM {few} AS s WHERE "
    expected = sky.rows(left) + [(None, row[0]) for row in sky.rows(f"{alone}{_DISTANCE} < 0.001)")]
    assert sorted(sky.rows(f"{some} SELECT a, b FROM near"), key=repr) == sorted(expected, key=repr)
    on = "DISTANCE(t.ra, t.dec, o.ra, o.dec) < 0.001"
    third = f"SELECT COUNT(*), COUNT(s.id), COUNT(o.id), COUNT(t.id) FROM {full} FULL JOIN cat.spectra AS t ON {{}}"
    assert_joined(sky, third.format(on))
    assert sky.rows(third.format(on)) == sky.rows(third.format(f"({on} OR 1 = 0)"))  # which compares all pairs


@pytest.mark.parametrize("word", ["", "NOT "])
def test_neighbours_exist_or_not(sky, pairs, word):
    neighbours = f"(SELECT * FROM cat.objects AS o WHERE {_DISTANCE} < 0.001)"
    query = f"SELECT s.id FROM cat.spectra AS s WHERE {word}EXISTS {neighbours}"
    near = set(pairs[0].tolist())
    expected = near if not word else set(range(len(sky.spectra))) - near
    assert {row[0] for row in sky.rows(query)} == expected
    assert_joined(sky, query)


def test_the_nearest_neighbour_of_each_row_is_a_query_in_parentheses(sky, pairs):
    nearest = f"(SELECT MIN({_DISTANCE}) FROM cat.objects AS o WHERE {_DISTANCE} < 0.001)"
    query = f"SELECT s.id, {nearest} AS d FROM cat.spectra AS s"
    spectra, objects = pairs
    separations = SkyCoord(sky.spectra[spectra], unit="deg").separation(SkyCoord(sky.objects[objects], unit="deg")).deg
    expected: dict[int, float] = {}
    for row, separation in zip(spectra.tolist(), separations.tolist(), strict=True):
        expected[row] = min(separation, expected.get(row, np.inf))
    found = {row: distance for row, distance in sky.rows(query) if distance is not None}
    assert found.keys() == expected.keys()
    assert list(found.values()) == pytest.approx([expected[row] for row in found], abs=1e-10)
    assert_joined(sky, query)


def test_a_count_of_neighbours_counts_each_once(sky, pairs):
    count = f"(SELECT COUNT(*) FROM cat.objects AS o WHERE {_DISTANCE} < 0.001)"
    found = dict(sky.rows(f"SELECT s.id, {count} AS n FROM cat.spectra AS s"))
    assert list(found.values()) == [np.count_nonzero(pairs[0] == row) for row in found]


@pytest.mark.parametrize(
    "condition",
    [
        f"{_FLAT} < POWER(0.001, 2)",
        f"SQRT({_FLAT}) <= 0.001",
        f"0.001 * 0.001 > {_FLAT}",
        f"{_FLAT.replace('POWER(s.dec - o.dec, 2)', '(s.dec - o.dec) * (s.dec - o.dec)')} < 1e-6",
        f"ABS(s.dec - o.dec) < 0.001 AND {_FLAT} < 1e-6",
    ],
)
@pytest.mark.parametrize("join", [_BOTH, "FROM cat.spectra AS s JOIN cat.objects AS o ON"])
def test_squares_of_differences_are_compared_with_those_of_near_rows(sky, condition, join):
    (lon, lat), (other_lon, other_lat) = sky.spectra.T, sky.objects.T
    across = (lon[:, None] - other_lon) * np.cos(np.radians(other_lat))
    squares = across**2 + (lat[:, None] - other_lat) ** 2
    expected = list(map(tuple, np.argwhere(squares < 1e-6).tolist()))
    query = f"SELECT s.id, o.id {join} {condition}"
    assert sorted(sky.rows(query)) == expected
    assert len(expected) > 100
    assert_joined(sky, query)


@pytest.mark.parametrize(
    "condition",
    [
        f"{_FLAT} - 1 < 0",  # no sum of squares
        "POWER(s.dec - o.dec, 3) + POWER(s.ra - o.ra, 2) < 1e-6",
        f"{_FLAT} > 1e-6 AND s.id < 3",
        f"NOT {_FLAT} >= 1e-6",
        f"({_FLAT} < 1e-6 OR s.id = o.id)",
        f"{_DISTANCE} * -1 > -0.001",
        f"(0 - 1) * {_DISTANCE} > -0.001",
        f"1 / {_DISTANCE} > 1000",
    ],
)
def test_what_implies_no_bound_is_not_bounded(sky, condition):
    """The rows are those of the condition behind a sum, of which nothing is known."""
    few = f"{_BOTH} o.id < 400 AND s.id < 400 AND"
    plain = f"SELECT s.id, o.id {few} CASE WHEN {condition} THEN 1 ELSE 0 END + 0 = 1"
    assert sorted(sky.rows(f"SELECT s.id, o.id {few} {condition}")) == sorted(sky.rows(plain))
