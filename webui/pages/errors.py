"""Error pages, with the HTTP status of the error."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from core.auth.models import ANONYMOUS, Identity
from core.database import storage_error
from core.errors import (
    AuthenticationError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    PhotozError,
    ServiceBusyError,
)
from core.web.deferred_routes import allowed_methods
from core.web.routes import REQUEST_ID, ErrorRenderer
from webui.addresses import login_address, page_of_request
from webui.api.conditional import API_VERSION
from webui.pages.forms import see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["error_handlers", "render_error"]

_log = logging.getLogger(__name__)

_CLIENT_GONE = 499
_METHOD_NOT_ALLOWED = 405
#: Codes of errors that the framework raises.
_CODES = {_METHOD_NOT_ALLOWED: "MethodNotAllowed"}

#: First path segments of addresses for programs alone, whose errors are never pages.
_SERVICES = frozenset({"api", "registry", "reg", "availability", "static"})

#: First path segments of addresses that may be open to some users only.
_CLOSED = frozenset(
    {"product", "shared", "files", "delete-file", "groups", "runs", "run", "jobs", "explore", "challenges"}
    | {"deleted", "admin"}
)

_TITLES = {
    400: "Invalid request",
    401: "Sign-in needed",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    406: "Not complete",
    409: "Conflict",
    413: "Too large",
    422: "Unreadable file",
    429: "Too many requests",
    503: "Busy",
    507: "Storage full",
}


def render_error(services: WebServices, renderer: PageRenderer) -> ErrorRenderer:
    """Return the renderer of errors of the pages; anonymous users are redirected to the sign-in page.

    Who is not signed in is led there by every address that may be closed, whether something is there or not: a page
    that was shared is found after the sign-in, and nobody learns which products, groups and files exist.
    """

    def render(request: Request, error: PhotozError) -> Response:
        identity = _identity_of(services, request)
        if "authorization" not in request.headers and (
            isinstance(error, AuthenticationError) or (identity.is_anonymous and _may_be_closed(request, error))
        ):
            return see_other(login_address(page_of_request(request)))
        title = _TITLES.get(error.status, "Something went wrong")
        return renderer.page(
            "error.html",
            identity,
            status=error.status,
            title=title,
            message=error.message,
        )

    return render


def error_handlers(services: WebServices) -> "Mapping[type[Exception], _Handler]":
    """Return the application's exception handlers: unknown addresses and methods, and unexpected errors.

    Browsers that accept HTML get a page, programs get JSON; neither shows internals.
    """
    render = render_error(services, PageRenderer(services.settings))

    async def respond(request: Request, error: PhotozError, status: int, detail: str) -> Response:
        if _wants_page(request):
            answer = await run_in_threadpool(render, request, error)
            answer.status_code = status
        else:
            code = _CODES.get(status, error.code)
            answer = _versioned(request, JSONResponse({"detail": detail, "code": code}, status))
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    async def refused(request: Request, error: HTTPException) -> Response:
        message = f"{error.detail}: {request.url.path}"
        if error.status_code == NotFoundError.status:
            message = f"There is no page at {request.url.path}."
        answer = await respond(request, NotFoundError(message), error.status_code, error.detail)
        answer.headers.update(error.headers or {})
        if error.status_code == _METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(sorted(allowed_methods(request.app.routes, request.scope)))
        return answer

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        if request.method in {"GET", "HEAD"} and all(each["loc"][0] == "path" for each in error.errors()):
            # Such as a word where the address of a page has a number.
            missing = NotFoundError(f"There is no page at {request.url.path}.")
            return await respond(request, missing, missing.status, missing.message)
        wrong = InvalidValueError(f"There is nothing at {request.url.path}.")
        return await respond(request, wrong, 422, wrong.message)

    async def unforeseen(request: Request, _error: Exception) -> Response:
        # This response is sent outside of all middleware; that of the access log has logged the traceback.
        request_id = getattr(request.state, REQUEST_ID, "")
        message = f"An internal error occurred. The operator of this server finds details in the log, at {request_id}."
        answer = await respond(request, PhotozError(message), 500, message)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["X-Request-Id"] = request_id
        return answer

    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=_CLIENT_GONE)  # nobody receives it

    return {
        HTTPException: refused,
        RequestValidationError: invalid,
        **_storage_handlers(respond),
        ClientDisconnect: gone,
        Exception: unforeseen,
    }


def _versioned(request: Request, response: Response) -> Response:
    if request.url.path.split("/")[1] == "api":
        response.headers["API-Version"] = API_VERSION
    return response


_Handler = Callable[[Request, Any], Awaitable[Response]]
_Respond = Callable[[Request, PhotozError, int, str], Awaitable[Response]]


def _storage_handlers(respond: _Respond) -> Mapping[type[Exception], _Handler]:
    """Return the handlers for a database that is busy or does not answer, and for disks that are full or read-only."""

    async def unavailable(request: Request, error: OperationalError) -> Response:
        if storage_error(error) is not None:
            return await not_stored(request, error)
        _log.error("the database is not available", exc_info=error)
        message = "The database of this server is not available at the moment. Try again in a few seconds."
        return await respond(request, ServiceBusyError(message), 503, message)

    async def not_stored(request: Request, error: Exception) -> Response:
        told = storage_error(error)
        if told is None:
            raise error
        _log.error("the disk is full or read-only", exc_info=error)
        return await respond(request, told, told.status, told.message)

    async def busy(request: Request, error: PoolTimeoutError) -> Response:
        _log.error("no connection to the database became free", exc_info=error)
        message = "The database of this server is busy. Try again in a few seconds."
        return await respond(request, ServiceBusyError(message), 503, message)

    return {
        OperationalError: unavailable,
        PoolTimeoutError: busy,
        InternalError: not_stored,  # PostgreSQL in recovery, or set to read-only
        OSError: not_stored,
    }


def _wants_page(request: Request) -> bool:
    service = request.url.path.split("/")[1]
    return service not in _SERVICES and _is_browser(request)


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _may_be_closed(request: Request, error: PhotozError) -> bool:
    """Return whether a browser was refused something that a user who signs in may find."""
    is_closed = isinstance(error, (NotFoundError, PermissionDeniedError)) and _is_browser(request)
    return is_closed and request.url.path.split("/")[1] in _CLOSED


def _identity_of(services: WebServices, request: Request) -> Identity:
    """Return the identity whose name the head of the page shows; nobody's while the database is not available."""
    try:
        return services.authenticate(request)
    except (PhotozError, SQLAlchemyError):
        return ANONYMOUS
