"""News of jobs inside one process: who waits for a job is woken when something about it changed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["JobChanges"]


class JobChanges:
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

    def announce(self, job_id: str) -> None:
        """Wake all who watch a job."""
        with self._lock:
            for wake in self._watchers.get(job_id, {}).values():
                wake()

    @contextmanager
    def watching(self, job_id: str) -> Iterator[threading.Event]:
        """Give an event that is set at each change of a job."""
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
