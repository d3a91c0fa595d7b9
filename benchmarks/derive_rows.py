"""Benchmark of inspection: 150 MB are inspected and sorted into Parquet in a few times what pandas needs to read them.

Both are timed in turn in one run; the ratio of their medians counts. Run it as ``python -m benchmarks.derive_rows``
from the folder of the project. ``--engine`` also times cones and scans of DuckDB on row groups of several sizes.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import cone_search

from products.readers import open_table
from products.rows.derive import derive_rows

_GROUPS = (30_000, 60_000, 100_000, 120_000, 250_000)


def catalogue(rows: int, seed: int = 1) -> pa.Table:
    """Return a catalogue of 20 columns: doubles, floats, integers and text, with noise that does not compress."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "objectId": rng.permutation(rows) + 10**15,
        "ra": rng.uniform(0, 360, rows),
        "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, rows))),
        "z": rng.gamma(2, 0.4, rows),
        "z_err": rng.gamma(2, 0.01, rows),
    }
    for band in "ugrizy":
        columns[f"mag_{band}"] = rng.normal(24, 1.5, rows)
        columns[f"magerr_{band}"] = rng.gamma(2, 0.05, rows).astype("f4")
    columns["z_flag"] = rng.integers(0, 6, rows).astype("i4")
    columns["extendedness"] = rng.random(rows).astype("f4")
    columns["survey"] = np.array(["VVDS", "DESI", "2DFGRS", "PRIMUS"])[rng.integers(0, 4, rows)]
    return pa.table(columns)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def derive(source: Path, folder: Path, progress: Callable[[float, str], None] = lambda _share, _words: None) -> None:
    target = folder / "rows.parquet"
    target.unlink(missing_ok=True)
    with open_table(source, source.name, scratch=folder) as reader:
        derive_rows(reader, target, meanings=None, progress=progress, scratch=folder)


def peak_memory(source: Path, folder: Path) -> tuple[float, float]:
    """Derive rows in a separate process; return its peak memory in MiB, with mapped files and without."""
    process = psutil.Process()
    own = [0]

    def watch(_share: float, _sentence: str) -> None:
        memory = process.memory_info()
        own[0] = max(own[0], memory.rss - memory.shared)

    derive(source, folder, watch)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, own[0] / 2**20


def compare(source: Path, folder: Path, runs: int) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        mapped, own_memory = pool.submit(peak_memory, source, folder).result()
    derive(source, folder)  # imports are not what is measured
    own, pandas = [], []
    for _ in range(runs):
        own.append(timed(lambda: derive(source, folder)))
        pandas.append(timed(lambda: pd.read_parquet(source)))
    ratio = statistics.median(own) / statistics.median(pandas)
    print(f"inspect, sort and write {statistics.median(own):6.2f} s   from {min(own):.2f} to {max(own):.2f}")
    print(f"pandas.read_parquet     {statistics.median(pandas):6.2f} s   from {min(pandas):.2f} to {max(pandas):.2f}")
    print(f"ratio {ratio:.1f}; peak memory {mapped:.0f} MiB with mapped files, {own_memory:.0f} MiB without")


def engine(folder: Path) -> None:
    """Time cones of 0.1 degrees and a scan for several sizes of row groups and ways of compression."""
    target = folder / "rows.parquet"
    rows = pq.read_table(target)
    rng = np.random.default_rng(2)
    for compression in ("lz4", "snappy", "zstd"):
        for size in _GROUPS:
            path = folder / f"{compression}-{size}.parquet"
            writing = timed(
                lambda path=path, size=size, compression=compression: pq.write_table(
                    rows, path, row_group_size=size, compression=compression, use_dictionary=["survey", "z_flag"]
                )
            )
            connection = duckdb.connect(config={"threads": 2})
            cones = [timed(lambda c=connection, p=path: c.sql(cone(rng, p)).fetchall()) for _ in range(31)]
            scan = f"SELECT count(*) FROM read_parquet('{path}') WHERE mag_i < 23 AND z > 0.5"
            scans = [timed(lambda c=connection, s=scan: c.sql(s).fetchall()) for _ in range(9)]
            print(
                f"{compression:7}{size:8} rows a group: cone {1e3 * statistics.median(cones):5.1f} ms, scan "
                f"{1e3 * statistics.median(scans):5.1f} ms, {path.stat().st_size / 1e6:4.0f} MB, "
                f"written in {writing:.2f} s"
            )


def cone(rng: np.random.Generator, path: Path) -> str:
    ra, dec = rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1)))
    cells, _, _ = cone_search(Longitude(ra, u.deg), Latitude(dec, u.deg), 0.1 * u.deg, 9, flat=True)
    low, high = int(cells.min()) << 40, int(cells.max() + 1) << 40
    return f"SELECT * FROM read_parquet('{path}') WHERE _healpix_29 BETWEEN {low} AND {high} AND dec > {dec - 0.1}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_200_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--engine", action="store_true", help="also measure row groups and compression")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "catalogue.parquet"
        table = catalogue(options.rows)
        pq.write_table(table, source, row_group_size=250_000)
        print(f"{table.num_rows:,} rows, {table.num_columns} columns, {source.stat().st_size / 1e6:.0f} MB")
        del table
        compare(source, folder, options.runs)
        if options.engine:
            engine(folder)


if __name__ == "__main__":
    main()
