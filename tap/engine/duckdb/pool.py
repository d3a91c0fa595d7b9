"""Pool of query processes, each of which runs one sandboxed DuckDB query at a time."""

import contextlib
import shutil
import threading
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Self
from weakref import WeakSet

from core.cancellation import Cancellation
from core.errors import PhotozError, ServiceBusyError
from core.processes import ProcessIdentity
from tap.engine.duckdb.drain import Drain
from tap.engine.duckdb.process import QueryProcess, tables_key
from tap.engine.duckdb.spool import Spool
from tap.engine.duckdb.spool_budget import SpoolBudget, SpoolLimits
from tap.engine.duckdb.stream import SpooledStream
from tap.engine.duckdb.waiting import FairQueue
from tap.engine.errors import QueryCrashedError
from tap.engine.protocol import EngineQuery, ResultStream

__all__ = ["DuckDBEngine"]

_PREFIX = "queries."


class DuckDBEngine:
    """Query engine that runs each query in a DuckDB process of a pool.

    Parameters
    ----------
    workers
        Number of processes, and so of queries that run at once.
    waiting
        Number of queries that may wait for a process.
    waiting_of_owner
        The same for the queries of one owner; by default as many.
    temp_folder
        Folder for intermediate results of the processes and for rows that wait for readers; created if it does not
        exist.
    spool_limits
        Limits on rows that wait for readers.
    """

    def __init__(
        self,
        *,
        workers: int,
        waiting: int,
        temp_folder: Path,
        waiting_of_owner: int | None = None,
        spool_limits: SpoolLimits | None = None,
    ) -> None:
        temp_folder.mkdir(parents=True, exist_ok=True)
        _remove_stale_folders(temp_folder)
        self._folder = Path(mkdtemp(prefix=f"{_PREFIX}{ProcessIdentity.current()}.", dir=temp_folder)).resolve()
        self._queue = FairQueue(waiting, waiting if waiting_of_owner is None else waiting_of_owner)
        self._closed = False
        self._changed = threading.Condition()
        self._workers = workers
        self._budget = SpoolBudget(spool_limits or SpoolLimits())
        self._drains: WeakSet[Drain] = WeakSet()
        self._all: set[QueryProcess] = set()
        self._idle: list[QueryProcess] = []
        self._fill()

    def open(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ResultStream:
        """Start a query and return when its first batch or its end is available; stop it when it is cancelled.

        Raises
        ------
        core.errors.ServiceBusyError
            Too many queries are waiting, or no process became free within the time limit of the query.
        tap.engine.QueryFailedError
            The query failed before its first rows.
        """
        cancellation = cancellation or Cancellation()
        stream = self._stream(self._acquire(query, cancellation), query)
        try:
            cancellation.on_cancel(stream.close)
            stream.start()
        except BaseException:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        """Stop all queries, end all processes, remove all temporary files."""
        with self._changed:
            self._closed = True
            processes, drains = list(self._all), list(self._drains)
            self._idle.clear()
            self._changed.notify_all()
        for process in processes:  # readers get the end of the pipe
            process.kill()
        for drain in drains:
            drain.stop()
        for process in processes:
            process.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _acquire(self, query: EngineQuery, cancellation: Cancellation) -> QueryProcess:
        cancellation.on_cancel(self._notify_waiting)
        deadline = time.monotonic() + query.seconds
        with self._changed:
            self._check_open()
            with contextlib.suppress(OSError):  # the next query tries again; until then there are fewer
                self._fill()
            self._wait(query.owner, deadline, cancellation)
            wanted = tables_key(query.tables)
            best = next((process for process in self._idle if wanted in process.tables), self._idle[-1])
            self._idle.remove(best)
            return best

    def _stream(self, process: QueryProcess, query: EngineQuery) -> SpooledStream:
        """Send a query to an idle process, and return the stream of its rows."""
        try:
            spool = Spool(self._folder, self._budget, query.owner)
        except ServiceBusyError:
            self._release(process, usable=True)
            raise
        try:
            drain = Drain(self._send(process, query), query, spool, self._release)
            drain.start()
        except BaseException:
            spool.drop()
            raise
        with self._changed:
            self._drains.add(drain)
        return SpooledStream(spool, drain)

    def _send(self, process: QueryProcess, query: EngineQuery) -> QueryProcess:
        """Send a query, and return the process that has it: another one if it died while it was idle."""
        for _ in range(2):
            try:
                process.send(query)
            except OSError:
                process = self._replace(process)
            else:
                process.tables.add(tables_key(query.tables))
                return process
        self._release(process, usable=False)
        raise QueryCrashedError("No query process could be started. Try again later.")

    def _fill(self) -> None:
        while len(self._all) < self._workers:
            process = QueryProcess(self._folder)
            self._all.add(process)
            self._idle.append(process)

    def _notify_waiting(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait(self, owner: str, deadline: float, cancellation: Cancellation) -> None:
        """Wait until a process is idle and it is the turn of this query."""
        ticket = self._queue.join(owner, must_wait=not self._idle or len(self._queue) > 0)
        try:
            while not (self._idle and self._queue.is_next(ticket)):
                left = deadline - time.monotonic()
                if left <= 0 or cancellation.is_cancelled:
                    raise ServiceBusyError("The service is busy with other queries. Try again in a moment.")
                self._changed.wait(left)
                self._check_open()
            self._queue.begin(ticket)
        finally:
            self._queue.leave(ticket)
            if self._queue:  # it may be the turn of another one now
                self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceBusyError("The service is shutting down. Try again in a minute.")

    def _release(self, process: QueryProcess, usable: bool) -> None:
        if not (usable and process.alive):
            try:
                process = self._replace(process)
            except (OSError, PhotozError):  # no process can be started now, or the engine is closed
                return
        with self._changed:
            if not self._closed:
                self._idle.append(process)
                self._changed.notify_all()

    def _replace(self, process: QueryProcess) -> QueryProcess:
        process.end()
        with self._changed:
            self._all.discard(process)
            self._check_open()
            fresh = QueryProcess(self._folder)
            self._all.add(fresh)
            return fresh


def _remove_stale_folders(temp_folder: Path) -> None:
    """Remove the temporary files of servers that were killed, which may be gigabytes."""
    for folder in temp_folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(ValueError):
            owner = ProcessIdentity.parse(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
            if owner.alive is False:
                shutil.rmtree(folder, ignore_errors=True)
