"""Benchmark of a large upload against pandas, and of the server's memory.

Claim: a 150 MB Parquet catalogue of over a million rows is uploaded, published and queryable in under ten times the
time that pandas needs to read the file, and the memory of the server stays under 500 MB above idle. Both are measured
in one run: a real server process, and pandas in a process of its own.

Run: python benchmarks/upload_to_publish.py [--rounds 3]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.server import RunningServer, running_server

ROWS = 1_200_000
READ = """
import sys, time
import pandas
started = time.perf_counter()
pandas.read_parquet(sys.argv[1])
print(time.perf_counter() - started)
"""


def catalogue(path: Path) -> None:
    """Write a catalogue whose numbers hardly compress: positions, redshift, six magnitudes with errors, flags."""
    rng = np.random.default_rng(1)
    columns = {
        "objectId": np.arange(ROWS, dtype=np.int64) * 7919,
        "ra": rng.uniform(0, 360, ROWS),
        "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, ROWS))),
        "z": rng.gamma(3, 0.3, ROWS),
        "z_err": rng.exponential(1e-3, ROWS),
        **{f"mag_{band}": rng.normal(24, 1.5, ROWS) for band in "ugrizy"},
        **{f"magerr_{band}": rng.exponential(0.1, ROWS) for band in "ugrizy"},
        "flag": rng.integers(0, 5, ROWS, dtype=np.int16),
        "survey": pa.array(rng.choice(["VVDS", "zCOSMOS", "DEEP2"], ROWS)),
    }
    pq.write_table(pa.table(columns), path)


class PeakMemory(threading.Thread):
    """Sampler of the peak memory of a server and its processes, twenty times a second."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        """Sample until stopped."""
        while not self._done.wait(0.05):
            self.peak = max(self.peak, self._server.memory_bytes())

    def stop(self) -> int:
        """Return the peak in bytes."""
        self._done.set()
        self.join()
        return self.peak


def publish(base: str, token: str, path: Path) -> dict[str, float]:
    """Upload a file, publish it and query its rows; return the seconds of each step."""
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {token}"
    steps, started = {}, time.perf_counter()

    def step(name: str) -> None:
        steps[name] = time.perf_counter() - started - sum(steps.values())

    product = api.post(f"{base}/api/products/", json={"display_name": "bench", "product_type": 1}).json()["id"]
    with path.open("rb") as file:
        api.put(f"{base}/api/products/{product}/files/{path.name}", data=file).raise_for_status()
    step("send")
    api.post(f"{base}/api/products/{product}/registry/").raise_for_status()
    step("inspect")
    meanings = {"ra": "ra", "dec": "dec", "z": "z", "z_err": "z_err"}
    api.put(f"{base}/api/products/{product}/columns/", json=meanings).raise_for_status()
    api.post(f"{base}/api/products/{product}/publish/").raise_for_status()
    step("publish")
    table = api.get(f"{base}/api/products/{product}/inspection/").json()["tap_table"]
    query = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": f"SELECT COUNT(*) AS n, AVG(z) AS z FROM {table}"}
    answer = api.get(f"{base}/tap/sync", params=query)
    assert answer.text.splitlines()[1].startswith(f"{ROWS},"), answer.text
    step("query")
    steps["total"] = time.perf_counter() - started
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.parquet"
        catalogue(path)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {ROWS:,} rows")
        reads, ours = [], []
        with running_server(Path(folder) / "data") as server:
            assert server.account is not None
            time.sleep(5)
            idle = server.memory_bytes()
            memory = PeakMemory(server)
            memory.start()
            for _ in range(rounds):
                read = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, check=True)
                reads.append(float(read.stdout))
                ours.append(publish(server.base_url, server.account.token, path))
                print(f"  pandas reads in {reads[-1]:.2f} s; ", {k: round(v, 2) for k, v in ours[-1].items()})
            peak = memory.stop()
    read, total = statistics.median(reads), statistics.median(steps["total"] for steps in ours)
    print(f"median: pandas {read:.2f} s, upload to published and queried {total:.2f} s")
    print(f"ratio of the medians: {total / read:.1f} (claim: < 10)")
    print(f"memory: idle {idle / 1e6:.0f} MB, peak {(peak - idle) / 1e6:.0f} MB above idle (claim: < 500)")


if __name__ == "__main__":
    main()
