"""Cancellation token: stops the work on a response when its client disconnects."""

import threading
from collections.abc import Callable

__all__ = ["Cancellation"]


class Cancellation:
    """Thread-safe cancellation token, with callbacks that stop the work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: list[Callable[[], object]] = []
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether the work was cancelled."""
        return self._is_cancelled

    def on_cancel(self, stop: Callable[[], object]) -> None:
        """Call a function upon cancellation; at once when the work is cancelled already."""
        with self._lock:
            if not self._is_cancelled:
                self._stops.append(stop)
                return
        stop()

    def cancel(self) -> None:
        """Cancel the work, and call the functions that stop it."""
        with self._lock:
            self._is_cancelled = True
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()
