"""News of jobs inside one process: who waits for a job is woken when something about it changed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["JobChanges"]


class JobChanges:
    """A place to wait for news of jobs. News are hints: who is woken reads the job again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[str, set[threading.Event]] = {}

    def announce(self, job_id: str) -> None:
        """Wake all who watch a job."""
        with self._lock:
            for event in self._watchers.get(job_id, ()):
                event.set()

    @contextmanager
    def watching(self, job_id: str) -> Iterator[threading.Event]:
        """Give an event that is set at each change of a job."""
        event = threading.Event()
        with self._lock:
            self._watchers.setdefault(job_id, set()).add(event)
        try:
            yield event
        finally:
            with self._lock:
                watchers = self._watchers[job_id]
                watchers.discard(event)
                if not watchers:
                    del self._watchers[job_id]
