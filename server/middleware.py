"""ASGI middleware: path normalisation, security headers, CORS for the VO services, sign-in challenges (SSO 2.0)."""

import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ChallengeMiddleware", "HeadersMiddleware", "OpenReadingMiddleware", "PathMiddleware"]

_SLASHES = re.compile("/{2,}")
_OPEN = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"content-disposition, content-range, accept-ranges, etag, digest"),
)
_METHOD = "ivo://ivoa.net/sso#tls-with-password"
_BASIC = (b"www-authenticate", b'Basic realm="photoz", charset="UTF-8"')
_UNAUTHORIZED = 401


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


class ChallengeMiddleware:
    """Tell VO clients how to sign in, and who they are once they have.

    Their clients look for challenges where they are refused (401), and in the answer of ``capabilities``, which
    everybody may read: there they say that signing in is possible (AuthVO: optional authentication). An answer to
    somebody who signed in names the account in ``X-VO-Authenticated``.

    Parameters
    ----------
    prefixes
        How the paths of VO services begin.
    sign_in_url
        Address of the sign-in for programs.
    """

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...], sign_in_url: str) -> None:
        self._app = app
        self._prefixes = prefixes
        self._ivoa = [
            (b"www-authenticate", f'{scheme} standard_id="{_METHOD}", access_url="{sign_in_url}/{name}"'.encode())
            for scheme, name in (("ivoa_cookie", "cookie"), ("ivoa_bearer", "token"))
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_challenged(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._said(scope, message, state)]}
            await send(message)

        await self._app(scope, receive, send_challenged)

    def _said(self, scope: Scope, message: Message, state: dict[str, object]) -> list[tuple[bytes, bytes]]:
        name = getattr(state.get("identity"), "name", None)
        if message["status"] == _UNAUTHORIZED:
            return self._ivoa
        if isinstance(name, str):
            return [(b"x-vo-authenticated", name.encode("latin-1", "replace"))]
        return [_BASIC, *self._ivoa] if scope["path"].endswith("/capabilities") else []
