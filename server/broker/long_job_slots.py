"""Slots for long-running jobs in one Celery worker: fewer than its processes, so that short jobs find one free."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["LongJobSlots"]


class LongJobSlots:
    """Semaphore shared by the processes of a pool; constructed before they are forked.

    Each slot is a lock on a byte of an unnamed file. The kernel releases the lock when its process dies.

    Parameters
    ----------
    count
        Long-running jobs that may run at once.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the worker lives

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Hold a slot during the block; yield whether one was free."""
        slot = next(filter(self._lock, range(self._count)), None)
        try:
            yield slot is not None
        finally:
            if slot is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, slot)

    def _lock(self, slot: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
        except OSError:
            return False
        return True
