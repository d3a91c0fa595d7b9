"""Answers whose bytes are made while they are sent, and whose making stops when nobody reads them any more."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import anyio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.cancellation import Departure
from core.errors import PhotozError

__all__ = ["StreamedAnswer", "made_for_reader"]

_Made = TypeVar("_Made")

_log = logging.getLogger(__name__)


class StreamedAnswer(Response):
    """An answer drawn chunk by chunk from an iterator that runs in a thread.

    Starlette's own notices a closed connection only at the next chunk; here the maker is told at once, while it may
    still be working towards that chunk.

    Parameters
    ----------
    close
        Stops the maker, from any thread; called once at the end, however that comes.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        *,
        media_type: str,
        close: Callable[[], None],
        headers: dict[str, str] | None = None,
        status_code: int = 200,
    ) -> None:
        super().__init__(None, status_code, headers, media_type)
        del self.headers["content-length"]
        self._chunks = chunks
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, and stop its maker when it is sent or the reader has gone.

        A maker that fails on the way leaves the answer unfinished, so that the server cuts the connection and the
        reader learns that something is missing.
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
            try:
                while (chunk := await run_in_threadpool(next, self._chunks, None)) is not None:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except PhotozError as e:
                _log.warning("an answer was cut off on its way: %s", e.message)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, receive: Receive, sending: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        # The maker is stopped first: a thread that waits for its next chunk cannot be cancelled.
        await run_in_threadpool(self._close)
        sending.cancel()


async def made_for_reader(request: Request, make: Callable[[Departure], _Made]) -> _Made:
    """Make an answer in a thread, and tell its maker when the reader goes away meanwhile.

    Parameters
    ----------
    request
        Its body must have been read.
    make
        What makes the answer; whatever it raises is raised here.
    """
    departure = Departure()
    made: list[_Made] = []
    failure: Exception | None = None

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        await run_in_threadpool(departure.happen)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            made.append(await run_in_threadpool(make, departure))
        except Exception as e:  # noqa: BLE001 - it is raised again, outside the group, which would wrap it
            failure = e
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return made[0]
