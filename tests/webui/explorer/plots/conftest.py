"""A query engine for random tables, and plots that it computes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.columns import column_of_field
from tap.adql import Catalog, CatalogTable, translate
from tap.engine import DuckDBEngine, EngineQuery, EngineTable
from webui.explorer.plots.queries import Steps
from webui.explorer.tables import DescribedTable

_Result = TypeVar("_Result")


class PlottedTable:
    """A table of which plots are computed; it counts the queries that they need."""

    def __init__(self, engine: DuckDBEngine, file: Path, table: pa.Table) -> None:
        pq.write_table(table, file)
        columns = tuple(column_of_field(field) for field in table.schema)
        names = {column.name for column in columns}
        position = ("ra", "dec") if {"ra", "dec"} <= names else None
        self.described = DescribedTable("t", columns, position)
        self._catalog = Catalog([CatalogTable("t", columns, position, False, "s", "t")])
        self._engine, self._table = engine, EngineTable("s", "t", (file,))
        self.queries: list[str] = []

    def rows_of(self, query: str) -> pa.Table:
        sql = translate(query, self._catalog).sql
        with self._engine.open(EngineQuery(sql, (self._table,), 60, 10**9, 1, 10**9)) as stream:
            return pa.Table.from_batches(list(stream), schema=stream.schema)

    def computed(self, steps: Steps[_Result]) -> _Result:
        self.queries.clear()
        answer = None
        while True:
            try:
                query = steps.send(answer)  # type: ignore[arg-type]  # a generator is begun with None
            except StopIteration as e:
                result: _Result = e.value
                return result
            self.queries.append(query)
            answer = self.rows_of(query)


@pytest.fixture(scope="session")
def plot_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    folder = tmp_path_factory.mktemp("plots")
    with DuckDBEngine(workers=1, waiting=1, temp_folder=folder) as engine:
        yield engine


@pytest.fixture
def plotted(plot_engine: DuckDBEngine, tmp_path: Path) -> Callable[..., PlottedTable]:
    """Makes a table of columns by name: numpy arrays, with masked values for nulls, or a field and its array."""

    def make(**columns: object) -> PlottedTable:
        fields, arrays = [], []
        for name, values in columns.items():
            field, array = values if isinstance(values, tuple) else (None, _array(values))
            fields.append(field or pa.field(name, array.type))
            arrays.append(array)
        return PlottedTable(plot_engine, tmp_path / "rows.parquet", pa.table(arrays, schema=pa.schema(fields)))

    return make


def _array(values: object) -> pa.Array:
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.filled(), mask=np.ma.getmaskarray(values))
    return pa.array(np.asarray(values))
