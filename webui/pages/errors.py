"""Errors as pages, with the status that they have."""

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
from core.web.routes import ErrorDress
from webui.addresses import login_address, page_of_request
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["error_dress", "error_handlers"]

_log = logging.getLogger(__name__)

_CLIENT_GONE = 499

#: First parts of addresses at which programs ask, even when they pretend to be browsers.
_SERVICES = frozenset({"api", "tap", "vospace", "conesearch", "pipelines", "registry", "reg", "availability", "static"})

_TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "Not found",
    409: "Not possible now",
    413: "Too large",
    422: "Unreadable file",
    503: "Busy",
    507: "No room left",
}


def error_dress(services: WebServices, renderer: PageRenderer) -> ErrorDress:
    """Make the dress of the pages' errors; who is not signed in is led to the sign-in page and back."""

    def dress(request: Request, error: PhotozError) -> Response:
        if isinstance(error, AuthenticationError) and "authorization" not in request.headers:
            return see_other(login_address(page_of_request(request)))
        title = _TITLES.get(error.status, "Something went wrong")
        return renderer.page(
            "error.html", _known(services, request), status=error.status, title=title, message=error.message
        )

    return dress


def error_handlers(services: WebServices) -> Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]]:
    """Make the application's answers to what no route answers: wrong addresses and methods, and the unforeseen.

    Browsers that ask for a page get one, programs a few words of JSON; neither learns anything of the inside.
    """
    dress = error_dress(services, PageRenderer(services.settings))

    async def told(request: Request, error: PhotozError, status: int, detail: str) -> Response:
        if not _wants_page(request):
            return JSONResponse({"detail": detail}, status)
        answer = await run_in_threadpool(dress, request, error)
        answer.status_code = status
        return answer

    async def refused(request: Request, error: HTTPException) -> Response:
        message = f"{error.detail}: {request.url.path}"
        if error.status_code == NotFoundError.status:
            message = f"There is no page at {request.url.path}."
        answer = await told(request, NotFoundError(message), error.status_code, error.detail)
        answer.headers.update(error.headers or {})
        return answer

    async def invalid(request: Request, _error: RequestValidationError) -> Response:
        error = InvalidValueError(f"There is nothing at {request.url.path}.")
        return await told(request, error, 422, error.message)

    async def unforeseen(request: Request, _error: Exception) -> Response:
        # The traceback is in the log: the server above writes what comes through here.
        sentence = "Something went wrong in the server. Its operator finds it in the log."
        answer = await told(request, PhotozError(sentence), 500, sentence)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    async def unavailable(request: Request, error: OperationalError) -> Response:
        _log.error("the database does not answer", exc_info=error)
        sentence = "The database of this server does not answer at the moment; try again in a few seconds."
        answer = await told(request, ServiceBusyError(sentence), 503, sentence)
        answer.headers["Retry-After"] = "5"
        return answer

    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=_CLIENT_GONE)  # which nobody reads

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


def _known(services: WebServices, request: Request) -> Identity:
    """Find out whose name stands at the head of the page; an error page shows nothing else of anybody."""
    try:
        return services.authenticate(request)
    except PhotozError:
        return ANONYMOUS
