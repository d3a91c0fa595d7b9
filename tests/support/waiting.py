"""Waiting until something is as it should be, however busy the machine is."""

import time
from collections.abc import Callable

__all__ = ["SECONDS", "wait_for"]

#: How long things may take: far longer than they do on a machine that is not overloaded.
SECONDS = 60.0


def wait_for(ready: Callable[[], object], what: str = "it did not come about", seconds: float = SECONDS) -> None:
    """Look again and again until something is so; fail with a sentence when it is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)  # between two looks
