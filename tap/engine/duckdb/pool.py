"""A pool of query processes, each running one locked-down DuckDB query at a time."""

import contextlib
import shutil
import threading
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from core.cancellation import Departure
from core.errors import PhotozError, ServiceBusyError
from core.processes import ProcessIdentity
from tap.engine.duckdb.process import QueryProcess, tables_key
from tap.engine.duckdb.stream import ProcessStream
from tap.engine.errors import QueryCrashedError
from tap.engine.protocol import EngineQuery, ResultStream

__all__ = ["DuckDBEngine"]

_PREFIX = "queries."


class DuckDBEngine:
    """Runs queries with DuckDB, in processes of their own.

    Parameters
    ----------
    workers
        Processes, hence queries that run at once.
    waiting
        Queries that may wait for one.
    temp_folder
        Where the processes keep intermediate results; made when it is not there.
    """

    def __init__(self, *, workers: int, waiting: int, temp_folder: Path) -> None:
        temp_folder.mkdir(parents=True, exist_ok=True)
        _remove_left_folders(temp_folder)
        self._folder = Path(mkdtemp(prefix=f"{_PREFIX}{ProcessIdentity.current()}.", dir=temp_folder)).resolve()
        self._most_waiting = waiting
        self._waiting = 0
        self._closed = False
        self._changed = threading.Condition()
        self._workers = workers
        self._all: set[QueryProcess] = set()
        self._idle: list[QueryProcess] = []
        self._fill()

    def open(self, query: EngineQuery, departure: Departure | None = None) -> ResultStream:
        """Start a query and return when its first batch, or its empty end, is there; stop it when its reader goes.

        Raises
        ------
        core.errors.ServiceBusyError
            When too many queries wait already, or no process became free in the time that the query may take.
        tap.engine.QueryFailedError
            When the query fails before its first rows.
        """
        departure = departure or Departure()
        process = self._take(query, departure)
        for _ in range(2):
            try:
                process.send(query)
                break
            except OSError:  # it died while it was idle
                process = self._replace(process)
        else:
            self._release(process, usable=False)
            raise QueryCrashedError("No query process could be started. Try again later.")
        process.tables.add(tables_key(query.tables))
        stream = ProcessStream(process, query, self._release)
        try:
            departure.stops(stream.close)
            stream.start()
        except BaseException:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        """Stop all queries, end all processes, remove all temporary files."""
        with self._changed:
            self._closed = True
            processes = list(self._all)
            self._idle.clear()
            self._changed.notify_all()
        for process in processes:  # who still reads from one meets the end of its pipe
            process.kill()
        for process in processes:
            process.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, query: EngineQuery, departure: Departure) -> QueryProcess:
        departure.stops(self._look_again)
        deadline = time.monotonic() + query.seconds
        with self._changed:
            self._refuse_when_closed()
            with contextlib.suppress(OSError):  # the next query tries again; until then there are fewer
                self._fill()
            if not self._idle:
                self._wait(deadline, departure)
            wanted = tables_key(query.tables)
            best = next((process for process in self._idle if wanted in process.tables), self._idle[-1])
            self._idle.remove(best)
            return best

    def _fill(self) -> None:
        while len(self._all) < self._workers:
            process = QueryProcess(self._folder)
            self._all.add(process)
            self._idle.append(process)

    def _look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait(self, deadline: float, departure: Departure) -> None:
        if self._waiting >= self._most_waiting:
            raise ServiceBusyError(
                f"{self._waiting} queries wait already, as many as this service lets wait. Try again in a moment."
            )
        self._waiting += 1
        try:
            while not self._idle:
                left = deadline - time.monotonic()
                if left <= 0 or departure.happened:
                    raise ServiceBusyError("Other queries kept this service busy. Try again in a moment.")
                self._changed.wait(left)
                self._refuse_when_closed()
        finally:
            self._waiting -= 1

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ServiceBusyError("The service is shutting down. Try again in a minute.")

    def _release(self, process: QueryProcess, usable: bool) -> None:
        if not (usable and process.alive):
            try:
                process = self._replace(process)
            except (OSError, PhotozError):  # no process can be started now, or none is wanted any more
                return
        with self._changed:
            if not self._closed:
                self._idle.append(process)
                self._changed.notify()

    def _replace(self, process: QueryProcess) -> QueryProcess:
        process.end()
        with self._changed:
            self._all.discard(process)
            self._refuse_when_closed()
            fresh = QueryProcess(self._folder)
            self._all.add(fresh)
            return fresh


def _remove_left_folders(temp_folder: Path) -> None:
    """Remove what the queries of a server that was killed left behind; it may be gigabytes."""
    for folder in temp_folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(ValueError):
            owner = ProcessIdentity.parse(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
            if owner.alive is False:
                shutil.rmtree(folder, ignore_errors=True)
