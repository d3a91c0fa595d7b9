"""Statistics of columns, beside those of numpy."""

import asyncio
import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from core.columns import column_of_field
from core.votable import canonical_arrays, votable_columns
from tap.adql import Catalog, CatalogTable, translate
from webui.explorer.column_statistics import ColumnStatistics, column_statistics
from webui.explorer.filters import Filter
from webui.explorer.rows import Rows
from webui.explorer.selection import Selection
from webui.explorer.tables import DescribedTable

_RANDOM = np.random.default_rng(15)
_Z = np.where(_RANDOM.random(500) < 0.1, np.nan, _RANDOM.gamma(2, 0.4, 500))
_TABLE = pa.table(
    {
        "z": pa.array(_Z, from_pandas=True),
        "mag": pa.array(_RANDOM.normal(24, 1, 500).astype("f4")),
        "wild": pa.array([math.inf, -math.inf, *_RANDOM.normal(0, 1e-3, 498)]),
        "flag": pa.array(_RANDOM.integers(0, 5, 500), pa.int16()),
        "number": pa.array(_RANDOM.integers(2**62, 2**63 - 1, 500), pa.int64()),
        "same": pa.array([2.5] * 500),
        "none": pa.array([None] * 500, pa.float64()),
        "name": pa.array([None, *(f"field {number % 7}" for number in range(499))]),
        "ok": pa.array([None, *(number % 3 == 0 for number in range(499))]),
        "pdf": pa.array([[1.0, 2.0]] * 499 + [None], pa.list_(pa.float64(), 2)),
    }
)
_COLUMNS = tuple(column_of_field(field) for field in _TABLE.schema)
_DESCRIBED = DescribedTable("s.t", _COLUMNS)
_ENTRY = CatalogTable("s.t", _COLUMNS, None, False, "s", "t")


def _statistics(name: str, *filters: Filter) -> ColumnStatistics:
    with duckdb.connect(config={"integer_division": True}) as connection:
        connection.register("given", _TABLE)
        connection.execute("CREATE SCHEMA s; CREATE VIEW s.t AS SELECT * FROM given")

        async def run(adql: str, most: int) -> Rows:
            return _rows(connection, adql, most)

        return asyncio.run(column_statistics(run, Selection(_DESCRIBED, filters=filters), _DESCRIBED.column(name)))


def _rows(connection: duckdb.DuckDBPyConnection, adql: str, most: int) -> Rows:
    translation = translate(adql, Catalog([_ENTRY]), row_limit=most)
    found = connection.sql(translation.sql).to_arrow_table()
    columns = votable_columns(translation.columns, found.schema)
    batch = found.combine_chunks().to_batches()[0] if len(found) else pa.RecordBatch.from_pylist([], found.schema)
    return Rows(columns, tuple(canonical_arrays(batch, columns)))


@pytest.mark.parametrize("name", ["z", "mag", "wild", "flag", "number"])
def test_numbers_have_the_statistics_of_numpy(name: str):
    values = _TABLE[name].drop_null().to_numpy()
    finite = values[np.isfinite(values)]
    found = _statistics(name)
    assert (found.rows, found.nulls, found.beyond) == (500, _TABLE[name].null_count, len(values) - len(finite))
    assert (found.minimum, found.maximum) == (str(finite.min()), str(finite.max()))
    assert found.mean == pytest.approx(finite.astype("f8").mean(), rel=1e-6, abs=1e-9)
    assert found.distinct == len(np.unique(values))
    assert found.histogram is not None
    assert sum(found.histogram.counts) == len(finite)
    if name != "number":  # doubles have no more digits
        expected, _ = np.histogram(finite.astype("f8"), np.array(found.histogram.edges))
        assert np.abs(np.cumsum(expected) - np.cumsum(found.histogram.counts)).max() <= 1


def test_columns_of_one_value_or_none():
    same, none = _statistics("same"), _statistics("none")
    assert same.histogram is not None
    assert same.histogram.counts == (500,)
    assert (none.nulls, none.values, none.histogram, none.mean) == (500, 0, None, None)


def test_texts_and_truth_values_have_their_most_frequent_values():
    names, truth = _statistics("name"), _statistics("ok")
    assert (names.nulls, names.distinct) == (1, 7)
    assert [(value.text, value.count) for value in names.frequent[:3]] == [
        ("field 0", 72), ("field 1", 72), ("field 2", 71)
    ]  # fmt: skip
    assert [(value.text, value.count) for value in truth.frequent] == [("false", 332), ("true", 167)]
    for value in (names.frequent[0], truth.frequent[1]):
        assert value.filter is not None
        assert _statistics("pdf", value.filter).rows == value.count


def test_arrays_have_counts_alone():
    found = _statistics("pdf")
    assert (found.rows, found.nulls, found.distinct, found.histogram, found.frequent) == (500, 1, None, None, ())


def test_the_selection_counts():
    found = _statistics("flag", Filter("flag", "lt", ("2",)))
    assert found.maximum == "1"
    assert found.rows == int((np.array(_TABLE["flag"]) < 2).sum())
