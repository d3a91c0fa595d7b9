"""Engine of Spark Connect: runs each query in a session of its own, and serves the files that the executors write.

The cluster sees views on exactly the files that were planned for the query, and small tables that are sent with it.
Which tables a user may read was decided before, when their names were resolved.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.cancellation import Cancellation
from core.errors import ServiceBusyError
from tap.engine.errors import QueryCrashedError, QueryFailedError, QueryTimeoutError
from tap.engine.protocol import Admission, EngineQuery, EngineTable, QueryEngine, ResultStream
from tap.engine.spark.connection import new_session, reported
from tap.engine.spark.dialect import spark_sql
from tap.engine.spark.views import RowsOfTable, read_rows, view_of_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

__all__ = ["SparkEngine"]

_POLL_SECONDS = 0.2
_ORPHAN_SECONDS = 86_400.0
_PREFIX = "query-"
_BATCH_ROWS = 65_536


class SparkEngine:
    """`QueryEngine` of a cluster.

    Parameters
    ----------
    remote
        Address of the server of Spark Connect, ``sc://host:port``.
    results
        Folder that the executors write to and this server reads.
    local
        Engine of this server, which reads the tables whose rows are sent to the cluster.
    progress
        Called about once a second with the fraction of the tasks that are done.
    """

    def __init__(
        self, remote: str, results: Path, local: QueryEngine, progress: Callable[[float], None] | None = None
    ) -> None:
        self._remote = remote
        self._results = results
        self._local = local
        self._progress = progress

    def admit(self, query: EngineQuery, cancellation: Cancellation | None = None) -> Admission:
        """Return a query that may start at once: the cluster has a queue of its own."""
        return _Admission(self, query, cancellation)

    def open(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ResultStream:
        """Run a query, and return the stream of its rows; raises the errors of `Admission.start`."""
        return self.admit(query, cancellation).start()

    def close(self) -> None:
        """Remove results that servers left behind which were killed, and those of queries that ended late."""
        horizon = time.time() - _ORPHAN_SECONDS
        for folder in self._results.glob(f"{_PREFIX}*"):
            if folder.stat().st_mtime < horizon:
                shutil.rmtree(folder, ignore_errors=True)

    def run(self, query: EngineQuery, cancellation: Cancellation) -> ResultStream:
        """Run a query until its results are stored.

        Raises
        ------
        core.errors.PhotozError
            As `Admission.start` says; an `UnsupportedQueryError` before the query runs.
        """
        self.close()
        deadline = time.monotonic() + query.seconds
        folder = self._results / f"{_PREFIX}{secrets.token_hex(12)}"
        with reported():
            session = new_session(self._remote)
        try:
            with reported():
                frame = _frame(session, query, partial(self._rows, query, cancellation))
                schema = _schema(frame)
            work = _Work(session, frame, folder, self._progress)
            work.wait(cancellation, deadline, query.seconds)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            query.release_files()
            # In a thread: a cluster that is busy with the query responds late.
            threading.Thread(target=_end, args=(session,), name="spark-session", daemon=True).start()
        return _Stream(folder, schema)

    def _rows(self, query: EngineQuery, cancellation: Cancellation, table: EngineTable) -> pa.Table:
        from sqlglot import exp

        every = exp.select("*").from_(exp.table_(table.name, table.schema, quoted=True)).sql("duckdb")
        alone = replace(query, sql=every, tables=(table,))
        return read_rows(table, lambda: self._local.open(alone, cancellation))


class _Admission:
    """A query that may start."""

    def __init__(self, engine: SparkEngine, query: EngineQuery, cancellation: Cancellation | None) -> None:
        self._engine = engine
        self._query = query
        self._cancellation = cancellation or Cancellation()
        self.turn: Future[None] = Future()
        self.turn.set_result(None)

    def start(self) -> ResultStream:
        if self._cancellation.is_cancelled:
            raise ServiceBusyError("The query was cancelled.")
        return self._engine.run(self._query, self._cancellation)

    def withdraw(self) -> None:
        self._cancellation.cancel()


class _Work:
    """The execution of a query in a thread, which is interrupted when it is cancelled or its time is over."""

    def __init__(
        self, session: "SparkSession", frame: "DataFrame", folder: Path, progress: Callable[[float], None] | None
    ) -> None:
        self._session = session
        self._frame = frame
        self._folder = folder
        self._progress = progress
        self._error: BaseException | None = None
        self._share = 0.0

    def wait(self, cancellation: Cancellation, deadline: float, seconds: float) -> None:
        ended = threading.Event()
        cancellation.on_cancel(ended.set)
        handler: Any = self._report
        self._session.registerProgressHandler(handler)
        thread = threading.Thread(target=self._write, args=(ended,), name="spark-query", daemon=True)
        thread.start()
        told = -1.0
        while not ended.wait(_POLL_SECONDS) and time.monotonic() < deadline:
            if self._progress is not None and self._share != told:
                told = self._share
                self._progress(told)
        thread.join(_POLL_SECONDS)
        if cancellation.is_cancelled:
            raise ServiceBusyError("The query was cancelled.")
        if time.monotonic() >= deadline and (thread.is_alive() or self._error is not None):
            raise QueryTimeoutError.after(seconds)
        if self._error is not None:
            with reported():
                raise self._error

    def _write(self, ended: threading.Event) -> None:
        try:
            self._frame.write.parquet(str(self._folder))
        except BaseException as e:  # noqa: BLE001 - raised in the thread that waits
            self._error = e
        finally:
            ended.set()

    def _report(self, stages: Any, *_: Any, **__: Any) -> None:  # as pyspark calls it
        total = sum(stage.num_tasks for stage in stages or ())
        if total:
            self._share = sum(stage.num_completed_tasks for stage in stages) / total


class _Stream:
    """The rows in the files of a result, which are removed when it is closed.

    Parameters
    ----------
    schema
        The schema that was announced; what the files have counts, when there is one.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._files = sorted(folder.rglob("[!_.]*.parquet"))
        with _read():
            self.schema = _plain(pq.read_schema(self._files[0])) if self._files else schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with _read():
            for path in self._files:
                with pq.ParquetFile(path, pre_buffer=False) as file:
                    for batch in file.iter_batches(_BATCH_ROWS):
                        yield batch.cast(self.schema)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


def _end(session: "SparkSession") -> None:
    """Interrupt what still runs in a session, and end it."""
    for call in (session.interruptAll, session.stop):
        with suppress(Exception):  # the session ends with the cluster at the latest
            call()


@contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as e:
        raise QueryCrashedError(
            "The rows that the cluster wrote cannot be read. Ask an administrator whether PHOTOZ_SPARK_RESULTS is "
            "a folder of all its machines."
        ) from e


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def _frame(session: "SparkSession", query: EngineQuery, rows: RowsOfTable) -> "DataFrame":
    """Return a query on views of its tables; its rows are in one file, in their order."""
    views: dict[tuple[str, str], str] = {}
    types: dict[str, Mapping[str, str]] = {}
    for number, table in enumerate(query.tables):
        name = f"t{number}_{secrets.token_hex(4)}"
        types[name] = _view(session, name, table, rows)
        views[table.schema, table.name] = name
    frame = session.sql(spark_sql(query.sql, views, types))
    return frame.toDF(*(f"c{place}" for place in range(len(frame.columns)))).coalesce(1)


def _view(session: "SparkSession", name: str, table: EngineTable, rows: RowsOfTable) -> Mapping[str, str]:
    frame = view_of_table(session, table, rows)
    frame.createOrReplaceTempView(name)
    return {field.name: field.dataType.simpleString().upper() for field in frame.schema.fields}


def _schema(frame: "DataFrame") -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_schema

    try:
        return to_arrow_schema(frame.schema)
    except TypeError as e:
        raise QueryFailedError("The cluster has no type for a column of the result.") from e
