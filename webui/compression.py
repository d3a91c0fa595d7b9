"""ASGI middleware that compresses pages (RFC 9110 §8.4) where their length tells nothing.

The length of a compressed page may tell, byte by byte, a secret of the page to somebody who chooses another part of it
(the attack BREACH). So a page is compressed when it shows public things to a visitor who is not signed in, or when
nothing in it was chosen by the request: a GET without parameters, answered with 200 and without a new cookie. Pages
that show a new token or link answer a POST. Static files, which are the same for everybody, are compressed in
`webui.static_files`; documents of the VO services are not.
"""

import gzip

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PageCompressionMiddleware"]

_SMALLEST = 1000
_LEVEL = 6
_OK = 200
#: Pages of a sharing link have a secret in their address.
_SECRET = ("/shared/", "/login")
_TYPES = frozenset({"text/html", "application/xhtml+xml"})


class PageCompressionMiddleware:
    """Middleware that compresses whole pages with gzip for browsers that take it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and compress its answer if it is a page of this kind."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _may_compress(scope):
            await self._app(scope, receive, send)
            return
        beginning: Message | None = None

        async def compressed(message: Message) -> None:
            nonlocal beginning
            if message["type"] == "http.response.start" and _is_page(message):
                beginning = message  # sent with the body, whose length is not known yet
                return
            if beginning is not None and message["type"] == "http.response.body":
                start, beginning = beginning, None
                headers = MutableHeaders(raw=list(start["headers"]))
                headers.add_vary_header("Accept-Encoding")
                body = message.get("body", b"")
                if not message.get("more_body", False) and len(body) >= _SMALLEST:
                    body = await run_in_threadpool(gzip.compress, body, _LEVEL, mtime=0)
                    headers["Content-Encoding"], headers["Content-Length"] = "gzip", str(len(body))
                    message = {**message, "body": body}
                await send({**start, "headers": headers.raw})
            await send(message)

        await self._app(scope, receive, compressed)


def _may_compress(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    codings = [coding.strip() for coding in headers.get("accept-encoding", "").lower().split(",")]
    if "gzip" not in [coding.partition(";")[0].strip() for coding in codings if not coding.endswith("q=0")]:
        return False
    is_visitor = "cookie" not in headers and "authorization" not in headers
    return (is_visitor or not scope["query_string"]) and not scope["path"].startswith(_SECRET)


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    unchanged = "content-encoding" not in headers and "set-cookie" not in headers
    return start["status"] == _OK and media_type in _TYPES and unchanged
