"""What a run tells while it goes on: fractions for the whole, lines for its log, and how long each step took."""

import re
import time
from collections.abc import Callable

from uws import JobContext

__all__ = ["RunProgress"]

_COUNTS = re.compile(r"\d+")


class RunProgress:
    """The steps of a run; its methods raise JobCancelled when the job was aborted."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._current = self._sentence = ""
        self._since = time.monotonic()
        self.done: list[tuple[str, float]] = []

    def part(self, begin: float, end: float) -> Callable[[float, str], None]:
        """Return a function that is told the progress of one part of the run, from 0 to 1."""
        return lambda fraction, sentence: self.report(begin + fraction * (end - begin), sentence)

    def report(self, fraction: float, sentence: str) -> None:
        """Tell what is being done; a sentence that differs by its numbers alone is of the same step."""
        self._context.progress(fraction, sentence)
        # Names of catalogues begin with numbers too, but not all of a name is one.
        step = _COUNTS.sub("#", sentence)
        if step != self._current:
            self.close()
            self._current = step
            self._context.log(sentence)
        self._sentence = sentence

    def close(self) -> None:
        """End the present step."""
        if self._current:
            self.done.append((self._sentence, time.monotonic() - self._since))
        self._current, self._since = "", time.monotonic()

    def log(self, sentence: str) -> None:
        """Write a line into the log of the job."""
        self._context.log(sentence)
