"""Routes of the REST API, which check the names of parameters and render errors as JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from core.errors import AuthenticationError, InvalidValueError, NotFoundError, PhotozError, TooLargeError
from core.web.routes import route_class
from products.validation import MissingColumnsError
from webui.api.conditional import completed
from webui.api.parameters import check_names, parameter_names

__all__ = ["api_router", "error_response"]


def api_router(*tags: str) -> APIRouter:
    """Return a router for addresses below ``/api``, which renders all errors as JSON, those of parameters included."""
    return APIRouter(prefix="/api", route_class=_api_route(), tags=[*tags])


def _api_route() -> type[APIRoute]:
    rendered = route_class(error_response)

    class ApiRoute(rendered):  # type: ignore[misc,valid-type]  # the class is made at run time
        """A route of the REST API."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler, known = super().get_route_handler(), parameter_names(self)

            async def checked(request: Request) -> Response:
                try:
                    check_names([name for name, _ in request.query_params.multi_items()], known)
                    answer: Response = await handler(request)
                except RequestValidationError as e:
                    answer = error_response(request, _as_photoz_error(e))
                except InvalidValueError as e:
                    answer = error_response(request, e)
                return await completed(request, answer)

            return checked

    return ApiRoute


def error_response(request: Request, error: PhotozError) -> JSONResponse:
    """Render an error: under the name of the wrong field, and always as ``detail``.

    Missing columns are a bare JSON string, because clients of this API print it.
    """
    if isinstance(error, MissingColumnsError):
        return JSONResponse(error.message, error.status)
    if type(error) is AuthenticationError and "authorization" not in request.headers:
        error = AuthenticationError("Authentication credentials were not provided.")
    answer: dict[str, object] = {"detail": error.message, "code": error.code}
    if error.field is not None and not isinstance(error, AuthenticationError | TooLargeError):
        answer = {error.field: [error.message], **answer}
    return JSONResponse(answer, error.status)


def _as_photoz_error(error: RequestValidationError) -> PhotozError:
    """Return the error for the first wrong parameter; a path parameter that is not a number is a 404."""
    first = error.errors()[0]
    place, name = first["loc"][0], str(first["loc"][-1])
    value = str(first.get("input"))[:80]
    if place == "path":
        message = f"There is nothing at this address: '{value}' is not a number."
        return NotFoundError(message)
    message = f"'{value}' cannot be {name}: {first['msg'].lower()}."
    return InvalidValueError(message, field=name)
