"""Kills during a query on a cluster: of an executor, of the server of Spark Connect, and of our server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import PhotozError, ServiceBusyError
from core.settings import Settings
from server.services import Services
from tap.engine import EngineQuery, EngineTable, QueryCrashedError
from tap.engine.spark.engine import SparkEngine
from tests.support.apache_spark import SparkCluster
from tests.support.databases import EmptySQLite
from tests.support.ports import free_port
from tests.support.processes import processor_seconds
from tests.support.sail import require_spark_client
from tests.support.waiting import is_listening, wait_for

pytestmark = pytest.mark.slow

#: Rows that Sail, and that Spark compares with each other for some seconds.
_SAIL_ROWS, _SPARK_ROWS = 40_000, 16_000
_SAIL = "from pysail.spark import SparkConnectServer as S; S(ip='127.0.0.1', port={port}).start(background=False)"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: EmptySQLite) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("kills")
    database = empty_sqlite.database(folder / "photoz.sqlite")
    made = Services(Settings(data=folder / "data", database_url=database, query_workers=1))
    yield made
    made.close()


def _query(folder: Path, rows: int) -> EngineQuery:
    """Give a query that compares many rows with many, in two parts."""
    files = []
    for part in range(2):
        files.append(folder / f"numbers{part}.parquet")
        numbers = np.arange(part, rows, 2)
        pq.write_table(pa.table({"c0": numbers}), files[-1])
    sql = 'SELECT COUNT(*) AS n FROM "s"."t" AS a INNER JOIN "s"."t" AS b ON a."c0" * 3 < b."c0" * 2 + 1'
    table = EngineTable("s", "t", addresses=tuple(map(str, files)))
    return EngineQuery(sql, (table,), 600, 10**9, 1, 10**9)


def _expected(rows: int) -> int:
    numbers = np.arange(rows)
    return int(np.searchsorted(numbers * 3, numbers * 2 + 1, side="left").sum())


def _count(engine: SparkEngine, query: EngineQuery) -> int:
    with engine.open(query) as stream:
        return int(pa.Table.from_batches(stream, stream.schema).column(0)[0].as_py())


@contextmanager
def _killed_when_busy(processes: Callable[[], list[psutil.Process]], kill: Callable[[], None]) -> Iterator[None]:
    """Kill something when processes have computed for a second since the block began."""
    before = {process: processor_seconds(process) for process in processes()}

    def watch() -> None:
        wait_for(lambda: sum(map(processor_seconds, before)) > sum(before.values()) + 1, "nothing computes", 300)
        kill()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_killed_executor_costs_its_tasks_alone(apache_spark: SparkCluster, services: Services, tmp_path: Path):
    require_spark_client()
    query = _query(tmp_path, _SPARK_ROWS)
    engine = SparkEngine(apache_spark.remote, tmp_path, services.tap.engine)
    victims = apache_spark.executors()

    def kill() -> None:
        for process in victims:
            process.kill()

    with _killed_when_busy(lambda: victims, kill):
        assert _count(engine, query) == _expected(_SPARK_ROWS)
    assert not set(victims) & set(apache_spark.executors())


def test_a_killed_driver_ends_the_query_in_a_sentence(apache_spark: SparkCluster, services: Services, tmp_path: Path):
    require_spark_client()
    query = _query(tmp_path, _SPARK_ROWS)
    engine = SparkEngine(apache_spark.remote, tmp_path, services.tap.engine)
    with (
        _killed_when_busy(apache_spark.executors, apache_spark.kill_driver),
        pytest.raises((ServiceBusyError, QueryCrashedError), match=r"does not respond|ended before the query did"),
    ):
        _count(engine, query)
    assert not list(tmp_path.glob("query-*"))
    apache_spark.start_driver()
    assert _count(engine, query) == _expected(_SPARK_ROWS)


def test_a_killed_server_of_sail_ends_the_query_in_a_sentence(services: Services, tmp_path: Path):
    require_spark_client()
    pytest.importorskip("pysail")
    port, query = free_port(), _query(tmp_path, _SAIL_ROWS)
    sail = subprocess.Popen([sys.executable, "-c", _SAIL.format(port=port)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: is_listening(port), "Sail does not listen")
        engine = SparkEngine(f"sc://127.0.0.1:{port}", tmp_path, services.tap.engine)
        process = psutil.Process(sail.pid)
        with (
            _killed_when_busy(lambda: [process], lambda: os.kill(sail.pid, signal.SIGKILL)),
            pytest.raises(PhotozError, match=r"does not respond|ended before the query did"),
        ):
            _count(engine, query)
    finally:
        sail.kill()
        sail.wait()
    assert not list(tmp_path.glob("query-*"))


_CLIENT = """
import sys
from pathlib import Path
from tap.engine import EngineQuery, EngineTable
from tap.engine.spark.engine import SparkEngine
remote, results, sql, *files = sys.argv[1:]
query = EngineQuery(sql, (EngineTable("s", "t", addresses=tuple(files)),), 600, 1, 1, 1)
SparkEngine(remote, Path(results), None, lambda share: print("runs", flush=True)).open(query)
"""


def test_a_query_of_a_killed_process_runs_again(spark_remote: str, services: Services, tmp_path: Path):
    query, results = _query(tmp_path, _SPARK_ROWS), tmp_path / "results"
    results.mkdir()
    script = tmp_path / "client.py"
    script.write_text(_CLIENT)
    command = [sys.executable, str(script), spark_remote, str(results), query.sql, *query.tables[0].addresses]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "runs\n"
        client.kill()
    engine = SparkEngine(spark_remote, results, services.tap.engine)
    assert _count(engine, query) == _expected(_SPARK_ROWS)
    for left in results.iterdir():  # the rows of the first one, if the cluster has written them
        os.utime(left, (0, 0))
    engine.close()
    assert list(results.iterdir()) == []
