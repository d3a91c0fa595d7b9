"""Readers that take few rows or none: their query has run all the same, and its process runs the next one."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from tap.engine import DuckDBEngine, QueryCrashedError, QueryFailedError, SlowReaderError, SpoolLimits
from tests.support.resources import Resources
from tests.support.waiting import wait_for
from tests.tap.engine.conftest import ROWS

pytestmark = pytest.mark.slow

ALL = 'SELECT id, ra, mag FROM survey."Objects"'
ENDLESS = "SELECT range AS n FROM range(1000000000000)"
ONE = "SELECT 1 AS n"


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., "contextmanager[DuckDBEngine]"]:
    @contextmanager
    def make(**limits: float) -> Iterator[DuckDBEngine]:
        spool = SpoolLimits(**({"memory_bytes": 1_000_000} | limits))
        with DuckDBEngine(workers=1, waiting=0, temp_folder=tmp_path, spool_limits=spool) as engine:
            yield engine
            assert engine._budget.used == (0, 0, 0)

    return make


def one(engine, query) -> int:
    with engine.open(query(ONE)) as stream:
        return next(iter(stream))["n"][0].as_py()


def is_free(engine) -> bool:
    return bool(engine._places.idle)


def test_readers_that_take_nothing_do_not_keep_the_process(engine_of, query):
    with engine_of(disk_bytes=50_000_000, disk_total_bytes=50_000_000) as engine, ExitStack() as stack:
        streams = []
        for _ in range(3):
            streams.append(stack.enter_context(engine.open(query(ALL))))
            wait_for(lambda: is_free(engine), "the process waits for its reader")
        assert one(engine, query) == 1
        assert engine._budget.used[2] > 0
        for stream in streams:
            table = pa.Table.from_batches(stream)
            assert table["id"].to_pylist() == list(range(ROWS))
        wait_for(lambda: is_free(engine))


def test_an_error_after_rows_that_wait_comes_after_them(engine_of, query):
    sql = f"SELECT CAST(CASE WHEN id < {ROWS - 1} THEN '1' ELSE 'x' || id END AS INTEGER) AS n FROM survey.objects"
    with engine_of(disk_bytes=50_000_000, disk_total_bytes=50_000_000) as engine, engine.open(query(sql)) as stream:
        wait_for(lambda: is_free(engine))
        rows = iter(stream)
        assert next(rows).num_rows > 0
        with pytest.raises(QueryFailedError, match=f"x{ROWS - 1}"):
            list(rows)
        assert one(engine, query) == 1


def test_beyond_its_disk_a_query_waits_only_for_so_long(engine_of, query):
    limits = {"disk_bytes": 3_000_000, "disk_total_bytes": 3_000_000, "speed": 1e9, "speed_seconds": 0.1}
    with engine_of(**limits) as engine, engine.open(query(ENDLESS)) as stream:
        wait_for(lambda: is_free(engine), "the query still waits for its reader")
        rows = iter(stream)
        assert next(rows)["n"][0].as_py() == 0
        with pytest.raises(SlowReaderError, match="kB/s"):
            list(rows)
        assert one(engine, query) == 1


@pytest.mark.parametrize("state", ["spool is filled", "disk is full", "query has run"])
def test_a_reader_that_leaves_frees_process_memory_and_disk(engine_of, query, state):
    disk = 3_000_000 if state == "disk is full" else 50_000_000
    sql = ALL if state == "query has run" else ENDLESS
    with engine_of(disk_bytes=disk, disk_total_bytes=disk) as engine:
        assert one(engine, query) == 1
        before = Resources.now()
        stream = engine.open(query(sql))
        wait_for(lambda: engine._budget.used[2] > 1_000_000)
        if state == "query has run":
            wait_for(lambda: is_free(engine))
        stream.close()
        assert engine._budget.used == (0, 0, 0)
        assert is_free(engine)
        after = Resources.now().beyond(before)
        assert not after.threads
        assert not any("deleted" in target for _, target in after.descriptors)
        assert one(engine, query) == 1


@pytest.mark.parametrize("disk", [3_000_000, 300_000_000])
def test_rows_before_the_end_of_a_killed_process_are_followed_by_its_error(engine_of, query, disk):
    with engine_of(disk_bytes=disk, disk_total_bytes=disk) as engine, engine.open(query(ENDLESS)) as stream:
        wait_for(lambda: engine._budget.used[2] > 2_000_000)
        os.kill(stream._drain._process.pid, signal.SIGKILL)
        number = 0
        with pytest.raises(QueryCrashedError, match="ended unexpectedly"):
            for batch in stream:
                assert batch["n"][0].as_py() == number
                number += batch.num_rows
        assert number > 0
        wait_for(lambda: is_free(engine))
        assert one(engine, query) == 1


def test_nothing_is_left_of_results_that_are_open_when_the_engine_closes(engine_of, query, tmp_path):
    before = Resources.now()
    with engine_of(disk_bytes=3_000_000, disk_total_bytes=50_000_000) as engine:
        complete = engine.open(query(ALL))
        wait_for(lambda: is_free(engine))
        waiting = engine.open(query(ENDLESS))
        wait_for(lambda: engine._budget.used[2] > 3_000_000)
        engine.close()
    assert Resources.now().beyond(before) == Resources()
    assert list(tmp_path.iterdir()) == []
    for stream in (complete, waiting):
        with pytest.raises(QueryCrashedError):
            list(stream)
        stream.close()
