"""The faults of VOSpace by their exact names and statuses (VOSpace 2.1 §5), and how they are told."""

from fastapi import Request
from fastapi.responses import PlainTextResponse

from core.errors import InvalidValueError, NotFoundError, PhotozError

__all__ = [
    "InvalidArgumentError",
    "InvalidURIError",
    "OperationNotSupportedError",
    "ViewNotSupportedError",
    "fault_answer",
]


class InvalidURIError(InvalidValueError):
    """An address that no node can have, or that belongs to another service."""

    code = "InvalidURI"


class InvalidArgumentError(InvalidValueError):
    """A parameter whose value cannot be used."""

    code = "InvalidArgument"


class ViewNotSupportedError(InvalidValueError):
    """A view that the service does not give."""

    code = "ViewNotSupported"


class OperationNotSupportedError(PhotozError):
    """Something that VOSpace knows and this service does not do."""

    code = "OperationNotSupported"
    status = 501


def fault_answer(_request: Request, error: PhotozError) -> PlainTextResponse:
    """Dress an error: the name of the fault is the first word, a sentence for people follows."""
    return PlainTextResponse(f"{_fault_name(error)}: {error.message}", error.status)


def _fault_name(error: PhotozError) -> str:
    if isinstance(error, NotFoundError):
        return "NodeNotFound"
    if type(error) is InvalidValueError:
        return "InvalidArgument"
    return "InternalFault" if error.status >= 500 and error.code == "Error" else error.code
