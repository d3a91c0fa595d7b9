"""Errors as pages, with the status that they have."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import ANONYMOUS, Identity
from core.errors import AuthenticationError, NotFoundError, PhotozError
from core.routes import ErrorDress
from webui.pages.addresses import login_address, page_of_request
from webui.pages.rendering import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["error_dress", "missing_page"]

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


def missing_page(services: WebServices) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Make the application's answer to addresses that lead nowhere, for ``app.add_exception_handler(404, …)``.

    Browsers get a page, programs a few words of JSON.
    """
    dress = error_dress(services, PageRenderer(services.settings))

    async def answer(request: Request, _error: Exception) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"detail": "Not Found"}, 404)
        return await run_in_threadpool(dress, request, NotFoundError(f"There is no page at {request.url.path}."))

    return answer


def _known(services: WebServices, request: Request) -> Identity:
    """Find out whose name stands at the head of the page; an error page shows nothing else of anybody."""
    try:
        return services.authenticate(request)
    except PhotozError:
        return ANONYMOUS
