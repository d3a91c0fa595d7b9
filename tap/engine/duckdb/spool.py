"""Queue of one query's rows between its process and its reader, in memory and on disk."""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from core.errors import PhotozError
from tap.engine.duckdb.spool_budget import SpoolBudget
from tap.engine.duckdb.spool_files import SpoolFiles, Stored
from tap.engine.errors import QueryCrashedError, SlowReaderError

__all__ = ["Spool"]

#: Time after which a query that waits looks whether other queries have released disk.
_LOOK_SECONDS = 0.5


class Spool:
    """First-in, first-out queue from one writing thread to one reader; it must be dropped at the end.

    Parameters
    ----------
    folder
        Folder of its temporary files.
    owner
        Key of the owner of the query.
    clock
        Returns a time in seconds.
    """

    def __init__(
        self, folder: Path, budget: SpoolBudget, owner: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        budget.admit(owner)
        self._owner = owner
        self._budget = budget
        self._limits = budget.limits
        self._clock = clock
        self._changed = threading.Condition()
        self._contents: deque[bytearray | Stored] = deque()
        self._files = SpoolFiles(folder, budget)
        self._memory = 0
        self._taken = 0
        self._seconds_left = budget.limits.waiting_seconds
        self._error: PhotozError | None = None
        self._is_finished = False
        self._is_dropped = False

    @property
    def is_dropped(self) -> bool:
        """Whether nobody reads any longer."""
        return self._is_dropped

    def put(self, content: bytearray) -> bool:
        """Append a content, after waiting for the reader when the budget is used up; return False when dropped.

        Raises
        ------
        SlowReaderError
            The reader was too slow.
        """
        with self._changed:
            since, taken = self._clock(), self._taken
            while not self._is_dropped:
                if self._store(content):
                    self._changed.notify_all()
                    return True
                since, taken = self._wait(since, taken)
        return False

    def finish(self, error: PhotozError | None = None) -> None:
        """Declare that nothing follows but an error, if there is one."""
        with self._changed:
            self._is_finished = True
            self._error = self._error or error
            self._changed.notify_all()

    def get(self) -> bytearray | None:
        """Return the next content, after waiting for it, or None at the end.

        Raises
        ------
        core.errors.PhotozError
            The error of the query, after its last content.
        QueryCrashedError
            The spool was dropped before its end.
        """
        with self._changed:
            while not (self._contents or self._is_finished or self._is_dropped):
                self._changed.wait()
            if self._contents:
                content = self._fetch(self._contents.popleft())
                self._taken += len(content)
                self._changed.notify_all()
                return content
            if self._error is not None:
                raise self._error
            return None

    def drop(self) -> None:
        """Release memory and disk; a thread that writes or reads does not wait any longer. May be called again."""
        with self._changed:
            if self._is_dropped:
                return
            self._is_dropped = True
            if self._contents or not self._is_finished:  # the reader must not take this for the end
                self._error = QueryCrashedError("The query was stopped because its client disconnected.")
            self._contents.clear()
            self._files.close()
            self._budget.free_memory(self._memory)
            self._memory = 0
            self._budget.leave(self._owner)
            self._changed.notify_all()

    def _store(self, content: bytearray) -> bool:
        count = len(content)
        is_alone = self._memory == 0
        fits = is_alone or self._memory + count <= self._limits.memory_bytes
        if fits and self._budget.take_memory(count, beyond=False):
            return self._append(content)
        stored = self._files.write(content)
        if stored is not None:
            self._contents.append(stored)
            return True
        # Each query may have one batch in memory, whatever the others have, so that all of them go on.
        if is_alone and self._budget.take_memory(count, beyond=True):
            return self._append(content)
        return False

    def _append(self, content: bytearray) -> bool:
        self._memory += len(content)
        self._contents.append(content)
        return True

    def _fetch(self, content: bytearray | Stored) -> bytearray:
        if isinstance(content, Stored):
            return self._files.read(content)
        self._memory -= len(content)
        self._budget.free_memory(len(content))
        return content

    def _wait(self, since: float, taken: int) -> tuple[float, int]:
        """Wait for the reader, and return the time from which its speed is measured, with the bytes taken by then."""
        began = self._clock()
        self._changed.wait(_LOOK_SECONDS)
        now = self._clock()
        self._seconds_left -= now - began
        limits = self._limits
        if self._seconds_left < 0:
            raise SlowReaderError.waited(limits.waiting_seconds)
        if now - since < limits.speed_seconds:
            return since, taken
        if self._taken - taken < limits.speed * (now - since):
            raise SlowReaderError.below(limits.speed)
        return now, self._taken
