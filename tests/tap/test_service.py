"""MAXREC of TAP queries, with an engine that returns as many rows as it is asked for."""

import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import SimpleNamespace

import pyarrow as pa
import pytest

from core.auth.models import ANONYMOUS
from core.columns import Column
from core.errors import TooLargeError
from core.settings import Settings
from core.web.dali import DaliParameters
from tap.adql import Catalog, CatalogTable
from tap.engine import EngineQuery, EngineTable
from tap.service import OpenQuery, TapService

_TABLE = CatalogTable("t", (Column("n", "long"),), None, sorted_by_healpix=False, engine_schema="s", engine_table="t")


class _Stream:
    """The rows of a query, as many as its LIMIT, of at most `rows`."""

    schema = pa.schema([("n", pa.int64())])

    def __init__(self, sql: str, rows: int) -> None:
        self.count = min(rows, int(re.search(r"LIMIT (\d+)", sql).group(1)))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array(range(self.count), pa.int64())], schema=self.schema)

    def close(self) -> None:
        pass


class _Admission:
    """The turn of a query, which comes at once."""

    def __init__(self, sql: str, rows: int) -> None:
        self.turn: Future[None] = Future()
        self.turn.set_result(None)
        self._stream = _Stream(sql, rows)

    def start(self) -> _Stream:
        return self._stream


class _Uploads:
    @contextmanager
    def opened(self, *_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(catalog=lambda base: base, tables={})


def opened(rows: int, **parameters: str) -> OpenQuery:
    engine = SimpleNamespace(admit=lambda query, _: _Admission(_sql(query), rows))
    table = SimpleNamespace(name="t", origin=(), read_by=lambda _: EngineTable("s", "t", data=pa.table({"n": [1]})))
    tables = SimpleNamespace(find=Catalog([_TABLE]).find, found={"t": table})
    catalog = SimpleNamespace(lookup=lambda _: tables)
    service = TapService(Settings(maxrec_default=10, maxrec_limit=50), catalog, engine, _Uploads())
    pairs = [("QUERY", "SELECT n FROM t"), ("LANG", "ADQL"), *parameters.items()]
    return service.open(DaliParameters(pairs, {}), ANONYMOUS, seconds=1)


def _sql(query: EngineQuery) -> str:
    return query.sql


def lines(query: OpenQuery) -> int:
    return (
        len([line for line in b"".join(query.write(query.stream)).decode().splitlines() if line[:1] not in {"#", ""}])
        - 1
    )


@pytest.mark.parametrize("name", ["csv", "tsv", "ecsv"])
def test_delimited_text_is_not_cut_by_default(name):
    assert lines(opened(40, FORMAT=name)) == 40
    assert lines(opened(50, FORMAT=name)) == 50
    assert lines(opened(40, FORMAT=name, MAXREC="7")) == 7
    assert lines(opened(80, FORMAT=name, MAXREC="50")) == 50


@pytest.mark.parametrize("name", ["csv", "tsv", "ecsv"])
@pytest.mark.parametrize("more", [{}, {"MAXREC": "60"}])
def test_delimited_text_beyond_the_limit_of_the_server_breaks_off(name, more):
    with pytest.raises(TooLargeError, match=r"more than 50 rows.*Set MAXREC"):
        lines(opened(51, FORMAT=name, **more))


def test_other_formats_are_cut_and_say_so():
    query = opened(40, FORMAT="json")
    text = b"".join(query.write(query.stream)).decode()
    assert '"OVERFLOW"' in text
    assert query.limit.rows == 10
    assert query.limit.headers == {"X-Row-Limit": "10"}
