import gc
import math
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.cancellation import Cancellation
from core.errors import ServiceBusyError
from core.files.kept import HeldFiles
from tap.engine import DuckDBEngine, EngineTable, QueryCrashedError
from tap.engine.duckdb.frames import FrameKind
from tests.support.processes import is_gone
from tests.support.resources import Resources
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

ENDLESS = "SELECT range AS n FROM range(1000000000000)"
ONE = "SELECT 1 AS n"


def one(engine, query) -> int:
    with engine.open(query(ONE)) as stream:
        return next(iter(stream))["n"][0].as_py()


def only_one(waiting: int, folder: Path) -> DuckDBEngine:
    """An engine with one process, which starts no further one for short queries."""
    return DuckDBEngine(workers=1, waiting=waiting, temp_folder=folder, long_seconds=math.inf)


@pytest.fixture
def pool(tmp_path):
    with DuckDBEngine(workers=1, waiting=0, temp_folder=tmp_path) as engine:
        yield engine


def test_more_queries_than_may_wait_are_told_to_come_back(pool, query):
    with pool.open(query(ENDLESS)), pytest.raises(ServiceBusyError):
        pool.open(query(ONE))
    assert one(pool, query) == 1


def test_a_waiting_query_runs_when_its_turn_comes(tmp_path, query):
    with DuckDBEngine(workers=1, waiting=8, temp_folder=tmp_path) as engine, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: one(engine, query), range(24))) == [1] * 24


def test_nobody_waits_longer_than_a_query_may_take(tmp_path, query):
    with DuckDBEngine(workers=1, waiting=1, temp_folder=tmp_path) as engine, engine.open(query(ENDLESS)):  # noqa: SIM117 - one after the other
        with pytest.raises(ServiceBusyError):
            engine.open(query(ONE, seconds=0.1))


def test_a_reader_that_leaves_stops_the_query(pool, query):
    for _ in range(5):
        stream = pool.open(query(ENDLESS))
        next(iter(stream))
        stream.close()
    assert one(pool, query) == 1


def test_a_process_that_is_asked_to_leave_a_query_does_so_and_takes_the_next(pool, query):
    process = next(iter(pool._places.all))
    for _ in range(5):
        process.send(query(ENDLESS))
        assert [process.receive(60)[0] for _ in range(3)] == [FrameKind.SCHEMA, FrameKind.BATCH, FrameKind.BATCH]
        assert process.cancel(threads=1)
    assert one(pool, query) == 1
    assert pool._places.all == {process}


def test_a_stream_that_is_forgotten_frees_its_process(pool, query):
    stream = pool.open(query(ENDLESS))
    next(iter(stream))
    del stream
    gc.collect()
    wait_for(lambda: pool._places.idle)
    assert one(pool, query) == 1


def test_closing_while_another_thread_reads_frees_both(pool, query):
    # The first batch is there soon, the rest never.
    stream = pool.open(query("SELECT range AS n FROM range(1000000000000) WHERE range < 70000 OR range > 900000000000"))
    failures: list[BaseException] = []
    begun = threading.Event()

    def read() -> None:
        rows = iter(stream)
        next(rows)
        begun.set()
        try:
            next(rows)
        except QueryCrashedError as e:
            failures.append(e)

    reader = threading.Thread(target=read)
    reader.start()
    begun.wait()
    stream.close()
    reader.join(60)
    assert not reader.is_alive()
    assert one(pool, query) == 1


def test_a_killed_process_fails_its_own_query_alone(tmp_path, query):
    with DuckDBEngine(workers=2, waiting=0, temp_folder=tmp_path) as engine:
        with engine.open(query(ENDLESS)) as doomed, engine.open(query(ENDLESS)) as other:
            os.kill(doomed._drain._process.pid, signal.SIGKILL)
            with pytest.raises(QueryCrashedError):
                list(doomed)
            rows = iter(other)
            assert all(next(rows).num_rows for _ in range(3))
        assert [one(engine, query) for _ in range(3)] == [1, 1, 1]


def test_a_process_that_died_idle_is_replaced_unnoticed(pool, query):
    assert one(pool, query) == 1
    process = next(iter(pool._places.all))
    os.kill(process.pid, signal.SIGKILL)
    process._process.wait()
    assert one(pool, query) == 1


def test_nothing_is_left_behind(tmp_path, query):
    before = Resources.now()
    engine = DuckDBEngine(workers=2, waiting=4, temp_folder=tmp_path)
    for _ in range(10):
        assert one(engine, query) == 1
        stream = engine.open(query(ENDLESS))
        stream.close()
    abandoned = engine.open(query(ENDLESS))
    engine.close()
    abandoned.close()
    assert Resources.now().beyond(before) == Resources()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ServiceBusyError):
        engine.open(query(ONE))


def test_processes_end_with_a_server_that_was_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from tap.engine import *\n"
        "e = DuckDBEngine(workers=2, waiting=0, temp_folder=Path(sys.argv[1]))\n"
        f"q = EngineQuery({ENDLESS!r}, (), 60, 300_000_000, 1, 0)\n"
        "s = e.open(q); print(*[p.pid for p in e._places.all], flush=True); sys.stdin.read()"
    )
    root = Path(__file__).resolve().parents[4]
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        pids = [int(pid) for pid in server.stdout.readline().split()]
        processes = [psutil.Process(pid) for pid in pids]
        server.kill()
    assert len(pids) == 2
    wait_for(lambda: all(map(is_gone, processes)), "query processes outlive their server")


def test_a_process_has_nothing_of_the_servers_environment(query, monkeypatch, tmp_path):
    monkeypatch.setenv("PHOTOZ_SECRET_KEY", "hidden")
    with DuckDBEngine(workers=1, waiting=0, temp_folder=tmp_path) as engine:
        assert one(engine, query) == 1  # it runs: before its program is in place, the system shows no environment
        environment = psutil.Process(next(iter(engine._places.all)).pid).environ()
    assert not any("PHOTOZ" in key for key in environment)
    assert environment["HOME"].startswith(str(tmp_path))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the address space is limited on Linux alone")
def test_libraries_of_kernels_reserve_little_of_the_limited_address_space(pool, query):
    # Arrow's own allocators reserve a GiB at once, after which a query over many rows could start no thread.
    kernel = """SELECT CAST(pdf_mean(pdf_form('{"name":"norm","size":2}'), [0.5::DOUBLE, 0.1]) * 2 AS INTEGER) AS n"""
    with pool.open(query(kernel)) as stream:
        assert next(iter(stream))["n"][0].as_py() == 1
        assert psutil.Process(next(iter(pool._places.all)).pid).memory_info().vms < 2**30


#: Works for minutes before it has a row.
LONG = "SELECT COUNT(*) AS n FROM range(100000) a, range(100000) b, range(1000) c WHERE hash(a.range, b.range) = 7"


def test_a_query_without_a_row_yet_stops_when_its_reader_goes(pool, query):
    cancellation, failed = Cancellation(), []

    def ask() -> None:
        with pytest.raises(QueryCrashedError) as caught:
            pool.open(query(LONG, seconds=600), cancellation)
        failed.append(caught.value)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: pool._places.all and not pool._places.idle)
    cancellation.cancel()
    asking.join(60)
    assert failed
    assert one(pool, query) == 1


@pytest.mark.parametrize("sql", [ENDLESS, LONG])
def test_a_process_leaves_its_query_at_any_moment_and_is_kept(pool, query, sql):
    process = next(iter(pool._places.all))
    for moment in range(12):
        process.send(query(sql, seconds=600))
        threading.Event().wait(moment * 0.002)  # before it begins, while it is prepared, while it runs
        assert process.cancel(threads=1)
    assert one(pool, query) == 1
    assert pool._places.all == {process}


def test_a_process_that_the_machine_lets_wait_is_not_killed_for_it(pool, query):
    process = next(iter(pool._places.all))
    stream = pool.open(query(ENDLESS))
    os.kill(process.pid, signal.SIGSTOP)
    closing = threading.Thread(target=stream.close)
    closing.start()
    closing.join(0.4)  # nothing can happen by now
    os.kill(process.pid, signal.SIGCONT)
    closing.join(60)
    assert not closing.is_alive()
    assert pool._places.all == {process}
    assert one(pool, query) == 1


def test_a_query_in_the_queue_leaves_it_when_its_reader_goes(tmp_path, query):
    cancellation, failed = Cancellation(), []
    with only_one(1, tmp_path) as engine, engine.open(query(ENDLESS)):

        def ask() -> None:
            with pytest.raises(ServiceBusyError) as caught:
                engine.open(query(ONE, seconds=600), cancellation)
            failed.append(caught.value)

        asking = threading.Thread(target=ask)
        asking.start()
        wait_for(lambda: len(engine._places))
        cancellation.cancel()
        asking.join(60)
        assert failed
        assert len(engine._places) == 0


def test_a_query_process_starts_with_neither_the_compiler_nor_the_libraries_of_kernels():
    code = (
        "import sys, tap.engine.duckdb.worker\n"
        "heavy = {'astropy', 'cdshealpix', 'lark', 'mocpy', 'scipy', 'sqlglot', 'tap.adql', 'core.sky'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_owners_take_turns_when_queries_wait(tmp_path, query):
    order: list[str] = []
    with only_one(8, tmp_path) as engine:
        with engine.open(query(ENDLESS)):
            waiting = [(owner, engine.admit(replace(query(ONE), owner=owner))) for owner in ("a", "a", "a", "b")]
        while waiting:
            wait_for(lambda: any(admission.turn.done() for _, admission in waiting))
            (begun,) = [each for each in waiting if each[1].turn.done()]
            waiting.remove(begun)
            order.append(begun[0])
            begun[1].start().close()
    assert order == ["a", "b", "a", "a"]


def test_the_files_of_a_query_are_held_until_it_has_run(pool, query, tmp_path):
    pq.write_table(pa.table({"n": [1]}), tmp_path / "rows.parquet")
    released = threading.Event()
    held = HeldFiles([tmp_path / "rows.parquet"], released.set)
    table = EngineTable("s", "t", held.paths, held=held)
    asked = query("SELECT t.n FROM s.t AS t, range(1000000000000)", table)
    stream = pool.open(asked)
    assert not released.is_set()
    stream.close()
    wait_for(released.is_set, "the files are still held")
