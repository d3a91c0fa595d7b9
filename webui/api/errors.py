"""Errors of the REST API as JSON."""

from fastapi import Request
from fastapi.responses import JSONResponse

from core.errors import AuthenticationError, PhotozError, TooLargeError
from products.publication import MissingColumnsError

__all__ = ["error_answer"]


def error_answer(request: Request, error: PhotozError) -> JSONResponse:
    """Dress an error: under the name of the field that was wrong, and always as ``detail``.

    Missing columns are a bare JSON string, because that is what clients of this API print.
    """
    if isinstance(error, MissingColumnsError):
        return JSONResponse(error.message, error.status)
    if isinstance(error, AuthenticationError) and "authorization" not in request.headers:
        error = AuthenticationError("Authentication credentials were not provided.")
    answer: dict[str, object] = {"detail": error.message, "code": error.code}
    if error.field is not None and not isinstance(error, AuthenticationError | TooLargeError):
        answer = {error.field: [error.message], **answer}
    return JSONResponse(answer, error.status)
