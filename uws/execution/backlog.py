"""Backlog of one process: ids of jobs waiting for a worker process, short jobs before long-running ones."""

from collections import deque

__all__ = ["Backlog"]


class Backlog:
    """Ids of waiting and of running jobs, in two first-in-first-out queues. Not thread-safe: the caller locks.

    Parameters
    ----------
    long_job_slots
        Long-running jobs that may run at once: fewer than there are workers, so that short jobs find one free.
    """

    def __init__(self, long_job_slots: int) -> None:
        self._long_job_slots = long_job_slots
        self._waiting: dict[bool, deque[str]] = {False: deque(), True: deque()}
        self._known: dict[str, bool] = {}
        self._running: set[str] = set()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._known

    @property
    def waiting(self) -> int:
        """Number of waiting jobs."""
        return sum(map(len, self._waiting.values()))

    @property
    def has_next(self) -> bool:
        """Whether a waiting job may be taken now."""
        return bool(self._waiting[False]) or (bool(self._waiting[True]) and self._free_long_slots > 0)

    def add(self, job_id: str, *, long_running: bool) -> bool:
        """Append a job; return whether it was not there before."""
        if job_id in self._known:
            return False
        self._known[job_id] = long_running
        self._waiting[long_running].append(job_id)
        return True

    def take(self) -> str:
        """Take the next job; there must be one."""
        job_id = self._waiting[not self._waiting[False]].popleft()
        self._running.add(job_id)
        return job_id

    def put_back(self, job_id: str) -> None:
        """Append a job that was taken once more."""
        self._running.discard(job_id)
        self._waiting[self._known[job_id]].append(job_id)

    def remove(self, job_id: str) -> bool:
        """Remove a waiting job; return whether there was one."""
        if job_id in self._running or job_id not in self._known:
            return False
        self._waiting[self._known.pop(job_id)].remove(job_id)
        return True

    def done(self, job_id: str) -> None:
        """Remove a job that was taken and is done."""
        self._running.discard(job_id)
        self._known.pop(job_id, None)

    @property
    def _free_long_slots(self) -> int:
        return self._long_job_slots - sum(self._known[job_id] for job_id in self._running)
