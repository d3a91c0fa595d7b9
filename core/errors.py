"""Errors that reach a caller: each has a code, an HTTP status, and a message that names the wrong value.

Services raise the most specific class; each router renders it in its own protocol (a VOTable for TAP, a fault
name for VOSpace and UWS, JSON for the REST API, a page for the web UI).
"""

import errno
from collections.abc import Iterator
from typing import ClassVar

__all__ = [
    "AuthenticationError",
    "ConflictError",
    "DamagedFileError",
    "InvalidValueError",
    "NotFoundError",
    "PermissionDeniedError",
    "PhotozError",
    "ServiceBusyError",
    "StorageFullError",
    "TooLargeError",
    "TooManyAttemptsError",
    "TooManyRequestsError",
    "UnreadableFileError",
    "is_out_of_memory",
]

#: Parts of messages of errors that have no class of their own: threads of Python, C++ libraries such as DuckDB.
_WORDS = ("can't start new thread", "bad_alloc", "cannot allocate memory", "out of memory")


class PhotozError(Exception):
    """Base of all errors that reach a caller.

    Parameters
    ----------
    message
        A whole sentence that states what was wrong, with the value, and what to do.
    field
        Name of the parameter or form field that was wrong, when there is one.
    """

    code: ClassVar[str] = "Error"
    status: ClassVar[int] = 500
    #: Seconds after which the same request may succeed (Retry-After, RFC 9110 §10.2.3).
    retry_after: int | None = None

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidValueError(PhotozError):
    """A value that the caller sent cannot be used."""

    code = "InvalidValue"
    status = 400


class AuthenticationError(PhotozError):
    """Missing credentials, or a password, token or session that is not valid."""

    code = "NotAuthenticated"
    status = 401


class TooManyAttemptsError(AuthenticationError):
    """Too many failed sign-ins of an account; further ones are refused for a while."""

    code = "TooManyAttempts"
    status = 429
    retry_after = 900


class TooManyRequestsError(PhotozError):
    """The caller has sent more requests than their share."""

    code = "TooManyRequests"
    status = 429


class PermissionDeniedError(PhotozError):
    """The caller is authenticated and may read the object, but not do this to it."""

    code = "PermissionDenied"
    status = 403


class NotFoundError(PhotozError):
    """The object does not exist, or the caller may not know that it exists."""

    code = "NotFound"
    status = 404


class ConflictError(PhotozError):
    """The state of the object does not allow the operation."""

    code = "Conflict"
    status = 409


class TooLargeError(PhotozError):
    """More bytes, rows or columns than the limit allows."""

    code = "TooLarge"
    status = 413


class UnreadableFileError(PhotozError):
    """A file cannot be read as a table."""

    code = "UnreadableFile"
    status = 422


class DamagedFileError(PhotozError):
    """The bytes of a stored file are not those that were stored; only the operator can help."""

    code = "DamagedFile"
    status = 500


class ServiceBusyError(PhotozError):
    """The service is overloaded or unavailable; the same request may succeed later."""

    code = "ServiceBusy"
    status = 503
    retry_after = 5


class StorageFullError(PhotozError):
    """Insufficient disk space or quota to store the data of the request."""

    code = "StorageFull"
    status = 507


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, or the one that caused it, means that memory ran out.

    Arrow's and numpy's errors are MemoryErrors; a memory map fails with ENOMEM, a new thread with a RuntimeError.
    """
    return any(_means_memory(each) for each in _chain(error))


def _means_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    # Texts of other errors may quote what a user wrote.
    return isinstance(error, RuntimeError | OSError) and any(word in str(error).lower() for word in _WORDS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
