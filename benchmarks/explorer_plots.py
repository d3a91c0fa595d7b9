"""Benchmark of plots of the data explorer: all queries of a plot and its drawing, against the plain aggregate query.

The claim: a histogram and a density plot of ten million rows take at most three times as long as the query of their
bins.
Run with ``python -m benchmarks.explorer_plots [rows]``.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN, Column
from core.sky.healpix import nested_indices
from tap.adql import Catalog, CatalogTable, translate
from tap.engine import DuckDBEngine, EngineQuery, EngineTable
from webui.explorer.plots.computation import compute_plot, draw_plot
from webui.explorer.plots.queries import SelectedRows
from webui.explorer.plots.specifications import PlotSpecification
from webui.explorer.tables import DescribedTable

_BLOCK = 1_000_000
_TIMES = 3
_COLUMNS = ("ra", "dec", "z", "mag_g", "mag_i")
_PLAIN = {
    "hist:z": """SELECT b, COUNT(*) AS n FROM (SELECT FLOOR(z * 10) AS b FROM t WHERE z BETWEEN 0 AND 10) AS q
        GROUP BY b""",
    "xy:z,mag_i": """SELECT b, c, COUNT(*) AS n FROM (SELECT FLOOR(z * 10) AS b, FLOOR(mag_i * 10) AS c FROM t
        WHERE z BETWEEN 0 AND 10 AND mag_i BETWEEN 10 AND 30) AS q GROUP BY b, c""",
    "xy:z,mag_g-mag_i;colour=mag_i": """SELECT b, c, COUNT(*) AS n, AVG(m) AS m FROM (SELECT FLOOR(z * 10) AS b,
        FLOOR((mag_g - mag_i) * 10) AS c, mag_i AS m FROM t WHERE z BETWEEN 0 AND 10) AS q GROUP BY b, c""",
    "sky": "SELECT p, COUNT(*) AS n FROM (SELECT ivo_healpix_index(5, ra, dec) AS p FROM t) AS q GROUP BY p",
}


def write_rows(file: Path, rows: int) -> None:
    """Write random galaxies on the southern sky, sorted by their HEALPix cells as rows of products are."""
    random = np.random.default_rng(15)
    ra, dec = random.uniform(0, 360, rows), np.degrees(np.arcsin(random.uniform(-1, 0.2, rows)))
    cells = nested_indices(ra, dec)
    order = np.argsort(cells)
    ra, dec, cells = ra[order], dec[order], cells[order]
    kinds = [(name, pa.float64()) for name in _COLUMNS]
    schema = pa.schema([*kinds, (HEALPIX_COLUMN, pa.int64())])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for start in range(0, rows, _BLOCK):
            part = slice(start, start + _BLOCK)
            size = len(ra[part])
            z, mag = random.gamma(2, 0.4, size), random.normal(23, 1.5, size)
            values = [ra[part], dec[part], z, mag + random.normal(1, 0.5, size), mag, cells[part]]
            writer.write_table(pa.table(values, schema=schema), row_group_size=200_000)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    columns = tuple(Column(name, "double") for name in _COLUMNS)
    position = ("ra", "dec")
    table = CatalogTable("t", columns, position, sorted_by_healpix=True, engine_schema="s", engine_table="t")
    described = DescribedTable("t", columns, position)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        write_rows(file, rows)
        print(f"{rows} rows, {file.stat().st_size / 1e6:.0f} MB")
        with DuckDBEngine(workers=1, waiting=1, temp_folder=Path(folder)) as engine:

            def run(query: str) -> pa.Table:
                sql = translate(query, Catalog([table])).sql
                engine_query = EngineQuery(sql, (EngineTable("s", "t", (file,)),), 600, 10**9, 2, 10**9)
                with engine.open(engine_query) as stream:
                    return pa.Table.from_batches(list(stream), schema=stream.schema)

            run("SELECT COUNT(*), MAX(z), MAX(mag_i), MAX(mag_g), MAX(ra) FROM t")
            for text, plain in _PLAIN.items():
                specification = PlotSpecification.parse(text, described)
                reference = shortest(lambda query=plain: run(query))
                whole = shortest(lambda chosen=specification: plot(run, chosen))
                print(f"{text:32} {whole:7.2f} s  plain query {reference:6.2f} s  ratio {whole / reference:5.2f}")


def plot(run: Callable[[str], pa.Table], specification: PlotSpecification) -> bytes:
    """Compute and draw a plot."""
    steps = compute_plot(SelectedRows("t", position=("ra", "dec")), specification)
    answer = None
    while True:
        try:
            query = next(steps) if answer is None else steps.send(answer)
        except StopIteration as e:
            return draw_plot(e.value, specification)
        answer = run(query)


def shortest(work: Callable[[], object]) -> float:
    """Return the shortest of a few times that some work took."""
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


if __name__ == "__main__":
    main()
