"""Grace of a query process that was asked to stop its query, before it is killed."""

import time
from collections.abc import Callable

__all__ = ["CancelGrace"]

#: Processor time for each thread of a query: more than the start of a process, or the libraries of kernels, take.
_PROCESSOR_SECONDS = 1.0
_SECONDS = 20.0


class CancelGrace:
    """Time that a process has to confirm a cancellation, in processor time: on a busy machine it lasts longer.

    A process that works on and does not stop uses its grace up soon. One that the machine lets wait, for a processor, a
    disk or memory, does not, and has a longer time by the clock: to start another one in its place would take the same
    machine more than its answer.

    Parameters
    ----------
    processor_seconds
        Returns the processor time of the process so far, in seconds; infinite when it has ended.
    threads
        Number of threads of the query.
    clock
        Returns a time in seconds.
    """

    def __init__(
        self, processor_seconds: Callable[[], float], threads: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._processor_seconds = processor_seconds
        self._clock = clock
        self._last_work = processor_seconds() + _PROCESSOR_SECONDS * max(1, threads)
        self._last_moment = clock() + _SECONDS

    @property
    def is_over(self) -> bool:
        """Whether the process is to be killed."""
        return self._processor_seconds() > self._last_work or self._clock() > self._last_moment
