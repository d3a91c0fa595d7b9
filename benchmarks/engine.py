"""Benchmark of the query processes against DuckDB in this process, on one Parquet catalogue.

The claim: isolating a query in a process costs a few milliseconds and keeps most of the throughput.
Run with ``python -m benchmarks.engine [rows]``.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN
from tap.engine import DuckDBEngine, EngineQuery, EngineTable

GROUP_ROWS = 122_880
CELLS = 12 * 4**29


def write_catalogue(file: Path, rows: int) -> None:
    """Write a catalogue sorted by its HEALPix cells, as products are stored."""
    random = np.random.default_rng(20261123)
    cells = np.sort(random.integers(0, CELLS, rows))
    names = ["id", "ra", "dec", *(f"{kind}_{band}" for band in "ugrizy" for kind in ("mag", "magerr")), HEALPIX_COLUMN]
    with pq.ParquetWriter(file, _schema(names), compression="zstd") as writer:
        for start in range(0, rows, GROUP_ROWS):
            part = cells[start : start + GROUP_ROWS]
            count = len(part)
            position = [random.uniform(0, 360, count), random.uniform(-90, 90, count)]
            magnitudes = [random.normal(24, 1, count).astype("f4") for _ in range(12)]
            writer.write_table(pa.table([np.arange(start, start + count), *position, *magnitudes, part], names=names))


def _schema(names: list[str]) -> pa.Schema:
    kinds = [pa.int64(), pa.float64(), pa.float64(), *[pa.float32()] * 12, pa.int64()]
    return pa.schema(list(zip(names, kinds, strict=True)))


def median_ms(run: Callable[[], object], times: int = 15) -> float:
    run()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "catalogue.parquet"
        write_catalogue(file, rows)
        table = EngineTable("survey", "objects", (file,))
        with DuckDBEngine(workers=2, waiting=16, temp_folder=Path(folder)) as engine:
            compare(engine, table, file)


def compare(engine: DuckDBEngine, table: EngineTable, file: Path) -> None:
    plain = duckdb.connect(":memory:", config={"threads": 2})
    plain.execute("CREATE SCHEMA survey")
    plain.execute(f"CREATE VIEW survey.objects AS SELECT * FROM read_parquet('{file}')")

    def in_process(sql: str) -> int:
        return sum(batch.num_rows for batch in plain.sql(sql).to_arrow_reader(65_536))

    def in_engine(sql: str) -> int:
        with engine.open(EngineQuery(sql, (table,), 60, 10**9, 2, 10**9)) as stream:
            return sum(batch.num_rows for batch in stream)

    low, high = CELLS // 3, CELLS // 3 + CELLS // 100_000
    queries = {
        "a constant": "SELECT 1",
        "a small region": f"SELECT * FROM survey.objects WHERE {HEALPIX_COLUMN} BETWEEN {low} AND {high}",
        "a count": "SELECT COUNT(*) FROM survey.objects WHERE mag_r < 24",
        "a million rows": f"SELECT * EXCLUDE ({HEALPIX_COLUMN}) FROM survey.objects LIMIT 1000000",
    }
    print(f"{'':16} {'in process':>12} {'engine':>12}")
    for name, sql in queries.items():
        alone, locked = median_ms(lambda sql=sql: in_process(sql)), median_ms(lambda sql=sql: in_engine(sql))
        rate = f"   {1e6 / locked / 1000:.2f} M rows/s" if "LIMIT" in sql else ""
        print(f"{name:16} {alone:9.1f} ms {locked:9.1f} ms{rate}")
    with ThreadPoolExecutor(8) as clients:
        began = time.perf_counter()
        list(clients.map(in_engine, [queries["a small region"]] * 100))
        print(f"8 clients querying small regions: {100 / (time.perf_counter() - began):.0f} queries/s")


if __name__ == "__main__":
    main()
