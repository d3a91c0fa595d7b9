"""Errors of requests, with the messages of the server.

They are subclasses of the errors that version 0.3 raised: ``ValueError`` for values and things that do not exist,
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
    """Base class of all errors of this library."""


class RequestError(PzServerError, RequestException):
    """The server could not be reached, or it refused a request."""


class AuthenticationError(RequestError):
    """The token is not valid."""


class InvalidValueError(RequestError, ValueError):
    """The server rejected a value."""


class NotFoundError(RequestError, ValueError):
    """The object does not exist, or you may not see it."""


class PermissionDeniedError(RequestError, ValueError):
    """You do not have permission for this action."""


class RequiredColumnsError(InvalidValueError):
    """Mandatory column meanings of the product's type are missing."""


class BrokenDownloadError(PzServerError):
    """A downloaded file is incomplete or differs from the one on the server; another attempt resumes it."""


_CLASSES: dict[int, type[RequestError]] = {
    400: InvalidValueError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    406: RequiredColumnsError,
}


def check(response: Response) -> Response:
    """Return a response, or raise the error that it reports."""
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
