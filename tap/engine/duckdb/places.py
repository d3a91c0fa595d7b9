"""Query processes and the queries that wait for them: which query runs next, in which process and which lane."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from core.errors import PhotozError, ServiceBusyError
from tap.engine.duckdb.process import QueryProcess, tables_key
from tap.engine.duckdb.waiting import FairQueue, Ticket
from tap.engine.errors import busy_error
from tap.engine.protocol import EngineQuery, QueueExchange

__all__ = ["LONG_SECONDS", "Place", "Places"]

#: Seconds after which a query that began as a short one is in the lane of long ones.
LONG_SECONDS = 2.0

_LOOK_SECONDS = 0.1
_LANES = {False: "short", True: "long"}


class Place:
    """A query's place in the queue and, from its turn on, its process.

    Attributes
    ----------
    turn
        Done when `process` is there; with a ServiceBusyError if it will never be.
    """

    def __init__(self, query: EngineQuery, ticket: Ticket) -> None:
        self.query = query
        self.ticket = ticket
        self.turn: Future[None] = Future()
        self.process: QueryProcess | None = None

    def settle(self) -> None:
        """Tell whoever waits that it is the turn of the query."""
        self.turn.set_result(None)


@dataclass(slots=True)
class _Run:
    began: float
    is_long: bool


class Places:
    """The places of a pool of query processes, given out by turns of owners and by lanes; thread-safe.

    Long queries have at most half of the places, so that short ones do not wait for them. A query that is still running
    after some seconds, while others wait, counts as long from then on, whatever was expected: its process gets a lower
    priority, and where that leaves more long queries than there are places for them, further processes are started for
    the short ones, up to twice the usual number.

    Parameters
    ----------
    workers
        Usual number of processes, and so of queries that run at once.
    queue
        The queue of those that wait.
    start
        Starts a process; may raise OSError.
    long_seconds
        Seconds after which a query is long.
    exchange
        Tells the queues of other processes which queries wait.
    """

    def __init__(
        self,
        workers: int,
        queue: FairQueue,
        start: Callable[[], QueryProcess],
        *,
        long_seconds: float = LONG_SECONDS,
        exchange: QueueExchange | None = None,
    ) -> None:
        self._workers = workers
        self._long_places = max(1, workers // 2)
        self._queue = queue
        self._start = start
        self._long_seconds = long_seconds
        self._exchange = exchange
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watching = False
        self._waiting: dict[Ticket, Place] = {}
        self._running: dict[QueryProcess, _Run] = {}
        self.all: set[QueryProcess] = set()
        self.idle: list[QueryProcess] = []
        with self._lock:
            self._fill()

    def __len__(self) -> int:
        """Return the number of queries that wait."""
        return len(self._waiting)

    @property
    def is_closed(self) -> bool:
        """Whether no query can begin any more."""
        return self._closed.is_set()

    def join(self, query: EngineQuery) -> Place:
        """Append a query, and return its place; its turn has come already when a process is free for it.

        Raises
        ------
        ServiceBusyError
            Too many queries are waiting, or the pool is closed.
        """
        with self._lock:
            self._require_open()
            with contextlib.suppress(OSError):  # the next query tries again; until then there are fewer
                self._fill()
            ticket = self._queue.join(query.owner, must_wait=not self._is_free(query.is_long), is_long=query.is_long)
            place = self._waiting[ticket] = Place(query, ticket)
            begun = self._dispatch()
            self._watch_running()
        _settle(begun)
        if self._exchange is not None and not place.turn.done():
            self._exchange.begin(self._counts)
        return place

    def leave(self, place: Place) -> None:
        """Remove a query that has not begun, or give its unused process back."""
        with self._lock:
            waits = self._waiting.pop(place.ticket, None) is not None
            if waits:
                self._queue.leave(place.ticket)
            process, place.process = place.process, None
        if waits:
            place.turn.set_exception(busy_error())
        elif process is not None:
            self.release(process, usable=True)

    def take(self, place: Place) -> QueryProcess:
        """Return the process of a query whose turn has come; it must be released.

        Raises
        ------
        ServiceBusyError
            The query has left.
        """
        with self._lock:
            process, place.process = place.process, None
        if process is None:
            raise busy_error()
        return process

    def release(self, process: QueryProcess, usable: bool) -> None:
        """Take a process back, and give it to the next query; a process that cannot run another one is replaced."""
        with self._lock:
            self._running.pop(process, None)
            is_kept = usable and process.alive and not self.is_closed and not self._is_surplus(process)
            if not is_kept:
                self.all.discard(process)
        if not is_kept:
            process.end()
        with self._lock:
            if self.is_closed:
                return
            if is_kept:
                self.idle.append(process)
            with contextlib.suppress(OSError):  # no process can be started now; the next query tries again
                self._fill()
            begun = self._dispatch()
        _settle(begun)

    def replace(self, process: QueryProcess) -> QueryProcess:
        """Exchange a process that died while it was idle, and return that which has its place.

        Raises
        ------
        OSError
            No process can be started.
        ServiceBusyError
            The pool is closed.
        """
        process.end()
        with self._lock:
            self._require_open()
            self.all.discard(process)
            run = self._running.pop(process, None)
            fresh = self._start()
            self.all.add(fresh)
            self._running[fresh] = run or _Run(time.monotonic(), is_long=False)
            return fresh

    def replace_dead(self) -> int:
        """Replace processes that died while they were idle; return the number of processes that live."""
        with self._lock:
            dead = [process for process in self.idle if not process.alive]
            self.idle = [process for process in self.idle if process not in dead]
            self.all.difference_update(dead)
            if not self.is_closed:
                with contextlib.suppress(OSError):  # no process can be started now
                    self._fill()
            begun = [] if self.is_closed else self._dispatch()
            living = 0 if self.is_closed else sum(process.alive for process in self.all)
        for process in dead:
            process.end()
        _settle(begun)
        return living

    def lanes(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Return the numbers of running and of waiting queries by lane."""
        with self._lock:
            running = Counter(_LANES[run.is_long] for run in self._running.values())
            waiting = Counter(_LANES[ticket.is_long] for ticket in self._waiting)
        return running, waiting

    def close(self) -> list[QueryProcess]:
        """Let no query begin any more, and return the processes, which are to be ended."""
        with self._lock:
            self._closed.set()
            places, self._waiting = list(self._waiting.values()), {}
            self.idle.clear()
            processes = list(self.all)
        for place in places:
            place.turn.set_exception(_closed())
        return processes

    def _counts(self) -> Mapping[str, int]:
        with self._lock:
            return self._queue.counts()

    def _require_open(self) -> None:
        if self.is_closed:
            raise _closed()

    def _fill(self) -> None:
        while len(self.all) < self._workers:
            process = self._start()
            self.all.add(process)
            self.idle.append(process)

    def _is_free(self, is_long: bool) -> bool:
        return bool(self.idle) and not (is_long and self._count_long() >= self._long_places)

    def _count_long(self) -> int:
        return sum(run.is_long for run in self._running.values())

    def _dispatch(self) -> list[Place]:
        """Give idle processes to the queries whose turn it is, and return these, which are to be told."""
        begun = []
        while self.idle:
            ticket = self._queue.next(with_long=self._count_long() < self._long_places)
            if ticket is None:
                break
            self._queue.begin(ticket)
            self._queue.leave(ticket)
            place = self._waiting.pop(ticket)
            place.process = self._choose(place.query)
            self._running[place.process] = _Run(time.monotonic(), ticket.is_long)
            if ticket.is_long and self._workers > 1:
                place.process.lower_priority()
            begun.append(place)
        return begun

    def _choose(self, query: EngineQuery) -> QueryProcess:
        """Remove a process from the idle ones: of the priority of the lane, and with the same tables open if any is."""
        wanted = tables_key(query.tables)
        best = min(
            reversed(self.idle),
            key=lambda process: (process.is_low != query.is_long, wanted not in process.tables),
        )
        self.idle.remove(best)
        return best

    def _is_surplus(self, process: QueryProcess) -> bool:
        """Return whether a process that ends a query is better ended: priorities cannot be raised again."""
        normal = sum(not other.is_low for other in self.all)
        return process.is_low and (len(self.all) > self._workers or normal < max(1, self._workers - self._long_places))

    def _watch_running(self) -> None:
        """Have running queries watched while others wait."""
        if self._waiting and not self._watching:
            self._watching = True
            threading.Thread(target=self._watch, name="lanes of queries", daemon=True).start()

    def _watch(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._long_seconds)):
            with self._lock:
                if not self._waiting:
                    self._watching = False
                    return
                self._move_long_ones()
                self._add_process()
                begun = self._dispatch()
            _settle(begun)

    def _move_long_ones(self) -> None:
        now = time.monotonic()
        for process, run in self._running.items():
            if not run.is_long and now - run.began > self._long_seconds:
                run.is_long = True
                process.lower_priority()

    def _add_process(self) -> None:
        """Start a process for a short query that waits for long ones alone."""
        is_blocked = not self.idle and all(run.is_long for run in self._running.values())
        if is_blocked and len(self.all) < 2 * self._workers and self._queue.next(with_long=False):
            with contextlib.suppress(OSError, PhotozError):  # the next look tries again
                process = self._start()
                self.all.add(process)
                self.idle.append(process)


def _settle(places: list[Place]) -> None:
    for place in places:
        place.settle()


def _closed() -> ServiceBusyError:
    return ServiceBusyError("The service is shutting down. Try again in a minute.")
