"""A running engine and a small catalogue in two Parquet files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tap.engine import DuckDBEngine, EngineQuery, EngineTable

ROWS = 200_000


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> EngineTable:
    folder = tmp_path_factory.mktemp("o'brien files")  # a quote and a space, as a data folder may have them
    numbers = np.arange(ROWS)
    table = pa.table({"id": numbers, "ra": numbers / 1000, "mag": (numbers % 7).astype("f4")})
    files = []
    for part in range(2):
        files.append(folder / f"part{part}.parquet")
        pq.write_table(table.slice(part * ROWS // 2, ROWS // 2), files[-1], row_group_size=20_000)
        files[-1].chmod(0o444)
    return EngineTable("survey", "Objects", tuple(files))


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("private") / "secret.parquet"
    pq.write_table(pa.table({"z": [42]}), file)
    return file


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(workers=1, waiting=4, temp_folder=tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture
def query(catalogue: EngineTable) -> Callable[..., EngineQuery]:
    def make(sql: str, *tables: EngineTable, seconds: float = 60, memory: int = 300_000_000) -> EngineQuery:
        return EngineQuery(sql, tables or (catalogue,), seconds, memory, 1, 100_000_000)

    return make
