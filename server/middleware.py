"""What holds for every request: paths in one form, the name of the server, and headers that keep browsers careful."""

import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HeadersMiddleware", "OpenReadingMiddleware", "PathMiddleware"]

_SLASHES = re.compile("/{2,}")
_OPEN = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"content-disposition, content-range, accept-ranges, etag, digest"),
)


class PathMiddleware:
    """Read ``/api//products/`` as ``/api/products``.

    Clients of the REST API send doubled and trailing slashes, and must not be redirected: they would lose the body
    of a POST.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its plain path."""
        if scope["type"] == "http" and scope["path"].startswith("/api"):
            path = _SLASHES.sub("/", scope["path"])
            scope = {**scope, "path": path.rstrip("/")}
        await self._app(scope, receive, send)


class HeadersMiddleware:
    """Add headers to every answer that does not set them itself.

    Parameters
    ----------
    headers
        Names in lower case, and values.
    """

    def __init__(self, app: ASGIApp, headers: Iterable[tuple[str, str]]) -> None:
        self._app = app
        self._headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(name, value) for name, value in self._headers if name not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OpenReadingMiddleware:
    """Let pages of any site read the services of the VO, as VO clients in browsers do (CORS).

    The wildcard goes with no credentials: a browser hides the answer from the page when a cookie went along, and asks
    leave, which nobody here gives, before it sends a token.

    Parameters
    ----------
    prefixes
        How the paths begin that may be read.
    """

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and open its answer when it only reads."""
        if (
            scope["type"] != "http"
            or scope["method"] not in {"GET", "HEAD"}
            or not scope["path"].startswith(self._prefixes)
        ):
            await self._app(scope, receive, send)
            return

        async def send_opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_OPEN]}
            await send(message)

        await self._app(scope, receive, send_opened)
