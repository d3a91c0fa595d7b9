"""Benchmark of small TAP queries beside readers that take nothing, or 200 kB/s, of large results.

The claims, measured in one run against a real server with two query processes:

- every small query is answered by 200, whoever reads slowly;
- the median of queries of one row beside such readers is at most 1.5 times that alone, once the large results are on
  disk.

Run with ``python -m benchmarks.slow_readers [--rows 1000000] [--readers 4] [--seconds 15]``.
"""

import argparse
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx2 as httpx

from benchmarks.tap_over_http import Catalogue, publish
from tests.support.server import running_server

_SLOW_BYTES = 20_000  # ten times a second


@contextmanager
def reader(base: str, table: str, bytes_a_step: int, *, step_seconds: float = 0.1) -> Iterator[None]:
    """Request a whole table as CSV, wait for its first bytes, and read so many bytes a step, or none."""
    where = urlsplit(base)
    query = urlencode({"LANG": "ADQL", "QUERY": f"SELECT * FROM {table}", "FORMAT": "csv"})
    done = threading.Event()

    def read(connection: socket.socket) -> None:
        while not done.wait(step_seconds):
            connection.recv(bytes_a_step)

    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((where.hostname, where.port))
        connection.sendall(f"GET /tap/sync?{query} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        thread = threading.Thread(target=read, args=(connection,), daemon=True)
        if bytes_a_step:
            thread.start()
        try:
            yield
        finally:
            done.set()
            if bytes_a_step:
                thread.join()


def small_queries(client: httpx.Client, base: str, table: str, seconds: float) -> list[tuple[float, int]]:
    """Send queries of one row, one after the other, and return the seconds and the status of each."""
    parameters = {"LANG": "ADQL", "QUERY": f"SELECT TOP 1 * FROM {table}", "FORMAT": "csv"}
    answers = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        status = client.get(f"{base}/tap/sync", params=parameters).status_code
        answers.append((time.perf_counter() - began, status))
    return answers


def compare(client: httpx.Client, base: str, catalogue: Catalogue, readers: int, seconds: float) -> None:
    small_queries(client, base, catalogue.table, 2)
    print(f"\nqueries of one row, beside {readers} readers of {catalogue.rows:,} rows")
    print(f"{'':16} {'answers':>8} {'not 200':>8} {'median':>10} {'p99':>10} {'ratio':>6}")
    alone = 0.0
    for name, taken in (("alone", None), ("nothing is read", 0), ("200 kB/s", _SLOW_BYTES)):
        with ExitStack() as stack:
            for _ in range(0 if taken is None else readers):
                stack.enter_context(reader(base, catalogue.table, taken or 0))
            time.sleep(2)  # the large queries run
            answers = small_queries(client, base, catalogue.table, seconds)
        times = sorted(took for took, _ in answers)
        median, p99 = statistics.median(times), times[int(0.99 * (len(times) - 1))]
        alone = alone or median
        refused = sum(status != 200 for _, status in answers)
        print(
            f"{name:16} {len(answers):8} {refused:8} {median * 1e3:7.1f} ms {p99 * 1e3:7.1f} ms {median / alone:6.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    limits = {"PHOTOZ_QUERY_WORKERS": "2", "PHOTOZ_SECRET_KEY": "benchmark" * 5}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder) / "data", env=limits) as server,
        httpx.Client(timeout=600) as client,
    ):
        assert server.account is not None
        catalogue = publish(server, server.account.token, Path(folder), chosen.rows)
        compare(client, server.base_url, catalogue, chosen.readers, chosen.seconds)


if __name__ == "__main__":
    main()
