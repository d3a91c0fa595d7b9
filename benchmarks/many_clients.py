"""Benchmark of TAP for many clients: small queries beside heavy ones and stalled readers, and 20 against 100 clients.

The claims, measured in one run against a real server with the default settings:

- queries of one row of four clients beside 20 heavy queries and 20 readers that take nothing: no answer but 200, p99 at
  most 3 times that alone;
- ``/availability`` and REST meanwhile: medians at most twice those without load;
- 100 clients with mixed queries: no answer but 200, throughput at least that of 20.

Run with ``python -m benchmarks.many_clients [--rows 200000] [--heavy 20] [--readers 20] [--seconds 15]``.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2 as httpx

from benchmarks.slow_readers import reader
from benchmarks.tap_over_http import Catalogue, publish
from tests.support.server import running_server

Answers = list[tuple[float, int]]

_HEAVY = "SELECT COUNT(*) FROM {t} AS a, {t} AS b WHERE a.mag_i < b.mag_i AND a.ra + b.dec > 100"


@contextmanager
def heavy_queries(base: str, table: str, count: int) -> Iterator[None]:
    """Keep so many clients sending queries that compare all rows with all rows."""
    done = threading.Event()

    def send() -> None:
        with httpx.Client(timeout=600) as client:
            while not done.is_set():
                with suppress(httpx.HTTPError):
                    client.get(f"{base}/tap/sync", params={"LANG": "ADQL", "QUERY": _HEAVY.format(t=table)})

    for _ in range(count):
        threading.Thread(target=send, daemon=True).start()
    yield
    done.set()


def asking(clients: int, seconds: float, ask: Callable[[httpx.Client, int], httpx.Response]) -> Answers:
    """Let clients ask one question after the other, and return the seconds and the status of each answer."""
    answers: Answers = []
    end = time.perf_counter() + seconds

    def run(client: httpx.Client, number: int) -> None:
        turn = number
        while (began := time.perf_counter()) < end:
            status = ask(client, turn).status_code
            answers.append((time.perf_counter() - began, status))
            turn += 1

    # One client with as many connections: to make a client takes longer than to answer a query.
    with httpx.Client(timeout=600, limits=httpx.Limits(max_connections=clients)) as client:
        threads = [threading.Thread(target=run, args=(client, number)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return answers


def told(name: str, answers: Answers, alone: Answers | None = None) -> None:
    """Print what answers took, also in relation to those without load."""
    times = sorted(took for took, _ in answers)
    median, p99 = statistics.median(times), times[int(0.99 * (len(times) - 1))]
    line = f"{name:34} {len(answers):6} {sum(status != 200 for _, status in answers):5}"
    line += f" {median * 1e3:8.1f} {p99 * 1e3:8.1f} ms"
    if alone:
        before = sorted(took for took, _ in alone)
        line += f"  x{median / statistics.median(before):.2f} x{p99 / before[int(0.99 * (len(before) - 1))]:.2f}"
    print(line, flush=True)


def beside_load(base: str, token: str, catalogue: Catalogue, heavy: int, readers: int, seconds: float) -> None:
    """Compare small requests without load and beside heavy queries and readers that take nothing."""
    parameters = {"LANG": "ADQL", "QUERY": f"SELECT TOP 1 * FROM {catalogue.table}", "FORMAT": "csv"}
    signed_in = {"Authorization": f"Bearer {token}"}
    requests: dict[str, tuple[int, Callable[[httpx.Client, int], httpx.Response]]] = {
        "one row, 4 clients": (4, lambda client, _: client.get(f"{base}/tap/sync", params=parameters)),
        "/availability": (1, lambda client, _: client.get(f"{base}/availability")),
        "/api/products/": (1, lambda client, _: client.get(f"{base}/api/products/", headers=signed_in)),
    }
    print(f"{'':34} {'asked':>6} {'≠200':>5} {'median':>8} {'p99':>8}     ratios")
    alone = {}
    for name, (clients, ask) in requests.items():
        asking(clients, 1, ask)
        alone[name] = asking(clients, seconds, ask)
        told(name, alone[name])
    print(f"beside {heavy} heavy queries and {readers} readers that take nothing")
    with ExitStack() as stack:
        for _ in range(readers):
            stack.enter_context(reader(base, catalogue.table, 0))
        stack.enter_context(heavy_queries(base, catalogue.table, heavy))
        time.sleep(5)
        for name, (clients, ask) in requests.items():
            told(name, asking(clients, seconds, ask), alone[name])


def mixed(base: str, catalogue: Catalogue, seconds: float) -> None:
    """Compare 20 and 100 clients with mixed queries."""
    table = catalogue.table
    queries = (
        f"SELECT TOP 1 * FROM {table}",
        f"SELECT * FROM {table} WHERE DISTANCE(POINT(ra, dec), POINT(150, 2)) < 0.05",
        "SELECT table_name, column_name FROM TAP_SCHEMA.columns WHERE table_name = 'tap_schema.tables'",
        f"SELECT COUNT(*), AVG(mag_i) FROM {table} WHERE mag_i BETWEEN 22 AND 24",
        f"SELECT TOP 1000 ra, dec, mag_i FROM {table} ORDER BY mag_i",
    )

    def ask(client: httpx.Client, turn: int) -> httpx.Response:
        return client.get(f"{base}/tap/sync", params={"LANG": "ADQL", "QUERY": queries[turn % len(queries)]})

    print("mixed queries")
    asking(4, 2, ask)  # what is loaded at the first query
    for clients in (20, 100):
        answers = asking(clients, seconds, ask)
        told(f"{clients} clients", answers)
        print(f"{'':34} {len(answers) / seconds:.1f} answers a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--heavy", type=int, default=20)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder) / "data", env={"PHOTOZ_SECRET_KEY": "benchmark" * 5}) as server,
    ):
        assert server.account is not None
        catalogue = publish(server, server.account.token, Path(folder), chosen.rows)
        mixed(server.base_url, catalogue, chosen.seconds)
        beside_load(server.base_url, server.account.token, catalogue, chosen.heavy, chosen.readers, chosen.seconds)


if __name__ == "__main__":
    main()
