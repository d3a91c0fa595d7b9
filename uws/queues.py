"""Protocol of job queues, and in-process notification of job changes, for requests that wait for a job."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

__all__ = ["JobNotifier", "JobQueue", "NotifyingQueue"]


class JobNotifier:
    """In-process publisher of job changes. A notification carries no state: a subscriber reads the job again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: dict[str, dict[object, Callable[[], None]]] = {}
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether waiting for changes has ended, because the server stops."""
        return self._closed

    def close(self) -> None:
        """Notify all subscribers and end all waiting, because the server stops."""
        with self._lock:
            self._closed = True
            for wakes in self._subscribers.values():
                for wake in wakes.values():
                    wake()

    def notify(self, job_id: str) -> None:
        """Notify the subscribers of a job."""
        with self._lock:
            for wake in self._subscribers.get(job_id, {}).values():
                wake()

    @contextmanager
    def subscribe(self, job_id: str) -> Iterator[threading.Event]:
        """Return an event that is set at each change of a job."""
        event = threading.Event()
        with self.on_change(job_id, event.set):
            yield event

    @contextmanager
    def on_change(self, job_id: str, wake: Callable[[], None]) -> Iterator[None]:
        """Call a function at each change of a job, in the thread that notifies; it must not block."""
        key = object()
        with self._lock:
            self._subscribers.setdefault(job_id, {})[key] = wake
        try:
            yield
        finally:
            with self._lock:
                wakes = self._subscribers[job_id]
                del wakes[key]
                if not wakes:
                    del self._subscribers[job_id]


class JobQueue(Protocol):
    """Queue that brings the ids of QUEUED jobs to workers. It may lose ids: the recovery of jobs submits them again."""

    def submit(self, job_id: str, *, long_running: bool = False) -> None:
        """Submit a QUEUED job; an id that the queue holds is ignored. Short jobs go before long-running ones."""

    def cancel(self, job_id: str) -> None:
        """Remove an aborted job from the queue, and stop its work at once when it runs."""

    def start(self) -> None:
        """Start to run jobs."""

    def close(self) -> None:
        """Stop within seconds."""


@runtime_checkable
class NotifyingQueue(Protocol):
    """Queue that notifies of each change of its jobs, so that waiting requests need not poll often."""

    @property
    def notifier(self) -> JobNotifier:
        """Notifier of the changes."""
