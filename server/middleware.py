"""ASGI middleware: path normalisation, security headers, CORS for the VO services, sign-in challenges (SSO 2.0)."""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.auth.callers import FORWARDED, forwarded_address
from core.auth.dependencies import REQUIRED

__all__ = [
    "ChallengeMiddleware",
    "ForwardedMiddleware",
    "HeadersMiddleware",
    "OpenReadingMiddleware",
    "PathMiddleware",
    "RequestHeadMiddleware",
]

#: A host with a port (RFC 3986 §3.2.2, §3.2.3); an empty one belongs to targets without an authority.
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
_VOSPACE, _VOSPACE_ALIAS = "/vospace/", "/vospace/auth/"
_SLASHES = re.compile("/{2,}")
_EXPOSED = (
    *(b"content-disposition", b"content-range", b"accept-ranges", b"etag", b"digest", b"location"),
    *(b"www-authenticate", b"retry-after", b"ratelimit", b"ratelimit-policy", b"x-vo-authenticated", b"x-request-id"),
)
_OPEN = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b", ".join(_EXPOSED),
    ),
)
_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_PREFLIGHT = {
    "Allow": _METHODS,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-None-Match, If-Range, Digest",
    "Access-Control-Max-Age": "3600",
}
_METHOD = "ivo://ivoa.net/sso#tls-with-password"
_BASIC = (b"www-authenticate", b'Basic realm="photoz", charset="UTF-8"')
_UNAUTHORIZED = 401


class RequestHeadMiddleware:
    """Middleware that refuses requests whose head is too long or ambiguous (RFC 9112 §3.2, §6.1), and WebSocket.

    The protocol of a connection refuses most of them before; this also counts for other servers of the application.

    Parameters
    ----------
    longest
        Bytes that the target and the header fields may have together.
    """

    def __init__(self, app: ASGIApp, longest: int) -> None:
        self._app = app
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse the request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, message = refusal
        await PlainTextResponse(f"{message}\n", status, headers={"Connection": "close"})(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        hosts, fields = [], set()
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4
            fields.add(name)
            if name == b"host":
                hosts.append(value)
            elif name == b"upgrade" and value.lower() == b"websocket":
                return 400, "This service has no WebSocket."
        if size > self._longest:
            return 431, f"The head of a request may have {self._longest} bytes."
        if len(hosts) > 1 or (not hosts and scope["http_version"] != "1.0") or not all(map(_HOST.fullmatch, hosts)):
            return 400, "A request needs exactly one valid Host header."
        if b"transfer-encoding" in fields and (b"content-length" in fields or scope["http_version"] == "1.0"):
            return 400, "The length of the body is ambiguous: Transfer-Encoding goes with HTTP/1.1, alone."
        return None


class PathMiddleware:
    """Middleware that normalises paths: ``/api//products/`` is ``/api/products``, ``/vospace/auth/…`` ``/vospace/…``.

    Clients of the REST API send doubled and trailing slashes, and must not be redirected: they would lose the body
    of a POST.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with the normalised path."""
        if scope["type"] == "http" and scope["path"].startswith(_VOSPACE_ALIAS):
            # cadcutils inserts "auth/" into addresses of VOSpace when it has a name and password (.netrc).
            scope = {**scope, "path": _VOSPACE + scope["path"].removeprefix(_VOSPACE_ALIAS)}
            scope["state"] = {**scope.get("state", {}), REQUIRED: True}
        if scope["type"] == "http" and scope["path"].startswith("/api"):
            path = _SLASHES.sub("/", scope["path"])
            scope = {**scope, "path": path.rstrip("/")}
        await self._app(scope, receive, send)


class ForwardedMiddleware:
    """Middleware that stores the address of a client that a proxy forwards (X-Forwarded-For), for limits.

    Parameters
    ----------
    networks
        Networks of the proxies; the header of others is ignored.
    """

    def __init__(self, app: ASGIApp, networks: Iterable[str]) -> None:
        self._app = app
        self._networks = tuple(ip_network(network, strict=False) for network in networks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Store the address and call the application."""
        if self._networks and scope["type"] == "http" and self._is_proxy(scope):
            values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
            scope.setdefault("state", {})[FORWARDED] = forwarded_address(values, self._networks)
        await self._app(scope, receive, send)

    def _is_proxy(self, scope: Scope) -> bool:
        try:
            address = ip_address(scope["client"][0] if scope.get("client") else "")
        except ValueError:
            return False
        return any(address in network for network in self._networks)


class HeadersMiddleware:
    """Middleware that adds headers to responses that do not set them.

    The state of a request may have further ones under ``headers``, such as those of its limits.

    Parameters
    ----------
    headers
        Names in lower case, and values.
    """

    def __init__(self, app: ASGIApp, headers: Iterable[tuple[str, str]]) -> None:
        self._app = app
        self._headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and add the headers to its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                wanted = [*self._headers, *scope.get("state", {}).get("headers", ())]
                extra = [(name, value) for name, value in wanted if name not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OpenReadingMiddleware:
    """CORS middleware: pages of any site, such as VO clients in browsers, may read the VO services.

    The wildcard excludes what a browser sends by itself: it hides the response from the page when it sent a cookie. A
    page may send a token that it was given, so the preflight request for it is answered (Fetch §3.2.2).

    Parameters
    ----------
    prefixes
        Path prefixes that may be read.
    """

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and add the CORS headers to its response, or answer OPTIONS."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
            return

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_OPEN]}
            await send(message)

        await self._app(scope, receive, send_with_cors)


class ChallengeMiddleware:
    """Middleware that adds sign-in challenges for VO clients (SSO 2.0, AuthVO).

    VO clients look for challenges in responses with status 401, and in the response of ``capabilities``, which is
    public: there they mean that signing in is optional. A response to an authenticated request names the account in
    ``X-VO-Authenticated``.

    Parameters
    ----------
    prefixes
        Path prefixes of the VO services.
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
        """Call the application and add challenges, or the name of the account, to its response."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_challenges(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {
                    **message,
                    "headers": [*message["headers"], *self._sign_in_headers(scope, message, state)],
                }
            await send(message)

        await self._app(scope, receive, send_with_challenges)

    def _sign_in_headers(self, scope: Scope, message: Message, state: dict[str, object]) -> list[tuple[bytes, bytes]]:
        name = getattr(state.get("identity"), "name", None)
        if message["status"] == _UNAUTHORIZED:
            return self._ivoa
        if isinstance(name, str):
            return [(b"x-vo-authenticated", name.encode("latin-1", "replace"))]
        return [_BASIC, *self._ivoa] if scope["path"].endswith("/capabilities") else []
