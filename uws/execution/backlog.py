"""The jobs that wait in one process for a worker of it: short ones before lengthy ones, each in the order they came."""

from collections import deque

__all__ = ["WaitingLine"]


class WaitingLine:
    """Ids of jobs that wait, and of those that were taken and are not done; the caller sees to locking.

    Parameters
    ----------
    lengthy_places
        Lengthy jobs that may run at once: fewer than there are workers, so that short jobs find one free.
    """

    def __init__(self, lengthy_places: int) -> None:
        self._lengthy_places = lengthy_places
        self._waiting: dict[bool, deque[str]] = {False: deque(), True: deque()}
        self._known: dict[str, bool] = {}
        self._running: set[str] = set()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._known

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def has_next(self) -> bool:
        """Whether one of those that wait may be taken now."""
        return bool(self._waiting[False]) or (bool(self._waiting[True]) and self._lengthy_left > 0)

    def add(self, job_id: str, *, lengthy: bool) -> bool:
        """Let a job wait; tell whether it was not known before."""
        if job_id in self._known:
            return False
        self._known[job_id] = lengthy
        self._waiting[lengthy].append(job_id)
        return True

    def take(self) -> str:
        """Take the next job; there must be one."""
        job_id = self._waiting[not self._waiting[False]].popleft()
        self._running.add(job_id)
        return job_id

    def put_back(self, job_id: str) -> None:
        """Let a job that was taken wait once more."""
        self._running.discard(job_id)
        self._waiting[self._known[job_id]].append(job_id)

    def remove(self, job_id: str) -> bool:
        """Forget a job that waits; tell whether it did."""
        if job_id in self._running or job_id not in self._known:
            return False
        self._waiting[self._known.pop(job_id)].remove(job_id)
        return True

    def done(self, job_id: str) -> None:
        """Forget a job that was taken."""
        self._running.discard(job_id)
        self._known.pop(job_id, None)

    @property
    def _lengthy_left(self) -> int:
        return self._lengthy_places - sum(self._known[job_id] for job_id in self._running)
