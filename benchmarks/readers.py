"""Benchmark of the streamed readers against pandas and astropy, on a generated catalogue of a million rows.

Each reading runs in a process of its own, which reports its time and the growth of its memory. Run it with
``python benchmarks/readers.py [rows]``; it prints the medians and their ratios.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_REPEATS = 3
_SUFFIXES = {
    "csv": "cat.csv",
    "fits": "cat.fits",
    "hdf5": "cat.hdf5",
    "pandas-hdf5": "cat.h5",
    "parquet": "cat.parquet",
}


def _write_all(folder: Path, rows: int) -> None:
    import h5py
    import numpy as np
    import pandas as pd
    from astropy.table import Table

    rng = np.random.default_rng(20260101)
    columns = {"id": np.arange(rows) + 10**15}
    columns |= {"ra": rng.uniform(50, 60, rows), "dec": rng.uniform(-30, -20, rows)}
    for band in "ugriz":
        columns[f"mag_{band}"] = rng.normal(24, 1, rows).astype("f4")
        columns[f"magerr_{band}"] = rng.exponential(0.1, rows).astype("f4")
    columns["z_flag"] = rng.integers(0, 5, rows).astype("i2")
    columns["survey"] = rng.choice(np.array([b"VVDS", b"DESI", b"2dFGRS"]), rows)
    frame = pd.DataFrame({**columns, "survey": columns["survey"].astype(str)})
    frame.to_csv(folder / "cat.csv", index=False)
    frame.to_parquet(folder / "cat.parquet", index=False)
    frame.to_hdf(folder / "cat.h5", key="df", format="table")
    Table(columns).write(folder / "cat.fits")
    with h5py.File(folder / "cat.hdf5", "w") as file:
        for name, values in columns.items():
            file[f"photometry/{name}"] = values


def _read_ours(path: Path) -> int:
    from products.readers import open_table

    with open_table(path, path.name) as reader:
        return sum(batch.num_rows for batch in reader.batches())


def _read_theirs(path: Path) -> int:
    import pandas as pd

    if path.suffix == ".csv":
        return len(pd.read_csv(path))
    if path.suffix == ".parquet":
        return len(pd.read_parquet(path))
    if path.suffix == ".h5":
        return len(pd.read_hdf(path))
    if path.suffix == ".fits":
        from astropy.table import Table

        return len(Table.read(path))
    import h5py

    with h5py.File(path) as file:
        return len(pd.DataFrame({name: values[:] for name, values in file["photometry"].items()}))


_READERS: dict[str, Callable[[Path], int]] = {"ours": _read_ours, "theirs": _read_theirs}


def _import_all() -> None:
    """Import what both sides need, so that only reading is timed."""
    import astropy.table
    import h5py
    import pandas as pd
    import pyarrow.csv
    import pyarrow.parquet

    import products.readers.archives
    import products.readers.fits
    import products.readers.hdf5
    import products.readers.parquet
    import products.readers.text.delimited

    _ = astropy.table, h5py, pd, pyarrow.csv, pyarrow.parquet, products.readers


def _child(who: str, path: Path) -> None:
    _import_all()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    rows = _READERS[who](path)
    seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"rows": rows, "seconds": seconds, "megabytes": grown / 1024}))


def _measured(who: str, path: Path) -> tuple[float, float]:
    seconds, megabytes = [], []
    for _ in range(_REPEATS):
        command = [sys.executable, __file__, "--child", who, str(path)]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        seconds.append(answer["seconds"])
        megabytes.append(answer["megabytes"])
    return statistics.median(seconds), statistics.median(megabytes)


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    match sys.argv[1:]:
        case ["--child", who, path]:
            _child(who, Path(path))
        case ["--write", folder, rows]:
            _write_all(Path(folder), int(rows))
        case arguments:
            _compare(int(arguments[0]) if arguments else 1_000_000)


def _compare(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # A process inherits the peak of the one that starts it, so this one stays small.
        subprocess.run([sys.executable, __file__, "--write", folder, str(rows)], check=True)
        print(f"{rows} rows, 15 columns; pandas reads CSV, Parquet and its HDF5, astropy FITS, h5py groups of arrays")
        print(f"{'format':12}{'file':>9}{'ours':>9}{'theirs':>9}{'ratio':>8}{'our memory':>13}{'their memory':>14}")
        for kind, name in _SUFFIXES.items():
            path = Path(folder) / name
            (ours, our_memory), (theirs, their_memory) = _measured("ours", path), _measured("theirs", path)
            print(
                f"{kind:12}{path.stat().st_size / 1e6:>6.0f} MB{ours:>7.2f} s{theirs:>7.2f} s{ours / theirs:>8.2f}"
                f"{our_memory:>10.0f} MB{their_memory:>11.0f} MB"
            )


if __name__ == "__main__":
    main()
