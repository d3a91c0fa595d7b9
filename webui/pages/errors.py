"""Error pages, with the HTTP status of the error."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from core.auth.models import ANONYMOUS, Identity
from core.errors import AuthenticationError, InvalidValueError, NotFoundError, PhotozError, ServiceBusyError
from core.web.routes import ErrorRenderer
from webui.addresses import login_address, page_of_request
from webui.pages.forms import see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["error_handlers", "render_error"]

_log = logging.getLogger(__name__)

_CLIENT_GONE = 499

#: First path segments of addresses for programs, whose errors are never pages.
_SERVICES = frozenset({"api", "tap", "vospace", "conesearch", "pipelines", "registry", "reg", "availability", "static"})

_TITLES = {
    400: "Invalid request",
    403: "Not allowed",
    404: "Not found",
    409: "Conflict",
    413: "Too large",
    422: "Unreadable file",
    503: "Busy",
    507: "Storage full",
}


def render_error(services: WebServices, renderer: PageRenderer) -> ErrorRenderer:
    """Return the renderer of errors of the pages; anonymous users are redirected to the sign-in page."""

    def render(request: Request, error: PhotozError) -> Response:
        if isinstance(error, AuthenticationError) and "authorization" not in request.headers:
            return see_other(login_address(page_of_request(request)))
        title = _TITLES.get(error.status, "Something went wrong")
        return renderer.page(
            "error.html",
            _identity_of(services, request),
            status=error.status,
            title=title,
            message=error.message,
        )

    return render


def error_handlers(services: WebServices) -> Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]]:
    """Return the application's exception handlers: unknown addresses and methods, and unexpected errors.

    Browsers that accept HTML get a page, programs get JSON; neither shows internals.
    """
    render = render_error(services, PageRenderer(services.settings))

    async def respond(request: Request, error: PhotozError, status: int, detail: str) -> Response:
        if not _wants_page(request):
            return JSONResponse({"detail": detail}, status)
        answer = await run_in_threadpool(render, request, error)
        answer.status_code = status
        return answer

    async def refused(request: Request, error: HTTPException) -> Response:
        message = f"{error.detail}: {request.url.path}"
        if error.status_code == NotFoundError.status:
            message = f"There is no page at {request.url.path}."
        answer = await respond(request, NotFoundError(message), error.status_code, error.detail)
        answer.headers.update(error.headers or {})
        return answer

    async def invalid(request: Request, _error: RequestValidationError) -> Response:
        error = InvalidValueError(f"There is nothing at {request.url.path}.")
        return await respond(request, error, 422, error.message)

    async def unforeseen(request: Request, _error: Exception) -> Response:
        # The ASGI server logs the traceback.
        message = "An internal error occurred. The operator of this server finds details in the log."
        answer = await respond(request, PhotozError(message), 500, message)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    async def unavailable(request: Request, error: OperationalError) -> Response:
        _log.error("the database is not available", exc_info=error)
        message = "The database of this server is not available at the moment. Try again in a few seconds."
        answer = await respond(request, ServiceBusyError(message), 503, message)
        answer.headers["Retry-After"] = "5"
        return answer

    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=_CLIENT_GONE)  # nobody receives it

    return {
        HTTPException: refused,
        RequestValidationError: invalid,
        OperationalError: unavailable,
        ClientDisconnect: gone,
        Exception: unforeseen,
    }


def _wants_page(request: Request) -> bool:
    service = request.url.path.split("/")[1]
    return service not in _SERVICES and "text/html" in request.headers.get("accept", "")


def _identity_of(services: WebServices, request: Request) -> Identity:
    """Return the identity whose name the head of the page shows."""
    try:
        return services.authenticate(request)
    except PhotozError:
        return ANONYMOUS
