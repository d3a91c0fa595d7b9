"""HTTP client of an application in this process; a request crosses to the thread of its event loop once.

The client of Starlette does so nine times, and outside of a ``with`` block starts a loop and a thread for each request.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

__all__ = ["in_process_client", "running_in_process"]

#: Also what the client of Starlette is known as.
_BASE_URL, _ADDRESS = "http://testserver", ("testclient", 50000)


def in_process_client(
    app: FastAPI,
    portal: BlockingPortal,
    *,
    raises: bool = True,
    headers: Mapping[str, str] | None = None,
    address: tuple[str, int] = _ADDRESS,
    base_url: str = _BASE_URL,
) -> httpx2.Client:
    """Make a client that gives answers whole, after all that belongs to a request has ended, and follows no redirect.

    Parameters
    ----------
    portal
        The event loop in which the application runs.
    raises
        Whether what no handler catches is raised; otherwise the client gets the answer that users would get.
    address
        Where the application sees the requests come from.
    """
    transport = _Transport(httpx2.ASGITransport(app, raise_app_exceptions=raises, client=address), portal)
    return httpx2.Client(transport=transport, base_url=base_url, headers=dict(headers or {}))


@contextmanager
def running_in_process(app: FastAPI) -> Iterator[httpx2.Client]:
    """Run an application between its startup and its shutdown, with a client that gets what users would get."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        in_process_client(app, portal, raises=False) as client,
    ):
        yield client


class _Transport(httpx2.BaseTransport):
    def __init__(self, inner: httpx2.ASGITransport, portal: BlockingPortal) -> None:
        self._inner, self._portal = inner, portal

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()  # a body that comes in parts is read here, and not in the event loop
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        content = b"".join([part async for part in answer.stream])
        return httpx2.Response(answer.status_code, headers=answer.headers.raw, stream=httpx2.ByteStream(content))
