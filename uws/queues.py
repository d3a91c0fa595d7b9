"""The seam between jobs and what runs them: worker processes of this machine, or a broker."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

__all__ = ["JobNotifier", "JobQueue", "NotifyingQueue"]


class JobNotifier:
    """A place to wait for news of jobs. News are hints: who is woken reads the job again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[str, dict[object, Callable[[], None]]] = {}
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nobody should wait here any more."""
        return self._closed

    def close(self) -> None:
        """Wake all who watch, and tell them to wait no longer: the server stops."""
        with self._lock:
            self._closed = True
            for watchers in self._watchers.values():
                for wake in watchers.values():
                    wake()

    def notify(self, job_id: str) -> None:
        """Wake all who watch a job."""
        with self._lock:
            for wake in self._watchers.get(job_id, {}).values():
                wake()

    @contextmanager
    def subscribe(self, job_id: str) -> Iterator[threading.Event]:
        """Return an event that is set at each change of a job."""
        event = threading.Event()
        with self.calling(job_id, event.set):
            yield event

    @contextmanager
    def calling(self, job_id: str, wake: Callable[[], None]) -> Iterator[None]:
        """Call something at each change of a job, in the thread that announces it; it must not wait for anything."""
        key = object()
        with self._lock:
            self._watchers.setdefault(job_id, {})[key] = wake
        try:
            yield
        finally:
            with self._lock:
                watchers = self._watchers[job_id]
                del watchers[key]
                if not watchers:
                    del self._watchers[job_id]


class JobQueue(Protocol):
    """Brings the ids of QUEUED jobs to runners. It may lose them: the sweep hands them in again."""

    def submit(self, job_id: str, *, long_running: bool = False) -> None:
        """Take a QUEUED job; one that is known already is not taken twice. Long-running ones let the others pass."""

    def cancel(self, job_id: str) -> None:
        """Forget a job that was aborted; when it runs, stop its work at once."""

    def start(self) -> None:
        """Begin to run jobs."""

    def close(self) -> None:
        """Stop within seconds."""


@runtime_checkable
class NotifyingQueue(Protocol):
    """A queue that knows at once when one of its jobs changed, so that nobody needs to ask again and again."""

    @property
    def notifier(self) -> JobNotifier:
        """Where the changes are announced."""
