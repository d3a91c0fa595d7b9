"""Benchmark of small queries beside DaCHS with the same rows, in one run.

Claim: a query of one row is answered at least three times as fast as by DaCHS.

DaCHS must be running and have the rows as ``peer.objects``; ``--write FILE`` writes them as CSV with the columns
objectid, ra, dec and mag_i. Where it is not, the benchmark says so and measures nothing. One client asks both in turns:
one query each, which finds the caches of the processor filled by the other server, and ``--row`` queries in a row each.

Run: python -m benchmarks.beside_dachs [--dachs http://localhost:8080/tap] [--rows 200000] [--rounds 40] [--row 20]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx2 as httpx
import numpy as np

from tests.server.api import Api
from tests.support.server import running_server

LIMIT = 3.0
OURS, THEIRS = "this server", "DaCHS"
QUERIES = {
    "one row": "SELECT TOP 1 * FROM {t}",
    "one row, as CSV": "SELECT TOP 1 * FROM {t}",
    "an identifier": "SELECT * FROM {t} WHERE objectid = {id}",
    "cone of 0.1 degrees": "SELECT * FROM {t} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, 0.1))",
    "columns of a table": "SELECT * FROM tap_schema.columns WHERE table_name = '{t}'",
    "COUNT and AVG": "SELECT COUNT(*), AVG(mag_i) FROM {t} WHERE mag_i < 24",
}


def write_rows(path: Path, rows: int) -> None:
    """Write the rows as CSV."""
    rng = np.random.default_rng(rows)
    columns = (
        np.arange(rows),
        rng.uniform(0, 360, rows),
        np.degrees(np.arcsin(rng.uniform(-1, 1, rows))),
        rng.normal(24, 1.5, rows),
    )
    np.savetxt(path, np.column_stack(columns), "%d,%.8f,%.8f,%.4f", header="objectid,ra,dec,mag_i", comments="")


def is_there(url: str) -> bool:
    """Return whether DaCHS answers with the rows."""
    parameters = {"LANG": "ADQL", "QUERY": "SELECT TOP 1 objectid FROM peer.objects"}
    try:
        return httpx.get(f"{url}/sync", params=parameters, timeout=60).status_code == 200
    except httpx.HTTPError:
        return False


def compare(clients: dict[str, tuple[httpx.Client, str, str]], rows: int, rounds: int, row: int) -> None:
    """Ask both in turns, some queries in a row each, and print the medians and the least times."""
    for name, query in QUERIES.items():
        taken: dict[str, list[float]] = {server: [] for server in clients}
        for block in range(-(-rounds // row) + 1):
            for server, (client, url, table) in clients.items():
                for turn in range(block * row, (block + 1) * row):
                    where = {"id": turn * 7919 % rows, "ra": 9 * turn % 360, "dec": turn % 60 - 30}
                    given = {"LANG": "ADQL", "QUERY": query.format(t=table, **where)}
                    began = time.perf_counter()
                    answer = client.get(f"{url}/sync", params=given | ({"FORMAT": "csv"} if "CSV" in name else {}))
                    if block:  # what is loaded by the first ones
                        taken[server].append(time.perf_counter() - began)
                    answer.raise_for_status()
        ours, theirs = (statistics.median(taken[server]) for server in (OURS, THEIRS))
        least = [min(taken[server]) * 1e3 for server in (OURS, THEIRS)]
        verdict = f"  below {LIMIT}" if name.startswith("one row") and theirs < LIMIT * ours else ""
        print(
            f"{name:22} {ours * 1e3:8.1f} ms {theirs * 1e3:8.1f} ms   ratio {theirs / ours:5.2f}   "
            f"least {least[0]:6.1f} {least[1]:6.1f} ms{verdict}",
            flush=True,
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dachs", default="http://localhost:8080/tap")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--row", type=int, default=20, help="queries in a row")
    parser.add_argument("--write", type=Path, help="writes the rows for DaCHS, and ends")
    given = parser.parse_args()
    if given.write:
        write_rows(given.write, given.rows)
        return
    if not is_there(given.dachs):
        print(f"SKIPPED: no DaCHS with the table peer.objects answers at {given.dachs}.")
        sys.exit(0)
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "data") as server:
        assert server.account is not None
        path = Path(folder) / "objects.csv"
        write_rows(path, given.rows)
        meanings = {"objectid": "id", "ra": "ra", "dec": "dec"}
        api = Api(server.base_url, server.account.token)
        table = api.publish("Objects", "object_catalog", path, meanings, visibility="public")["tap_table"]
        with httpx.Client(timeout=300) as ours, httpx.Client(timeout=300) as theirs:
            clients = {OURS: (ours, f"{server.base_url}/tap", table), THEIRS: (theirs, given.dachs, "peer.objects")}
            for row in (1, given.row):
                print(f"{f'{row} in a row':22} {OURS:>11} {THEIRS:>11}")
                compare(clients, given.rows, given.rounds, row)


if __name__ == "__main__":
    main()
