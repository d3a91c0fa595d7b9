"""Progress of a run: fraction and message, log lines, and durations of the steps."""

import re
import time
from collections.abc import Callable

from uws import JobContext

__all__ = ["RunProgress"]

_COUNTS = re.compile(r"\d+")


class RunProgress:
    """Reporter of the steps of a run; its methods raise JobCancelled when the job was aborted."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._current = self._message = ""
        self._since = time.monotonic()
        self.done: list[tuple[str, float]] = []

    def part(self, begin: float, end: float) -> Callable[[float, str], None]:
        """Return a progress function for one part of the run, from 0 to 1."""
        return lambda fraction, message: self.report(begin + fraction * (end - begin), message)

    def report(self, fraction: float, message: str) -> None:
        """Report the progress; messages that differ only in numbers belong to the same step."""
        self._context.progress(fraction, message)
        # Numbers in names of catalogues are replaced as well; the rest of the name still distinguishes steps.
        step = _COUNTS.sub("#", message)
        if step != self._current:
            self.close()
            self._current = step
            self._context.log(message)
        self._message = message

    def close(self) -> None:
        """End the current step."""
        if self._current:
            self.done.append((self._message, time.monotonic() - self._since))
        self._current, self._since = "", time.monotonic()

    def log(self, message: str) -> None:
        """Write a line to the log of the job."""
        self._context.log(message)
