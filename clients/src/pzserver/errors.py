"""Errors of the server, in its own words.

They are also the errors that version 0.3 raised: ``ValueError`` for values and things that do not exist,
``requests.exceptions.RequestException`` for requests that failed.
"""

from requests import Response
from requests.exceptions import RequestException

__all__ = [
    "AuthenticationError",
    "BrokenDownloadError",
    "InvalidValueError",
    "NotFoundError",
    "PermissionDeniedError",
    "PzServerError",
    "RequestError",
    "RequiredColumnsError",
    "check",
]

_LONGEST = 500


class PzServerError(Exception):
    """Base of all errors of this library."""


class RequestError(PzServerError, RequestException):
    """The server could not be reached, or it refused a request."""


class AuthenticationError(RequestError):
    """The token does not hold."""


class InvalidValueError(RequestError, ValueError):
    """The server cannot use a value that was given."""


class NotFoundError(RequestError, ValueError):
    """There is no such thing, or you may not see it."""


class PermissionDeniedError(RequestError, ValueError):
    """You may not do this to a thing that you see."""


class RequiredColumnsError(InvalidValueError):
    """Columns that the type of the product asks for have no meaning yet."""


class BrokenDownloadError(PzServerError):
    """A file did not arrive as it is on the server; trying again takes it up where it broke off."""


_CLASSES: dict[int, type[RequestError]] = {
    400: InvalidValueError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    406: RequiredColumnsError,
}


def check(response: Response) -> Response:
    """Return a response back, or raise the error that it tells."""
    if response.ok:
        return response
    kind = _CLASSES.get(response.status_code, RequestError)
    raise kind(_sentence(response), response=response)


def _sentence(response: Response) -> str:
    if response.headers.get("content-type", "").startswith("application/json"):
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, str):
            return answer
        if isinstance(answer, dict):
            for key in ("detail", "error", "message"):
                if isinstance(answer.get(key), str):
                    return str(answer[key])
    text = response.text.strip()[:_LONGEST]
    return text or f"The server answered {response.status_code} {response.reason} to {response.url}."
