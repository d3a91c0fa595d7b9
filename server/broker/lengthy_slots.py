"""The places for lengthy jobs in one Celery worker: fewer than it has processes, so that short jobs find one free."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["LengthyPlaces"]


class LengthyPlaces:
    """Places that the processes of a pool share; made before they are forked.

    Each place is a lock on a byte of a file without a name. The kernel takes the lock back when its process dies,
    however that comes.

    Parameters
    ----------
    count
        Lengthy jobs that may run at once.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the worker lives

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Have a place for as long as the block lasts; tell whether there was one."""
        place = next(filter(self._lock, range(self._count)), None)
        try:
            yield place is not None
        finally:
            if place is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def _lock(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True
