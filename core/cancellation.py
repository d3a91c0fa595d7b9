"""A reader who goes away while an answer is still being made: who makes it is told, and stops."""

import threading
from collections.abc import Callable

__all__ = ["Departure"]


class Departure:
    """Tells whoever works on an answer that nobody waits for it any more. Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: list[Callable[[], object]] = []
        self._happened = False

    @property
    def happened(self) -> bool:
        """Whether the reader has gone."""
        return self._happened

    def stops(self, stop: Callable[[], object]) -> None:
        """Have something stopped when the reader goes; at once when he has gone already."""
        with self._lock:
            if not self._happened:
                self._stops.append(stop)
                return
        stop()

    def happen(self) -> None:
        """Say that the reader has gone."""
        with self._lock:
            self._happened = True
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()
