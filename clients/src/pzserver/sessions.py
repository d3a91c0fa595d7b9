"""HTTP sessions that give their connections back."""

import threading
from typing import Any

import requests

__all__ = ["TidySession"]


class TidySession(requests.Session):
    """A session that closes the answers which others leave half-read.

    pyvo reads a VOTable to its last tag and not to the end of the answer, so that connection never returns to the
    pool: it stays open until the garbage collector finds it, which then warns of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._mine = threading.local()  # a download in another thread goes on

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request; an answer that is not read at once is remembered."""
        response = super().send(request, **options)
        if options.get("stream"):
            self._streams().append(response)
        return response

    def close_streams(self) -> None:
        """Close what this thread did not read at once; what is still to be read of it is lost."""
        while streams := self._streams():
            streams.pop().close()

    def close(self) -> None:
        """Close all connections that are not in use by another thread."""
        self.close_streams()
        super().close()

    def _streams(self) -> list[requests.Response]:
        if not hasattr(self._mine, "streams"):
            self._mine.streams = []
        streams: list[requests.Response] = self._mine.streams
        return streams
