"""What a translated query reads of each table."""

import pytest

from core.columns import Column
from tap.adql import Catalog, CatalogTable, translate

_COLUMNS = (Column("ra", "double"), Column("dec", "double"), Column("z", "double"), Column("flag", "int"))


def _table(name: str) -> CatalogTable:
    return CatalogTable(
        f"s.{name}",
        _COLUMNS,
        ("ra", "dec"),
        sorted_by_healpix=True,
        engine_schema="s",
        engine_table=name,
        engine_columns=("c0", "c1", "c2", "c3"),
    )


CATALOG = Catalog([_table("a"), _table("b")])


def scans(query: str) -> dict[str, object]:
    return {scan.table: scan for scan in translate(query, CATALOG, row_limit=1001).scans}


def test_columns_that_are_named_are_read():
    assert scans("SELECT COUNT(*) FROM s.a")["a"].columns == frozenset()
    assert scans("SELECT z FROM s.a WHERE flag > 2 ORDER BY flag")["a"].columns == {"c2", "c3"}


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * FROM s.a", 1001),
        ("SELECT TOP 7 z FROM s.a", 7),
        ("SELECT TOP 7 z FROM s.a OFFSET 5", 12),
        ("SELECT TOP 7 z FROM s.a WHERE z > 1", None),
        ("SELECT TOP 7 z FROM s.a ORDER BY z", None),
        ("SELECT DISTINCT TOP 7 z FROM s.a", None),
        ("SELECT TOP 7 COUNT(*) FROM s.a", None),
        ("SELECT TOP 7 z, COUNT(*) FROM s.a GROUP BY z", None),
    ],
)
def test_a_limit_bounds_rows_where_nothing_else_is_done_with_them(query, rows):
    assert scans(query)["a"].rows == rows


@pytest.mark.parametrize(
    ("condition", "pruned"),
    [
        ("DISTANCE(POINT(ra, dec), POINT(10, 10)) < 0.1", True),
        ("z > 1 AND (1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 10, 0.1)) AND flag = 2)", True),
        ("DISTANCE(POINT(ra, dec), POINT(10, 10)) < 0.1 OR z > 1", False),
        ("NOT DISTANCE(POINT(ra, dec), POINT(10, 10)) < 0.1", False),
        ("z > 1", False),
    ],
)
def test_ranges_of_cells_count_where_all_rows_are_in_them(condition, pruned):
    ranges = scans(f"SELECT z FROM s.a WHERE {condition}")["a"].ranges
    assert (ranges is not None) is pruned
    assert all(low <= high for low, high in ranges or ())


@pytest.mark.parametrize(
    ("query", "multiplies"),
    [
        ("SELECT a.z FROM s.a AS a, s.b AS b", True),
        ("SELECT a.z FROM s.a AS a JOIN s.b AS b ON a.z < b.z", True),
        ("SELECT a.z FROM s.a AS a JOIN s.b AS b ON a.flag = b.flag AND a.z < b.z", False),
        ("SELECT a.z FROM s.a AS a, s.b AS b WHERE a.flag = b.flag", False),
        ("SELECT a.z FROM s.a AS a JOIN s.b AS b USING (flag)", False),
        (
            "SELECT a.z FROM s.a AS a JOIN s.b AS b ON DISTANCE(POINT(a.ra, a.dec), POINT(b.ra, b.dec)) < 0.001",
            False,
        ),
    ],
)
def test_joins_that_compare_all_rows_are_told(query, multiplies):
    found = scans(query)
    assert {name: scan.multiplies for name, scan in found.items()} == {"a": multiplies, "b": multiplies}
    assert {"c0", "c1"} <= found["b"].columns or "DISTANCE" not in query


_CONE, _OTHER = "DISTANCE(a.ra, a.dec, 10, 10) < 0.1", "DISTANCE(a.ra, a.dec, 200, -40) < 0.1"


def _cells(ranges) -> int:
    return sum(high - low + 1 for low, high in ranges)


def test_ranges_of_and_are_common_and_those_of_or_are_united():
    one, other, either, both, none = (
        scans(f"SELECT z FROM s.a AS a WHERE {condition}")["a"].ranges
        for condition in (
            _CONE,
            _OTHER,
            f"{_CONE} OR {_OTHER} AND z > 1",
            f"{_CONE} AND z > 1",
            f"{_CONE} AND {_OTHER}",
        )
    )
    assert _cells(either) == _cells(one) + _cells(other)
    assert list(either) == sorted([*one, *other])
    assert both == one
    assert none == ()


@pytest.mark.parametrize(
    ("join", "restricted"),
    [("JOIN", {"a", "b"}), ("LEFT JOIN", {"b"}), ("RIGHT JOIN", {"a"}), ("FULL JOIN", set())],
)
def test_conditions_of_outer_joins_restrict_the_side_that_the_join_does_not_keep(join: str, restricted: set[str]):
    near = "DISTANCE(b.ra, b.dec, 10, 10) < 0.1"
    found = scans(f"SELECT a.z FROM s.a AS a {join} s.b AS b ON a.flag = b.flag AND {_CONE} AND {near}")
    assert {name for name, scan in found.items() if scan.ranges is not None} == restricted
    found = scans(f"SELECT a.z FROM s.a AS a {join} s.b AS b ON a.flag = b.flag WHERE {_CONE}")
    assert found["a"].ranges is not None


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("flag = 7", {"c3": (7,)}),
        ("7 = flag AND z > 1", {"c3": (7,)}),
        ("flag IN (1, -2)", {"c3": (1, -2)}),
        ("flag = 7 OR z > 1", {}),
        ("NOT flag = 7", {}),
        ("flag NOT IN (1, 2)", {}),
        ("flag = z", {}),
        ("flag + 1 = 7", {}),
        ("flag > 7", {}),
    ],
)
def test_constants_that_columns_must_equal(condition: str, values: dict[str, tuple[int, ...]]):
    assert scans(f"SELECT z FROM s.a WHERE {condition}")["a"].values == values


@pytest.mark.parametrize(
    ("query", "joins"),
    [
        (
            "SELECT a.z FROM s.a AS a JOIN s.b AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1",
            {("a", "b"), ("b", "a")},
        ),
        ("SELECT a.z FROM s.a AS a, s.b AS b WHERE DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1", {("a", "b"), ("b", "a")}),
        ("SELECT a.z FROM s.a AS a LEFT JOIN s.b AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1", {("b", "a")}),
        ("SELECT a.z FROM s.a AS a FULL JOIN s.b AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1", set()),
        ("SELECT a.z FROM s.a AS a JOIN s.b AS b ON NOT DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1", set()),
        ("SELECT a.z FROM s.a AS a JOIN s.b AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) > 0.1", set()),
        (
            "SELECT a.z FROM s.a AS a JOIN s.b AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1 OR a.flag = b.flag",
            set(),
        ),
        (
            """SELECT a.z FROM s.a AS a WHERE NOT EXISTS
            (SELECT 1 FROM s.b AS b WHERE DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.1)""",
            {("b", "a")},
        ),
    ],
)
def test_joins_by_distance_restrict_the_tables_whose_rows_need_a_partner(query: str, joins: set[tuple[str, str]]):
    translation = translate(query, CATALOG, row_limit=1001)
    names = {scan.alias: scan.table for scan in translation.scans}
    assert {(names[join.alias], names[join.other_alias]) for join in translation.near} == joins
