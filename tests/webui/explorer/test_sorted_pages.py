"""Pages in the middle of sorted selections: the rows of the plain query, of which the engine sorts few."""

import asyncio
import math
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from core.columns import Column, column_of_field
from core.votable import canonical_arrays, votable_columns
from tap.adql import Catalog, CatalogTable, translate
from webui.explorer.filters import Filter
from webui.explorer.row_pages import RowRange
from webui.explorer.rows import Rows
from webui.explorer.selection import Selection, Sort
from webui.explorer.sorted_pages import narrowed_range
from webui.explorer.tables import DescribedTable

_ROWS, _FEW, _PAGE = 4000, 60, 20
_RANDOM = np.random.default_rng(3)
_Z = np.where(_RANDOM.random(_ROWS) < 0.1, np.nan, _RANDOM.gamma(2, 0.4, _ROWS).round(2))
_TABLE = pa.table(
    {
        "id": pa.array(_RANDOM.permutation(_ROWS) + 2**60, pa.int64()),
        "z": pa.array(_Z, from_pandas=True),
        "mag": pa.array(_RANDOM.normal(24, 1, _ROWS).astype("f4")),
        "far": pa.array([1e30, *_RANDOM.normal(-5, 1e-3, _ROWS - 1)]),
        "flag": pa.array(_RANDOM.integers(-2, 3, _ROWS), pa.int16()),
        "same": pa.array([2.5] * _ROWS),
        "name": pa.array([None, *(f"it's {number % 7}" for number in range(_ROWS - 1))]),
        "ok": pa.array([number % 3 == 0 for number in range(_ROWS)]),
        "wild": pa.array([math.inf, -math.inf, math.nan, *_RANDOM.normal(0, 1, _ROWS - 3)]),
        "text": pa.array([f"{value:.9f}" for value in _RANDOM.random(_ROWS)]),
        "none": pa.array([None] * _ROWS, pa.float64()),
    }
)
_FIRST = Column("id", "long", ucd="meta.id;meta.main")
_COLUMNS = (_FIRST, *(column_of_field(field) for field in list(_TABLE.schema)[1:]))
_SOURCE = DescribedTable("s.t", _COLUMNS, rows=_ROWS)
_CATALOG = Catalog([CatalogTable("s.t", _COLUMNS, None, False, "s", "t")])


class _Engine:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    async def run(self, adql: str, most: int) -> Rows:
        translation = translate(adql, _CATALOG, row_limit=most)
        found = self._connection.sql(translation.sql).to_arrow_table()
        columns = votable_columns(translation.columns, found.schema)
        batch = found.combine_chunks().to_batches()[0] if len(found) else pa.RecordBatch.from_pylist([], found.schema)
        return Rows(columns, tuple(canonical_arrays(batch, columns)))

    def identifiers(self, wanted: RowRange) -> list[object]:
        query = wanted.query
        rows = asyncio.run(self.run(query.adql, wanted.count))
        return (rows.reversed() if query.is_reversed else rows).values("id")

    def narrowed(self, wanted: RowRange) -> RowRange:
        return asyncio.run(narrowed_range(self.run, wanted, _FEW))


@pytest.fixture(scope="module")
def engine() -> Iterator[_Engine]:
    with duckdb.connect(config={"integer_division": True}) as connection:
        connection.register("given", _TABLE)
        connection.execute("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT * FROM given")
        yield _Engine(connection)


def _range(name: str, start: int, *, descending: bool = False, filters: tuple[Filter, ...] = (), total: int = _ROWS):
    selection = Selection(_SOURCE, filters=filters, sort=Sort(name, descending))
    return RowRange(selection, start, min(_PAGE, total - start), total)


@pytest.mark.parametrize("descending", [False, True], ids=["upwards", "downwards"])
@pytest.mark.parametrize("name", ["id", "z", "mag", "far", "flag", "same", "name", "none"])
def test_a_page_in_the_middle_is_that_of_the_plain_query(engine: _Engine, name: str, descending: bool):
    for start in (1000, 1990, 2600, 3590):  # the last one is at the end of the values of z
        wanted = _range(name, start, descending=descending)
        narrowed = engine.narrowed(wanted)
        assert engine.identifiers(narrowed) == engine.identifiers(wanted), start
        assert narrowed.total is not None
        assert narrowed.skipped <= _FEW < wanted.skipped, start
        assert narrowed.total < _ROWS / 8, start


@pytest.mark.parametrize("name", ["wild", "text", "ok"])
def test_values_that_cannot_be_binned_are_sorted_as_before(engine: _Engine, name: str):
    wanted = _range(name, 2000)
    assert engine.narrowed(wanted) == wanted


def test_filters_of_the_selection_are_kept_and_pages_near_an_end_cost_no_further_query(engine: _Engine):
    chosen = (Filter("flag", "eq", ("1",)), Filter("mag", "between", ("23.5", "24.5")))
    total = asyncio.run(engine.run(Selection(_SOURCE, filters=chosen).adql(["COUNT(*) AS n"], order=False), 1)).first()
    wanted = _range("z", 120, filters=chosen, total=int(str(total["n"])))
    narrowed = engine.narrowed(wanted)
    assert set(chosen) < set(narrowed.selection.filters)
    assert engine.identifiers(narrowed) == engine.identifiers(wanted)
    for start in (0, _FEW, _ROWS - _PAGE):
        assert engine.narrowed(_range("z", start)) == _range("z", start)
