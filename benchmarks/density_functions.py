"""Benchmark of ADQL functions of p(z) in a query process: time, time of processors, and the memory of the process.

The claim: a million objects on 301 points are selected by a probability in seconds, within bounded memory.
Run with ``python -m benchmarks.density_functions [rows [words in the names of queries]]``.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import Column
from core.photoz.forms import DensityForm
from tap.adql import Catalog, CatalogTable, translate
from tap.engine import DuckDBEngine, EngineQuery, EngineTable

_GRID = np.linspace(0, 3, 301)
_BLOCK = 20_000
_QUERIES = {
    "count, no p(z)": "SELECT COUNT(*) FROM t WHERE z > 1",
    "length of arrays": "SELECT COUNT(*) FROM t WHERE arr_length(pz) > 1",
    "probability > 0.9": "SELECT id FROM t WHERE pz_probability(pz, 0.8, 1.0) > 0.9",
    "PIT": "SELECT AVG(pz_pit(pz, z)) FROM t",
    "mean, mode": "SELECT AVG(pz_mean(pz)), AVG(pz_mode(pz)) FROM t",
    "median": "SELECT AVG(pz_median(pz)) FROM t",
    "odds": "SELECT AVG(pz_odds(pz)) FROM t",
    "CRPS": "SELECT AVG(pz_crps(pz, z)) FROM t",
    "N(z)": "SELECT pz_nz(pz) FROM t",
    "N(z) in 10 bins": "SELECT bin, pz_nz(pz) FROM (SELECT FLOOR(z * 4) AS bin, pz FROM t) AS q GROUP BY bin",
    "element": "SELECT COUNT(*) FROM t WHERE pz[100] > 1",
    "1 % by id": "SELECT pz_median(pz), pz_odds(pz), pz_crps(pz, z) FROM t WHERE MOD(id, 100) = 0",
}


def write_estimates(file: Path, rows: int, kind: pa.DataType) -> None:
    """Write normal densities with other widths on a grid."""
    random = np.random.default_rng(14)
    schema = pa.schema([("id", pa.int64()), ("z", pa.float64()), ("pz", pa.list_(kind))])
    offsets = pa.array(np.arange(_BLOCK + 1) * len(_GRID), pa.int32())
    with pq.ParquetWriter(file, schema, compression="lz4", use_dictionary=False) as writer:
        for start in range(0, rows, _BLOCK):
            z, width = random.uniform(0.1, 2.9, _BLOCK), random.uniform(0.02, 0.2, _BLOCK)
            values = np.exp(-0.5 * ((_GRID - z[:, None]) / width[:, None]) ** 2) / width[:, None]
            arrays = pa.ListArray.from_arrays(offsets, pa.array(values.ravel()).cast(kind))
            writer.write_table(pa.table([np.arange(start, start + _BLOCK), z, arrays], schema=schema))


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    form = DensityForm("interp", len(_GRID), tuple(_GRID.tolist()))
    for kind, name in ((pa.float32(), "float"), (pa.float64(), "double")):
        columns = (Column("id", "long"), Column("z", "double"), Column("pz", name, "*", density=form.to_json()))
        table = CatalogTable("t", columns, None, sorted_by_healpix=False, engine_schema="s", engine_table="t")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "estimates.parquet"
            write_estimates(file, rows, kind)
            print(f"{rows} objects, {name}, {file.stat().st_size / 1e6:.0f} MB")
            with DuckDBEngine(workers=1, waiting=1, temp_folder=Path(folder)) as engine:
                run_queries(engine, Catalog([table]), EngineTable("s", "t", (file,)))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"{'largest process so far':24} {peak / 1e3:9.0f} MB")


def run_queries(engine: DuckDBEngine, catalog: Catalog, table: EngineTable) -> None:
    for name, query in _QUERIES.items():
        if not all(word in name for word in sys.argv[2:]):
            continue
        sql = translate(query, catalog).sql
        began, worked = time.perf_counter(), processor_seconds()
        with engine.open(EngineQuery(sql, (table,), 600, 10**9, 2, 10**9)) as stream:
            found = sum(batch.num_rows for batch in stream)
        taken, work = time.perf_counter() - began, processor_seconds() - worked
        print(f"{name:24} {taken:9.2f} s {work:9.2f} s of processors {found:9} rows", flush=True)


def processor_seconds() -> float:
    """Return the time that processors spent on the processes that this one started (Linux)."""
    total = 0
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
