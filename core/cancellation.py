"""A reader who goes away while an answer is still being made: who makes it is told, and stops."""

import threading
from collections.abc import Callable

__all__ = ["Cancellation"]


class Cancellation:
    """Tells whoever works on an answer that nobody waits for it any more. Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: list[Callable[[], object]] = []
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether the reader has gone."""
        return self._is_cancelled

    def on_cancel(self, stop: Callable[[], object]) -> None:
        """Have something stopped when the reader goes; at once when he has gone already."""
        with self._lock:
            if not self._is_cancelled:
                self._stops.append(stop)
                return
        stop()

    def cancel(self) -> None:
        """Say that the reader has gone."""
        with self._lock:
            self._is_cancelled = True
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()
