"""Benchmark of the library's rows: 200 000 of 18 columns as pandas, against the bytes of ``FORMAT=arrow`` by curl.

The claim, measured in one run against a real server process, in alternation: all rows of a product arrive as a frame of
pandas within 1.5 times what curl takes to fetch the same rows as Arrow. Arrow, astropy and pandas without the library
(requests and pyarrow) stand beside.

Run with ``python -m benchmarks.library_rows [--rows 200000] [--repeats 15]``.
"""

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import requests
from pzserver import Product, PzServer

from tests.support.server import running_server

MOST = 1.5
_BANDS = "ugrizy"


def _frame(rows: int) -> pa.Table:
    """Return 18 columns: an identifier, positions, redshifts with flags, six magnitudes with errors, a survey."""
    random = np.random.default_rng(20261129)
    columns: dict[str, object] = {
        "objectId": np.arange(rows) + 10**17,
        "ra": random.uniform(50, 60, rows),
        "dec": random.uniform(-30, -20, rows),
        "z": random.exponential(0.7, rows),
        "z_flag": random.integers(0, 5, rows).astype("i2"),
        "survey": random.choice(["VVDS", "DESI", "2dFGRS"], rows),
    }
    for band in _BANDS:
        columns[f"mag_{band}"] = random.normal(24, 1, rows)
        columns[f"magerr_{band}"] = random.exponential(0.1, rows).astype("f4")
    return pa.table(columns)


def _ways(server: PzServer, product: Product, token: str, folder: Path) -> Mapping[str, Callable[[], object]]:
    query = f"SELECT * FROM {product.table_name}"
    url, header = f"{server.url}/tap/sync", f"Authorization: Bearer {token}"
    asked = {"LANG": "ADQL", "FORMAT": "arrow", "MAXREC": "10000000", "QUERY": query}
    fields = [part for name, value in asked.items() for part in ("--data-urlencode", f"{name}={value}")]
    curl = shutil.which("curl")

    def fetched() -> bytes:
        return requests.post(url, data=asked, headers=dict([header.split(": ")]), timeout=300).content

    def by_curl() -> object:
        if curl is None:
            return fetched()
        command = [curl, "--silent", "--fail", "--header", header, "--output", str(folder / "rows"), *fields, url]
        return subprocess.run(command, check=True)

    def by_requests() -> object:
        with pa.ipc.open_stream(io.BytesIO(fetched())) as reader:
            return reader.read_all().to_pandas()

    return {
        "FORMAT=arrow by curl" if curl else "FORMAT=arrow by requests": by_curl,
        "pandas by requests and pyarrow": by_requests,
        "library, pandas": product.to_pandas,
        "library, Arrow": product.to_arrow,
        "library, astropy": product.to_table,
    }


def main() -> None:
    """Print the medians, and their ratios to curl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_server(Path(name) / "data") as running:
        assert running.account is not None
        with PzServer(running.account.token, running.base_url) as server:
            draft = server.upload(_frame(options.rows), name="Rows", product_type="redshift_catalog")
            product = draft.publish()
            ways = _ways(server, product, running.account.token, Path(name))
            seconds: dict[str, list[float]] = {way: [] for way in ways}
            for repeat in range(options.repeats + 1):
                for way, work in ways.items():
                    start = time.perf_counter()
                    work()
                    if repeat:  # the first round warms everything
                        seconds[way].append(time.perf_counter() - start)
    medians = {way: statistics.median(values) for way, values in seconds.items()}
    floor = next(iter(medians.values()))
    print(f"{options.rows} rows, {options.repeats} repeats")
    for way, median in medians.items():
        print(f"{way:32} {1000 * median:8.1f} ms  {median / floor:5.2f} times curl")
    ratio = medians["library, pandas"] / floor
    print(f"claim: pandas by the library within {MOST}: {ratio:.2f}")
    sys.exit(ratio > MOST)


if __name__ == "__main__":
    main()
