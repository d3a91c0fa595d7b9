"""Benchmark of the data explorer on a table of ten million rows, against the plain queries of DuckDB.

The claim: each page costs at most three times what its rows and its statistics cost the engine alone, and the last page
what the first does. Counts of filters are kept, so that only the first of several runs has them. Run with
``python -m benchmarks.explorer_pages [rows [folder]]``; the catalogue is kept in a folder that is named.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import httpx2
import pyarrow.parquet as pq

from benchmarks.engine import median_ms, write_catalogue
from core.auth.models import Identity
from core.columns import HEALPIX_COLUMN, column_of_field
from core.settings import Settings
from server.services import Services
from tap.adql import CatalogTable
from tap.metadata.catalog import TableBlock, TableCatalog
from tap.models import TapSchema, TapTable
from tests.server.application import running_application

_NAME = "survey.objects"
_TIMES = 5


class _OneTable:
    """`TableProvider` of one Parquet file."""

    def __init__(self, file: Path) -> None:
        schema = pq.read_schema(file)
        self._columns = tuple(column_of_field(field) for field in schema if field.name != HEALPIX_COLUMN)
        entry = CatalogTable(_NAME, self._columns, ("ra", "dec"), True, "survey", "objects")
        rows = pq.read_metadata(file).num_rows
        self._table = TapTable("survey", entry, "Objects", frozenset(), files=(file,), row_count=rows)

    def stamp(self) -> object:
        return 0

    def schemas(self, _identity: Identity) -> Sequence[TapSchema]:
        return (TapSchema("survey", "A survey", ()),)

    def tables(self, _identity: Identity, _schema: str) -> Sequence[TapTable]:
        return (self._table,)

    def named(self, _identity: Identity, schema: str, name: str) -> Sequence[TapTable]:
        return (self._table,) if (schema.lower(), name.lower()) == ("survey", "objects") else ()

    def blocks(self, identity: Identity) -> Iterator[TableBlock]:
        yield TableBlock("survey", lambda: self.tables(identity, "survey"))


class _SurveyServices(Services):
    """Services of a server whose only table is the catalogue."""

    def __init__(self, settings: Settings, file: Path) -> None:
        super().__init__(settings)
        self.tap.catalog = TableCatalog((_OneTable(file),), self.tap.metadata_files)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(sys.argv[2] if len(sys.argv) > 2 else folder) / "catalogue.parquet"
        if not file.exists():
            write_catalogue(file, rows)
        with running_application(
            Path(folder) / "data", build=lambda settings: _SurveyServices(settings, file), query_threads=2
        ) as running:
            compare(running.client, file)


def compare(client: httpx2.Client, file: Path) -> None:
    """Print the time of each page beside that of the plain queries of its content."""
    plain = duckdb.connect(":memory:", config={"threads": 2})
    plain.execute("SET parquet_metadata_cache = true")
    plain.execute(f"CREATE VIEW objects AS SELECT * EXCLUDE ({HEALPIX_COLUMN}) FROM read_parquet('{file}')")
    rows = pq.read_metadata(file).num_rows
    last = -(-rows // 50)
    bright = f"COUNT(*) FROM objects WHERE mag_r < {20}"
    limits = "COUNT(*), COUNT(mag_r), MIN(mag_r), MAX(mag_r), AVG(mag_r) FROM objects"
    histogram = "FLOOR((mag_r - 18) / 0.3) AS b, COUNT(*) FROM objects WHERE mag_r BETWEEN 10 AND 40 GROUP BY b"
    pages = {
        "first page": ({}, ["* FROM objects LIMIT 50"]),
        "last page": ({"page": last}, [f"* FROM objects LIMIT 50 OFFSET {50 * (last - 1)}"]),
        "middle page": ({"page": last // 2}, [f"* FROM objects LIMIT 50 OFFSET {25 * last}"]),
        "filtered page": ({"filter": "lt:mag_r:20"}, [bright, "* FROM objects WHERE mag_r < 20 LIMIT 50"]),
        "sorted, first": ({"sort": "asc:mag_i"}, ["* FROM objects ORDER BY mag_i, id LIMIT 50"]),
        "sorted, last": ({"sort": "asc:mag_i", "page": last}, ["* FROM objects ORDER BY mag_i DESC, id DESC LIMIT 50"]),
        "column panel": ({"column": "mag_r"}, [limits, histogram]),
    }
    print(f"{rows} rows\n{'':16} {'queries':>12} {'page':>12} {'ratio':>7}")
    for name, (state, queries) in pages.items():
        path = "/explore/column" if "column" in state else "/explore"
        address = f"{path}?{urlencode({'table': _NAME, **state})}"
        alone = median_ms(
            lambda queries=queries: [plain.execute(f"SELECT {sql}").fetchall() for sql in queries], _TIMES
        )
        page = median_ms(lambda address=address: _whole(client, address), _TIMES)
        print(f"{name:16} {alone:9.1f} ms {page:9.1f} ms {page / alone:7.2f}")
    plain.close()


def _run(plain: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> None:
    for sql in queries:
        plain.execute(f"SELECT {sql}").fetchall()


def _whole(client: httpx2.Client, address: str) -> None:
    answer = client.get(address, timeout=120)
    answer.raise_for_status()
    assert 'role="alert"' not in answer.text, answer.text


if __name__ == "__main__":
    main()
