"""Errors that a caller may meet: each has a code, an HTTP status, and a sentence that names the wrong value.

Services raise the most particular class; each router dresses it in its own protocol (a VOTable for TAP, a fault
name for VOSpace and UWS, JSON for the REST API, a page for the web UI).
"""

from typing import ClassVar

__all__ = [
    "AuthenticationError",
    "ConflictError",
    "InvalidValueError",
    "NotFoundError",
    "PermissionDeniedError",
    "PhotozError",
    "ServiceBusyError",
    "StorageFullError",
    "TooLargeError",
    "TooManyAttemptsError",
    "UnreadableFileError",
]


class PhotozError(Exception):
    """Base of all errors that reach a caller.

    Parameters
    ----------
    message
        A whole sentence: what was wrong, with the value, and what to do.
    field
        Name of the parameter or form field that was wrong, when there is one.
    """

    code: ClassVar[str] = "Error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidValueError(PhotozError):
    """A value that the caller sent cannot be used."""

    code = "InvalidValue"
    status = 400


class AuthenticationError(PhotozError):
    """Nobody, or not who they say: a password, token or session that does not hold."""

    code = "NotAuthenticated"
    status = 401


class TooManyAttemptsError(AuthenticationError):
    """So many wrong passwords of late that even the right one has to wait."""

    code = "TooManyAttempts"
    status = 429


class PermissionDeniedError(PhotozError):
    """The caller is known, sees the thing, and may not do this to it."""

    code = "PermissionDenied"
    status = 403


class NotFoundError(PhotozError):
    """The thing does not exist, or the caller may not know that it does."""

    code = "NotFound"
    status = 404


class ConflictError(PhotozError):
    """The thing is in a state in which this cannot be done."""

    code = "Conflict"
    status = 409


class TooLargeError(PhotozError):
    """More bytes, rows or columns than the limit allows."""

    code = "TooLarge"
    status = 413


class UnreadableFileError(PhotozError):
    """A file cannot be read as the table that it should be."""

    code = "UnreadableFile"
    status = 422


class ServiceBusyError(PhotozError):
    """The service is at its limit; the same request may succeed later."""

    code = "ServiceBusy"
    status = 503


class StorageFullError(PhotozError):
    """There is no room left to store what was sent."""

    code = "StorageFull"
    status = 507
