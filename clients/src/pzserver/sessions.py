"""HTTP sessions that release the connections of partly read responses."""

import threading
from typing import Any

import requests

__all__ = ["TidySession"]


class TidySession(requests.Session):
    """HTTP session that closes responses which were not read to their end.

    pyvo reads a VOTable to its last tag and not to the end of the response, so that the connection does not return to
    the pool; it would stay open until garbage collection, with a ResourceWarning.
    """

    def __init__(self) -> None:
        super().__init__()
        self._mine = threading.local()  # a download in another thread goes on

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request; a streamed response is recorded."""
        response = super().send(request, **options)
        if options.get("stream"):
            self._streams().append(response)
        return response

    def leave_open(self, response: requests.Response) -> None:
        """Leave a streamed response to its reader, who closes it."""
        self._mine.streams = [each for each in self._streams() if each is not response]

    def close_streams(self) -> None:
        """Close the streamed responses of this thread; their unread bytes are lost."""
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
