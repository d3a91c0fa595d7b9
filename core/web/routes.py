"""Route class that renders errors in the protocol of its service; byte ranges and file responses."""

import logging
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime
from email.utils import format_datetime
from itertools import chain
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.background import BackgroundTask

from core.database import storage_error
from core.errors import (
    AuthenticationError,
    PhotozError,
    StorageFullError,
    TooLargeError,
)
from core.web.lazy_routes import LazyRoute

__all__ = [
    "REQUEST_ID",
    "ErrorRenderer",
    "add_routers",
    "byte_range",
    "close_unread",
    "content_disposition",
    "counted_answer",
    "file_answer",
    "route_class",
]

_log = logging.getLogger(__name__)

#: Key of the id of a request in its state.
REQUEST_ID = "request_id"

#: Renders an error as a response in the protocol of a service.
ErrorRenderer = Callable[[Request, PhotozError], Response]

_MOST_DIGITS = 18
_CHALLENGES = ('Bearer realm="photoz"', 'Basic realm="photoz", charset="UTF-8"')


def route_class(render: ErrorRenderer) -> type[APIRoute]:
    """Return a route class that renders the errors of a service in its protocol.

    A response to missing or wrong credentials has the challenges. A disk that is full or read-only is an error of the
    service, too.
    """

    def answer(request: Request, e: PhotozError) -> Response:
        response = render(request, e)
        if isinstance(e, AuthenticationError):
            for challenge in _CHALLENGES:
                response.headers.append("WWW-Authenticate", challenge)
        if e.retry_after is not None:
            response.headers["Retry-After"] = str(e.retry_after)
        close_unread(response, e)
        return response

    class ErrorRenderingRoute(LazyRoute):
        """A route whose errors are rendered."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def rendered(request: Request) -> Response:
                try:
                    return await handler(request)
                except PhotozError as e:
                    return answer(request, e)
                except (DBAPIError, OSError) as e:
                    error = storage_error(e)
                    if error is None:
                        raise
                    _log.error("the disk is full or read-only", exc_info=e)
                    return answer(request, error)

            return rendered

    return ErrorRenderingRoute


def add_routers(target: FastAPI | APIRouter, *routers: APIRouter) -> None:
    """Add the routes of complete routers, which need no prefix, tags or dependencies of the target.

    ``include_router`` builds each route once more for what it inherits, which takes half of the time of a start, and
    searches nested routers once for each level they stand on.
    """
    for router in routers:
        target.routes.extend(router.routes)


def close_unread(response: Response, error: PhotozError) -> None:
    """Close the connection after an error that leaves the rest of the body unread."""
    if isinstance(error, (TooLargeError, StorageFullError)):
        response.headers["Connection"] = "close"


def content_disposition(name: str) -> str:
    """Return the header that makes a browser save a file under its name (RFC 6266).

    A plain ASCII name is not quoted, because clients of this service take all that follows ``filename=``.
    """
    if all(c.isascii() and (c.isalnum() or c in "._-+") for c in name):
        return f"attachment; filename={name}"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-+") else "_" for c in name)
    return f"attachment; filename={plain}; filename*=UTF-8''{quote(name, safe='')}"


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Parse a Range header of one range (RFC 9110 §14); return its start and its end, which is not included.

    None means the whole file: there is no header, or one that may be ignored. A range beyond the end of the file is
    empty.
    """
    if header is None or not header.startswith("bytes=") or "," in header:
        return None
    first, dash, last = header.removeprefix("bytes=").strip().partition("-")
    if dash != "-" or not all(text == "" or (text.isascii() and text.isdecimal()) for text in (first, last)):
        return None
    if first == "":
        if last == "":
            return None
        return max(0, size - _position(last)), size
    start = _position(first)
    if last and _position(last) < start:
        return None
    end = min(_position(last) + 1, size) if last else size
    return (start, end) if start < size else (size, size)


def _position(digits: str) -> int:
    # A number of this length is beyond every file, and Python limits the digits that it parses.
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def counted_answer(request: Request, answer: Response, size: int, counted: Callable[[], None]) -> Response:
    """Count a download after its last byte was sent, in one response or in several ranges."""
    content_range = answer.headers.get("content-range", "")
    if request.method == "GET" and (answer.status_code == 200 or content_range.endswith(f"-{size - 1}/{size}")):
        answer.background = BackgroundTask(counted)
    return answer


def file_answer(
    request: Request,
    *,
    name: str,
    media_type: str,
    size: int,
    etag: str,
    modified: datetime,
    read: Callable[[int, int], Iterator[bytes]],
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the response to a GET or HEAD for a file: whole, a range of it (206, 416), or not modified (304).

    The first bytes are read here, in the thread of the handler, whose errors are raised.
    """
    common = {
        "ETag": f'"{etag}"',
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Disposition": content_disposition(name),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    if request.headers.get("if-none-match") in {f'"{etag}"', "*"}:
        return Response(status_code=304, headers=common)
    condition = request.headers.get("if-range")
    wanted = byte_range(request.headers.get("range"), size) if condition in {None, f'"{etag}"'} else None
    start, end = wanted or (0, size)
    if wanted is not None and start >= end:
        return Response(status_code=416, headers={**common, "Content-Range": f"bytes */{size}"})
    if wanted is not None:
        common["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    common["Content-Length"] = str(end - start)
    status = 206 if wanted is not None else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=common, media_type=media_type)
    chunks = read(start, end)
    # Before the head is sent: missing bytes, or a store that is away, are an error and no response that breaks off.
    first = next(chunks, b"")
    return StreamingResponse(chain((first,), chunks), status_code=status, headers=common, media_type=media_type)
