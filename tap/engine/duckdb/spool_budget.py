"""Memory and disk in which rows of running queries may wait for their readers."""

import math
import threading
from collections import Counter
from dataclasses import dataclass

from core.errors import ServiceBusyError

__all__ = ["SpoolBudget", "SpoolLimits"]


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """Limits on rows that wait for readers; by default they wait in memory alone, and the query with them.

    Parameters
    ----------
    memory_bytes, memory_total_bytes
        Memory of one query and of all queries. A query may have one batch beyond it, so that each can go on.
    disk_bytes, disk_total_bytes
        Disk of one query and of all queries.
    min_free
        Free bytes of the file system below which no more rows are written to it.
    answers, answers_of_owner
        Results that may be open at once, in total and of one owner.
    speed, speed_seconds
        Bytes a second that a reader must take, on average over so many seconds, while its query waits for it.
    waiting_seconds
        Time that one query may wait for its reader in total.
    """

    memory_bytes: int = 16_000_000
    memory_total_bytes: int = 128_000_000
    disk_bytes: int = 0
    disk_total_bytes: int = 0
    min_free: int = 0
    answers: int = 64
    answers_of_owner: int = 48
    speed: float = 50_000.0
    speed_seconds: float = 60.0
    waiting_seconds: float = 600.0

    @classmethod
    def patient(cls) -> "SpoolLimits":
        """Return limits for a reader on this machine, for which the query may wait as long as it takes."""
        return cls(speed=0.0, waiting_seconds=math.inf)


class SpoolBudget:
    """Thread-safe account of the memory, disk and open results of all queries of an engine."""

    def __init__(self, limits: SpoolLimits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._answers: Counter[str] = Counter()
        self._memory = 0
        self._disk = 0

    @property
    def used(self) -> tuple[int, int, int]:
        """Open results, bytes of memory and bytes of disk in use."""
        with self._lock:
            return self._answers.total(), self._memory, self._disk

    def admit(self, owner: str) -> None:
        """Count one more open result of an owner.

        Raises
        ------
        ServiceBusyError
            As many results are open as may be.
        """
        with self._lock:
            if (total := self._answers.total()) >= self.limits.answers:
                raise ServiceBusyError(
                    f"{total} results are being sent, the limit of this service. Try again in a moment."
                )
            if (count := self._answers[owner]) >= self.limits.answers_of_owner:
                raise ServiceBusyError(
                    f"{count} results are being sent to you, the limit for one user. Try again when some are complete."
                )
            self._answers[owner] += 1

    def leave(self, owner: str) -> None:
        """Count one open result of an owner less."""
        with self._lock:
            self._answers[owner] -= 1
            if not self._answers[owner]:
                del self._answers[owner]

    def take_memory(self, count: int, *, beyond: bool) -> bool:
        """Reserve memory, `beyond` the limit if need be, and return whether it was reserved."""
        with self._lock:
            if not beyond and self._memory + count > self.limits.memory_total_bytes:
                return False
            self._memory += count
            return True

    def free_memory(self, count: int) -> None:
        """Release memory."""
        with self._lock:
            self._memory -= count

    def take_disk(self, count: int) -> bool:
        """Reserve disk, and return whether it was reserved."""
        with self._lock:
            if self._disk + count > self.limits.disk_total_bytes:
                return False
            self._disk += count
            return True

    def free_disk(self, count: int) -> None:
        """Release disk."""
        with self._lock:
            self._disk -= count
