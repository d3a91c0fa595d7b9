"""Benchmark of a query for one identifier beside a cone search, on the stored rows of a large table.

Claim: among 10 million rows, the row of an identifier is found in at most twice the time of a cone search, also when no
row has it, for identifiers that are numbers and that are texts, in no order with the positions.

The rows are stored as those of products are; the times are from the SQL of the engine to its last batch.

Run: python -m benchmarks.identifier_lookup [--rows 10000000] [--rounds 15] [--folder FOLDER]
"""

import argparse
import statistics
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.columns import Column
from core.sky.healpix import cell_centers
from products.rows.parquet_target import ParquetTarget
from products.rows.stored_columns import stored_names, stored_schema
from products.user_tables.loading import arrow_schema
from tap.adql import Catalog, CatalogTable, translate
from tap.engine import DuckDBEngine, EngineQuery, EngineTable

LIMIT = 2.0
GROUP_ROWS = 100_000
COLUMNS = (
    Column("object_id", "long"),
    Column("name", "char", "*"),
    Column("ra", "double"),
    Column("dec", "double"),
    *(Column(f"mag_{band}", "float") for band in "ugrizy"),
)
TABLE = CatalogTable(
    "survey.objects",
    COLUMNS,
    ("ra", "dec"),
    sorted_by_healpix=True,
    engine_schema="survey",
    engine_table="objects",
    engine_columns=stored_names(len(COLUMNS)),
)
_CELLS = 12 * 4**29
_MULTIPLIER = 2_654_435_761  # odd: it permutes the numbers below a power of two


def identifiers(numbers: np.ndarray) -> np.ndarray:
    """Return identifiers of 18 digits that have no order."""
    mixed: np.ndarray = numbers.astype(np.uint64) * np.uint64(_MULTIPLIER) % np.uint64(2**40)
    return mixed.astype(np.int64) + 10**17


def write(path: Path, rows: int) -> None:
    """Write rows over the whole sky, in the order of their cells."""
    rng = np.random.default_rng(20261129)
    schema = stored_schema(arrow_schema(COLUMNS), indexed=True)
    groups = max(1, rows // GROUP_ROWS)
    with ParquetTarget(path, schema, repetitive=(), group_rows=GROUP_ROWS) as target:
        for group in range(groups):
            low, high = _CELLS * group // groups, _CELLS * (group + 1) // groups
            cells = np.sort(rng.integers(low, high, GROUP_ROWS))
            positions, _ = cell_centers(np.full(GROUP_ROWS, 29), cells)
            ids = identifiers(np.arange(group * GROUP_ROWS, (group + 1) * GROUP_ROWS))
            magnitudes = [rng.normal(24, 1, GROUP_ROWS).astype("f4") for _ in "ugrizy"]
            names = [f"J{number % 10**12:012d}" for number in ids.tolist()]
            columns = [ids, names, *positions.T, *magnitudes, cells]
            target.write_group(
                pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
            )
        target.finish()


def queries(rows: int, turn: int) -> dict[str, str]:
    """Return the queries of a turn; each asks for other rows."""
    known = int(identifiers(np.array([turn * 7919 * GROUP_ROWS // 10 % rows]))[0])
    ra, dec = 20.0 + 17 * turn, -40 + 3.7 * turn
    return {
        "cone search": f"SELECT * FROM survey.objects WHERE DISTANCE(ra, dec, {ra}, {dec}) < 0.1",
        "an identifier": f"SELECT * FROM survey.objects WHERE object_id = {known}",
        "an identifier that is not there": f"SELECT * FROM survey.objects WHERE object_id = {known + 2**41}",
        "one of two identifiers": f"SELECT * FROM survey.objects WHERE object_id IN ({known}, {known + 2**41})",
        "a name": f"SELECT * FROM survey.objects WHERE name = 'J{known % 10**12:012d}'",
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--folder", type=Path, help="keeps the rows for the next run")
    given = parser.parse_args()
    with nullcontext(given.folder) if given.folder else tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"objects{given.rows}.parquet"
        if not path.exists():
            write(path, given.rows)
        print(f"{given.rows} rows, {path.stat().st_size / 1e6:.0f} MB")
        table, catalog = EngineTable("survey", "objects", (path,)), Catalog([TABLE])
        taken: dict[str, list[float]] = {}
        with DuckDBEngine(workers=1, waiting=1, temp_folder=Path(folder)) as engine:
            for turn in range(given.rounds + 1):
                for name, adql in queries(given.rows, turn).items():
                    sql = translate(adql, catalog).sql
                    began = time.perf_counter()
                    with engine.open(EngineQuery(sql, (table,), 600, 10**9, 2, 10**9)) as stream:
                        found = sum(batch.num_rows for batch in stream)
                    if turn:  # the first one reads the metadata of the file
                        taken.setdefault(name, []).append(time.perf_counter() - began)
                        assert bool(found) == (name != "an identifier that is not there"), (name, found)
    cone = statistics.median(taken["cone search"])
    for name, seconds in taken.items():
        ratio = statistics.median(seconds) / cone
        print(
            f"{name:34} {ratio * cone * 1e3:8.1f} ms   ratio {ratio:5.2f}{'' if ratio <= LIMIT else f'  above {LIMIT}'}"
        )


if __name__ == "__main__":
    main()
