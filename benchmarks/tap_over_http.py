"""Benchmark of TAP over HTTP on catalogues of 10⁵, 10⁶ and 10⁷ rows: rows a second, first byte, memory, cones, one row.

The claims, all measured in one run against a real server process:

- a million rows of 15 columns leave at 500 000 rows/s or more as BINARY2, within a factor of 1.5 of the same bytes
  made without a server; CSV and Parquet stand beside, with DuckDB's own CSV as the floor and astropy's writer;
- the first byte of such an answer is there within 0.5 s, and server and query process stay within 150 MB of idle;
- a cone of 1° in 10⁷ rows takes less than 50 ms, a query of one row less than 25 ms, end to end.

Run with ``python -m benchmarks.tap_over_http [--largest 10000000] [--data FOLDER]``; a folder is used again.
"""

import argparse
import io
import statistics
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx2 as httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io.votable import from_table
from astropy.table import Table

from core.columns import HEALPIX_COLUMN, column_of_field
from core.votable import TableDescription, votable_columns
from tap.results import RESULT_FORMATS
from tests.server.api import Api
from tests.support.server import RunningServer, running_server

ROWS = 1_000_000
ASTROPY_ROWS = 20_000
FORMATS = ("votable", "csv", "parquet", "fits", "arrow", "votable-tabledata")


@dataclass
class Catalogue:
    """A published catalogue and the file of its rows."""

    rows: int
    table: str


def write_catalogue(path: Path, rows: int) -> None:
    """Write a catalogue of positions all over the sky, six magnitudes and their errors."""
    random = np.random.default_rng(rows)
    step = 500_000
    writer = None
    for start in range(0, rows, step):
        count = min(step, rows - start)
        columns = {
            "objectId": np.arange(start, start + count),
            "ra": random.uniform(0, 360, count),
            "dec": np.degrees(np.arcsin(random.uniform(-1, 1, count))),
            **{f"mag_{band}": random.normal(24, 1.5, count).astype("f4") for band in "ugrizy"},
            **{f"magerr_{band}": random.exponential(0.1, count).astype("f4") for band in "ugrizy"},
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def publish(server: RunningServer, token: str, folder: Path, rows: int) -> Catalogue:
    """Return the catalogue of so many rows, which is published if it does not exist."""
    name = f"Benchmark {rows}"
    api = Api(server.base_url, token)
    for product in api.json("GET", "products/")["results"]:
        if product["display_name"] == name:
            return Catalogue(rows, api.json("GET", f"products/{product['id']}/inspection/")["tap_table"])
    path = folder / f"catalogue_{rows}.parquet"
    write_catalogue(path, rows)
    meanings = {"objectId": "id", "ra": "ra", "dec": "dec"}
    product = api.upload(name, "object_catalog", path, visibility="public")
    path.unlink()
    api.json("POST", f"products/{product['id']}/inspect/")
    while api.json("GET", f"products/{product['id']}/inspection/?wait=60")["state"] not in {"done", "failed"}:
        pass
    api.json("PUT", f"products/{product['id']}/columns/", json=meanings)
    api.json("POST", f"products/{product['id']}/publish/")
    return Catalogue(rows, api.json("GET", f"products/{product['id']}/inspection/")["tap_table"])


@dataclass
class Answer:
    """Measurements of one request."""

    seconds: float
    first_byte: float
    size: int


def send_query(client: httpx.Client, base: str, query: str, **parameters: str) -> Answer:
    """Send a query and read the whole response without keeping it."""
    began = time.perf_counter()
    first, size = 0.0, 0
    params = {"LANG": "ADQL", "QUERY": query, **parameters}
    with client.stream("GET", f"{base}/tap/sync", params=params) as answer:
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - began
            size += len(piece)
        assert answer.status_code == 200, answer.status_code
    return Answer(time.perf_counter() - began, first, size)


class PeakMemory(threading.Thread):
    """Sampler of the memory of a process and its children; shared memory is counted once, by PSS."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._done = threading.Event()
        self.idle = self._now()
        self.peak = 0

    def _now(self) -> int:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total

    def run(self) -> None:
        """Sample twenty times a second."""
        while not self._done.wait(0.05):
            self.peak = max(self.peak, self._now())

    def stop(self) -> float:
        """Stop, and return the megabytes above idle."""
        self._done.set()
        self.join()
        return (self.peak - self.idle) / 1e6


def without_server(file: Path, columns: str, name: str) -> float:
    """Return the seconds to write the same bytes in this process: DuckDB, Arrow, our writer."""
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"}) as connection:
        began = time.perf_counter()
        reader = connection.sql(f"SELECT {columns} FROM '{file}' LIMIT {ROWS}").to_arrow_reader(65_536)
        described = votable_columns([column_of_field(field) for field in reader.schema], reader.schema)
        for piece in RESULT_FORMATS[name].write(TableDescription(described), reader, limit=ROWS):
            len(piece)
        return time.perf_counter() - began


def floor_csv(file: Path, columns: str, folder: Path) -> float:
    """Return the seconds in which DuckDB alone writes the rows as CSV."""
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"}) as connection:
        began = time.perf_counter()
        connection.execute(
            f"COPY (SELECT {columns} FROM '{file}' LIMIT {ROWS}) TO '{folder / 'floor.csv'}' (FORMAT csv)"
        )
        return time.perf_counter() - began


def astropys(file: Path, columns: str) -> float:
    """Return the rows a second that astropy writes as a binary VOTable."""
    with duckdb.connect(":memory:") as connection:
        rows = connection.sql(f"SELECT {columns} FROM '{file}' LIMIT {ASTROPY_ROWS}").to_arrow_table()
    table = Table({name: rows[name].to_numpy() for name in rows.column_names})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        from_table(table).to_xml(io.BytesIO(), tabledata_format="binary2")
        return ASTROPY_ROWS / (time.perf_counter() - began)


def median_ms(run: Callable[[int], Answer], times: int = 25) -> float:
    run(0)
    return statistics.median(run(i).seconds for i in range(1, times + 1)) * 1000


def throughput(server: RunningServer, client: httpx.Client, catalogue: Catalogue, folder: Path) -> None:
    file = max(server.data.glob("tables/*"), key=lambda f: f.stat().st_size)
    with pq.ParquetFile(file) as opened:
        columns = ", ".join(f'"{name}"' for name in opened.schema_arrow.names if name != HEALPIX_COLUMN)
    query = f"SELECT TOP {ROWS} * FROM {catalogue.table}"
    print(f"\n{ROWS:,} rows of 15 columns of {catalogue.rows:,}; medians of 3")
    print(f"{'':20} {'HTTP':>14} {'no server':>14} {'ratio':>7} {'first byte':>11} {'memory':>10} {'B/row':>6}")
    for name in FORMATS:
        token = RESULT_FORMATS[name].names[0]
        send_query(client, server.base_url, query, FORMAT=token, MAXREC=str(ROWS))
        time.sleep(1)
        memory = PeakMemory(server.process)
        memory.start()
        answers = [send_query(client, server.base_url, query, FORMAT=token, MAXREC=str(ROWS)) for _ in range(3)]
        above = memory.stop()
        seconds = statistics.median(answer.seconds for answer in answers)
        first = statistics.median(answer.first_byte for answer in answers)
        alone = statistics.median(without_server(file, columns, name) for _ in range(3))
        print(
            f"{name:20} {ROWS / seconds / 1e3:8.0f} k/s {ROWS / alone / 1e3:10.0f} k/s {seconds / alone:7.2f} "
            f"{first * 1e3:8.0f} ms {above:7.0f} MB {answers[0].size / ROWS:6.0f}"
        )
    floor = statistics.median(floor_csv(file, columns, folder) for _ in range(3))
    print(f"{'DuckDB alone, CSV':20} {'':12} {ROWS / floor / 1e3:12.0f} k/s")
    print(f"{'astropy, BINARY2':20} {'':12} {astropys(file, columns) / 1e3:12.1f} k/s")


def cones(server: RunningServer, client: httpx.Client, catalogues: list[Catalogue]) -> None:
    random = np.random.default_rng(7)
    centres = list(zip(random.uniform(0, 360, 100), np.degrees(np.arcsin(random.uniform(-1, 1, 100))), strict=True))

    def forms(catalogue: Catalogue) -> Iterator[tuple[str, Callable[[int], str]]]:
        where = {
            "CONTAINS": "1 = CONTAINS(POINT(ra, dec), CIRCLE({0}, {1}, {2}))",
            "DISTANCE": "DISTANCE(ra, dec, {0}, {1}) < {2}",
        }
        for name, text in where.items():
            for radius in (1.0, 0.01):
                yield (
                    f"{name} {radius}°",
                    lambda i, text=text, radius=radius: (
                        f"SELECT * FROM {catalogue.table} WHERE {text.format(*centres[i], radius)}"
                    ),
                )

    print(f"\n{'end to end, medians':22}" + "".join(f"{c.rows:>14,}" for c in catalogues))
    made = {c.rows: dict(forms(c)) for c in catalogues}
    for name in made[catalogues[0].rows]:
        taken = [
            median_ms(lambda i, q=made[c.rows][name]: send_query(client, server.base_url, q(i))) for c in catalogues
        ]
        print(f"{name:22}" + "".join(f"{ms:11.1f} ms" for ms in taken))

    def simple(catalogue: Catalogue, i: int) -> Answer:
        position = {"RA": str(centres[i][0]), "DEC": str(centres[i][1]), "SR": "1"}
        return _get(client, server.base_url, f"conesearch/{catalogue.table}", position)

    taken = [median_ms(lambda i, c=c: simple(c, i)) for c in catalogues]
    print(f"{'cone search 1°':22}" + "".join(f"{ms:11.1f} ms" for ms in taken))
    for name, text in {
        "one row, by TOP": "SELECT TOP 1 objectId, ra, dec FROM {0}",
        "one row, whole": "SELECT TOP 1 * FROM {0}",
        "one row, computed": "SELECT TOP 1 objectId, mag_g - mag_r AS colour FROM {0} WHERE mag_i < 24",
        "count": "SELECT COUNT(*) AS n FROM {0}",
        "one metadata row": "SELECT TOP 1 table_name FROM tap_schema.tables",
    }.items():
        queries = [text.format(catalogue.table) for catalogue in catalogues]
        taken = [median_ms(lambda _, q=query: send_query(client, server.base_url, q)) for query in queries]
        print(f"{name:22}" + "".join(f"{ms:11.1f} ms" for ms in taken))


def _get(client: httpx.Client, base: str, path: str, params: dict[str, str]) -> Answer:
    began = time.perf_counter()
    answer = client.get(f"{base}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return Answer(time.perf_counter() - began, 0.0, len(answer.content))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path)
    chosen = parser.parse_args()
    sizes = [size for size in (100_000, 1_000_000, 10_000_000) if size <= chosen.largest] or [chosen.largest]
    limits = {"PHOTOZ_MAX_UPLOAD_BYTES": "4000000000", "PHOTOZ_SECRET_KEY": "benchmark" * 5}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        data = chosen.data or place / "data"
        kept = data / "token"
        with running_server(data, env=limits) as server, httpx.Client(timeout=600) as client:
            if server.account is not None:
                kept.write_text(server.account.token)
            catalogues = [publish(server, kept.read_text(), place, size) for size in sizes]
            time.sleep(2)
            cones(server, client, catalogues)
            throughput(server, client, catalogues[-1], place)


if __name__ == "__main__":
    main()
