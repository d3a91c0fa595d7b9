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
