"""Pool of query processes, each of which runs one sandboxed DuckDB query at a time."""

import contextlib
import shutil
import threading
from concurrent.futures import Future
from pathlib import Path
from tempfile import mkdtemp
from typing import Self
from weakref import WeakSet

from core.cancellation import Cancellation
from core.errors import ServiceBusyError
from core.processes import ProcessIdentity
from tap.engine.duckdb.drain import Drain
from tap.engine.duckdb.places import LONG_SECONDS, Place, Places
from tap.engine.duckdb.process import QueryProcess, tables_key
from tap.engine.duckdb.spool import Spool
from tap.engine.duckdb.spool_budget import SpoolBudget, SpoolLimits
from tap.engine.duckdb.stream import SpooledStream
from tap.engine.duckdb.waiting import FairQueue
from tap.engine.errors import QueryCrashedError, busy_error
from tap.engine.protocol import EngineLoad, EngineQuery, QueueExchange, ResultStream

__all__ = ["DuckDBEngine"]

_PREFIX = "queries."


class DuckDBEngine:
    """Query engine that runs each query in a DuckDB process of a pool.

    Parameters
    ----------
    workers
        Number of processes, and so of queries that run at once; `Places` tells when there are more.
    waiting
        Number of queries that may wait for a process.
    waiting_of_owner
        The same for the queries of one owner; by default as many.
    temp_folder
        Folder for intermediate results of the processes and for rows that wait for readers; created if it does not
        exist.
    spool_limits
        Limits on rows that wait for readers.
    long_seconds
        Seconds after which a running query no longer keeps short ones waiting.
    exchange
        Exchange with the queues of other processes, over which turns and the limit of an owner then hold.
    """

    def __init__(
        self,
        *,
        workers: int,
        waiting: int,
        temp_folder: Path,
        waiting_of_owner: int | None = None,
        spool_limits: SpoolLimits | None = None,
        long_seconds: float = LONG_SECONDS,
        exchange: QueueExchange | None = None,
    ) -> None:
        temp_folder.mkdir(parents=True, exist_ok=True)
        _remove_stale_folders(temp_folder)
        self._folder = Path(mkdtemp(prefix=f"{_PREFIX}{ProcessIdentity.current()}.", dir=temp_folder)).resolve()
        self._budget = SpoolBudget(spool_limits or SpoolLimits())
        self._drains: WeakSet[Drain] = WeakSet()
        self._lock = threading.Lock()
        of_owner = waiting if waiting_of_owner is None else waiting_of_owner
        queue = FairQueue(waiting, of_owner) if exchange is None else FairQueue(waiting, of_owner, exchange.elsewhere)
        self._places = Places(
            workers, queue, lambda: QueryProcess(self._folder), long_seconds=long_seconds, exchange=exchange
        )

    def admit(self, query: EngineQuery, cancellation: Cancellation | None = None) -> "_Admission":
        """Append a query to the queue, without waiting; it is withdrawn or stopped when it is cancelled.

        Raises
        ------
        core.errors.ServiceBusyError
            Too many queries are waiting.
        """
        cancellation = cancellation or Cancellation()
        admission = _Admission(self, self._places.join(query), cancellation)
        cancellation.on_cancel(admission.withdraw)
        return admission

    def open(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ResultStream:
        """Admit a query, wait for its turn in this thread, and start it.

        Raises
        ------
        core.errors.ServiceBusyError
            Too many queries are waiting, or no process became free within the time limit of the query.
        tap.engine.QueryFailedError
            The query failed before its first rows.
        """
        admission = self.admit(query, cancellation)
        try:
            admission.turn.result(query.seconds)
        except TimeoutError:
            admission.withdraw()
            raise busy_error() from None
        return admission.start()

    def load(self) -> EngineLoad:
        """Return what runs and waits at this moment; processes that died while they were idle are replaced first."""
        processes = self._places.replace_dead()
        running, waiting = self._places.lanes()
        answers, memory, disk = self._budget.used
        return EngineLoad(running, waiting, processes, answers, memory, disk)

    def close(self) -> None:
        """Stop all queries, end all processes, remove all temporary files."""
        processes = self._places.close()
        with self._lock:
            drains = list(self._drains)
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

    def start(self, place: Place, cancellation: Cancellation) -> ResultStream:
        """Start a query whose turn has come, as `Admission.start` does."""
        stream = self._stream(self._places.take(place), place.query)
        try:
            cancellation.on_cancel(stream.close)
            stream.start()
        except BaseException:
            stream.close()
            raise
        return stream

    def withdraw(self, place: Place) -> None:
        """Withdraw a query that was not started."""
        self._places.leave(place)

    def _stream(self, process: QueryProcess, query: EngineQuery) -> SpooledStream:
        """Send a query to an idle process, and return the stream of its rows."""
        try:
            spool = Spool(self._folder, self._budget, query.owner)
        except ServiceBusyError:
            self._places.release(process, usable=True)
            raise
        try:
            drain = Drain(self._send(process, query), query, spool, self._places.release)
            drain.start()
        except BaseException:
            spool.drop()
            raise
        with self._lock:
            self._drains.add(drain)
        return SpooledStream(spool, drain)

    def _send(self, process: QueryProcess, query: EngineQuery) -> QueryProcess:
        """Send a query, and return the process that has it: another one if it died while it was idle."""
        for _ in range(2):
            try:
                process.send(query)
            except OSError:
                process = self._places.replace(process)
            else:
                process.tables.add(tables_key(query.tables))
                return process
        self._places.release(process, usable=False)
        raise QueryCrashedError("No query process could be started. Try again later.")


class _Admission:
    """`Admission` to a `DuckDBEngine`."""

    def __init__(self, engine: DuckDBEngine, place: Place, cancellation: Cancellation) -> None:
        self._engine = engine
        self._place = place
        self._cancellation = cancellation

    @property
    def turn(self) -> Future[None]:
        return self._place.turn

    def start(self) -> ResultStream:
        return self._engine.start(self._place, self._cancellation)

    def withdraw(self) -> None:
        self._engine.withdraw(self._place)


def _remove_stale_folders(temp_folder: Path) -> None:
    """Remove the temporary files of servers that were killed, which may be gigabytes."""
    for folder in temp_folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(ValueError):
            owner = ProcessIdentity.parse(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
            if owner.alive is False:
                shutil.rmtree(folder, ignore_errors=True)
