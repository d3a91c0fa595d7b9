"""Estimates of what queries cost."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.columns import HEALPIX_COLUMN
from tap.adql import Scan
from tap.engine import EngineTable
from tap.query_cost import QueryCost, cost_of


@pytest.fixture
def table(tmp_path):
    """Ten row groups of a hundred rows, each in cells of its own."""
    cells = np.arange(1000, dtype=np.int64)
    rows = pa.table({"c0": cells.astype("f8"), "c1": cells.astype("f4"), HEALPIX_COLUMN: cells})
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=100, compression="none", use_dictionary=False)
    return EngineTable("s", "t", (tmp_path / "rows.parquet",))


def cost(table: EngineTable, *columns: str, **more: object) -> QueryCost:
    return cost_of([Scan("s", "t", frozenset(columns), **more)], {("s", "t"): table})


def test_a_whole_scan_costs_its_columns(table):
    assert cost(table) == QueryCost(1000, 0)
    assert 8000 <= cost(table, "c0").bytes < 9500
    assert 4000 <= cost(table, "c1").bytes < 5500
    assert cost(table, "c0", "c1").bytes == cost(table, "c0").bytes + cost(table, "c1").bytes


def test_only_row_groups_that_may_have_rows_in_the_ranges_count(table):
    assert cost(table, "c0", ranges=((0, 99),)).rows == 100
    assert cost(table, "c0", ranges=((95, 105), (950, 2000))).rows == 300
    assert cost(table, "c0", ranges=((5000, 6000),)) == QueryCost(0, 0)


def test_a_limit_ends_a_scan(table):
    whole = cost(table, "c0")
    assert cost(table, "c0", rows=10) == QueryCost(10, whole.bytes // 100)
    assert cost(table, "c0", rows=10_000) == whole


def test_comparing_all_rows_with_all_rows_costs_their_product(table):
    scans = [Scan("s", "t", frozenset({"c0"}), multiplies=True)] * 2
    assert cost_of(scans, {("s", "t"): table}) == QueryCost(1_000_000, 8_000_000)


def test_a_changed_file_is_read_again_and_a_missing_one_costs_nothing(table):
    assert cost(table).rows == 1000
    (path,) = table.files
    pq.write_table(pa.table({"c0": [1.0]}), path)
    assert cost(table).rows == 1
    path.unlink()
    assert cost(table).rows == 0


def test_the_lane_is_told():
    assert QueryCost(5, 40).headers == {"X-Query-Estimate": "rows=5; bytes=40; lane=short"}
    assert QueryCost(10**9, 8 * 10**9).headers["X-Query-Estimate"].endswith("lane=long")
