"""Streaming responses whose producer stops when the client disconnects."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import anyio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.cancellation import Cancellation
from core.errors import PhotozError

__all__ = ["StreamedAnswer", "run_until_disconnect"]

_Result = TypeVar("_Result")

_log = logging.getLogger(__name__)

#: Bytes that are sent at once, and the time in which a client must take them: a least speed of 17 kB/s.
_PIECE_BYTES = 1 << 20
_PIECE_SECONDS = 60.0

_ANSWER_SECONDS = 3600.0


class StreamedAnswer(Response):
    """Streaming response whose chunks come from an iterator that runs in a thread.

    Starlette's ``StreamingResponse`` notices a disconnect only at the next chunk. This response stops the producer at
    once, also while it works on a chunk. A client that takes less than a MiB a minute, or is not done in an hour, is
    disconnected: what its response occupies is released.

    Parameters
    ----------
    close
        Stops the producer, from any thread; called once at the end of the response, also after an error.
    piece_seconds
        Time in which a client must take each MiB.
    seconds
        Time in which a client must take the whole response.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        *,
        media_type: str,
        close: Callable[[], None],
        headers: dict[str, str] | None = None,
        status_code: int = 200,
        piece_seconds: float = _PIECE_SECONDS,
        seconds: float = _ANSWER_SECONDS,
    ) -> None:
        super().__init__(None, status_code, headers, media_type)
        del self.headers["content-length"]
        self._chunks = chunks
        self._close = close
        self._piece_seconds = piece_seconds
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, and stop its producer when it is sent or the client has disconnected.

        When the producer fails, the response stays unfinished: the server closes the connection, and the client
        notices that bytes are missing.
        """
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, receive, group.cancel_scope)
                await self._send(scope, send)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._close)

    async def _send(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            deadline = anyio.current_time() + self._seconds
            try:
                while (chunk := await run_in_threadpool(next, self._chunks, None)) is not None:
                    await self._send_chunk(chunk, send, deadline)
            except PhotozError as e:
                _log.warning("a response was cut off: %s", e.message)
                return
            except _SlowClientError:
                _log.warning("a response was cut off: its client reads too slowly")
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_chunk(self, chunk: bytes, send: Send, deadline: float) -> None:
        for start in range(0, len(chunk), _PIECE_BYTES):
            piece = chunk[start : start + _PIECE_BYTES]  # a chunk in one piece is not copied
            left = min(self._piece_seconds, deadline - anyio.current_time())
            with anyio.move_on_after(left) as waiting:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if waiting.cancelled_caught:
                raise _SlowClientError

    async def _watch(self, receive: Receive, sending: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        # The producer is stopped first: a thread that waits for its next chunk cannot be cancelled.
        await run_in_threadpool(self._close)
        sending.cancel()


async def run_until_disconnect(request: Request, function: Callable[[Cancellation], Awaitable[_Result]]) -> _Result:
    """Await a function, and cancel its token when the client disconnects.

    Parameters
    ----------
    request
        Its body must have been read.
    function
        The function; it receives the cancellation token, and its exceptions are raised here.
    """
    cancellation = Cancellation()
    results: list[_Result] = []
    failure: Exception | None = None

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        await run_in_threadpool(cancellation.cancel)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            results.append(await function(cancellation))
        except Exception as e:  # noqa: BLE001 - it is raised again, outside the group, which would wrap it
            failure = e
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return results[0]


class _SlowClientError(Exception):
    """Error of a client that does not take a response in time."""
