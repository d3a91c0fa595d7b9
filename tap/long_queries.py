"""Limit on the long queries that one process translates at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import ServiceBusyError

__all__ = ["LongQueries"]

#: Length, in characters, from which a query is long: its translation takes more than some hundredths of a second.
_LONG = 16_000

#: Most long queries that wait while another is translated.
_MAX_WAITING = 4


class LongQueries:
    """Gate that lets one long query after the other be translated; short ones pass at once.

    Translation is work of the interpreter, of which a process does one piece at a time: side by side, long queries
    would all take longer and delay every other request.
    """

    def __init__(self) -> None:
        self._running = threading.Lock()
        self._lock = threading.Lock()
        self._inside = 0

    @property
    def is_full(self) -> bool:
        """Whether another long query would be refused."""
        return self._inside > _MAX_WAITING

    @contextmanager
    def translating(self, query: str) -> Iterator[None]:
        """Hold the place of a query within the block.

        Raises
        ------
        ServiceBusyError
            The query is long, and too many long ones are waiting.
        """
        if len(query) < _LONG:
            yield
            return
        with self._lock:
            if self.is_full:
                message = f"{_MAX_WAITING} long queries are waiting, the limit of this service. Try again in a moment."
                raise ServiceBusyError(message)
            self._inside += 1
        try:
            with self._running:
                yield
        finally:
            with self._lock:
                self._inside -= 1
