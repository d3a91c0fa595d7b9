"""The faults of VOSpace by their exact names and statuses (VOSpace 2.1 §5), and how they are told."""

from fastapi import Request
from fastapi.responses import PlainTextResponse

from core.errors import (
    AuthenticationError,
    ConflictError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    PhotozError,
    ServiceBusyError,
    StorageFullError,
    TooLargeError,
)
from vospace.models import Path, written

__all__ = [
    "ContainerNotFoundError",
    "DigestMismatchError",
    "DuplicateNodeError",
    "InvalidArgumentError",
    "InvalidDataError",
    "InvalidURIError",
    "LinkFoundError",
    "NodeBusyError",
    "NodeLockedError",
    "NodeNotFoundError",
    "OperationNotSupportedError",
    "ProtocolNotSupportedError",
    "QuotaExceededError",
    "TransferFailedError",
    "TypeNotSupportedError",
    "ViewNotSupportedError",
    "fault_answer",
    "fault_name",
    "fault_text",
]


class InvalidURIError(InvalidValueError):
    """An address that no node can have, or that belongs to another service."""

    code = "InvalidURI"


class InvalidArgumentError(InvalidValueError):
    """A parameter or a document whose value cannot be used."""

    code = "InvalidArgument"


class InvalidDataError(InvalidValueError):
    """Bytes that are not what they were said to be."""

    code = "InvalidData"


class DigestMismatchError(InvalidDataError):
    """Bytes whose checksum is another than the client sent, or a condition on the old bytes that does not hold."""

    status = 412


class TypeNotSupportedError(InvalidValueError):
    """A type of node that cannot be made here."""

    code = "TypeNotSupported"


class ViewNotSupportedError(InvalidValueError):
    """A view that the service does not give."""

    code = "ViewNotSupported"


class ProtocolNotSupportedError(InvalidValueError):
    """No protocol of a transfer is one of this service."""

    code = "ProtocolNotSupported"


class LinkFoundError(InvalidValueError):
    """A link stands where there must be a container."""

    code = "LinkFound"


class NodeNotFoundError(NotFoundError):
    """There is no such node, or the caller may not know of it: the words are the same."""

    code = "NodeNotFound"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no node '{written(path)[:500]}'.")


class ContainerNotFoundError(NotFoundError):
    """A container on the way to a node does not exist, or the caller may not know of it."""

    code = "ContainerNotFound"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no container '{written(path)[:500]}'.")


class DuplicateNodeError(ConflictError):
    """There is a node of this name already."""

    code = "DuplicateNode"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is already a node '{written(path)[:500]}'.")


class NodeBusyError(ConflictError):
    """Bytes are on their way to the node."""

    code = "NodeBusy"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The node '{written(path)[:500]}' is being written; try again when that is done.")


class NodeLockedError(PhotozError):
    """Somebody locked the node."""

    code = "NodeLocked"
    status = 423

    def __init__(self, path: Path) -> None:
        super().__init__(f"The node '{written(path)[:500]}' is locked; unlock it first (core#islocked).")


class QuotaExceededError(TooLargeError):
    """There is no room left in somebody's home."""

    code = "QuotaExceeded"


class OperationNotSupportedError(PhotozError):
    """Something that VOSpace knows and this service does not do."""

    code = "OperationNotSupported"
    status = 501


class TransferFailedError(PhotozError):
    """Bytes could not be fetched from, or sent to, where the client said."""

    code = "TransferFailed"


def fault_answer(_request: Request, error: PhotozError) -> PlainTextResponse:
    """Dress an error: the name of the fault is the first word, a sentence for people follows."""
    return PlainTextResponse(fault_text(error), error.status)


def fault_text(error: PhotozError) -> str:
    """Write an error with the name of its fault before its sentence."""
    return f"{fault_name(error)}: {error.message}"


def fault_name(error: PhotozError) -> str:
    """Return the name of the fault that an error is."""
    if error.code in _NAMES:
        return error.code
    return next((name for kind, name in _BASES if isinstance(error, kind)), "InternalFault")


_NAMES = frozenset({
    "ContainerNotFound", "DuplicateNode", "InvalidArgument", "InvalidData", "InvalidURI", "LinkFound", "NodeBusy",
    "NodeLocked", "NodeNotFound", "OperationNotSupported", "PermissionDenied", "ProtocolNotSupported", "QuotaExceeded",
    "TransferFailed", "TypeNotSupported", "ViewNotSupported",
})  # fmt: skip

#: What errors of other packages are to VOSpace.
_BASES = (
    (NotFoundError, "NodeNotFound"),
    (AuthenticationError, "PermissionDenied"),
    (PermissionDeniedError, "PermissionDenied"),
    (TooLargeError, "QuotaExceeded"),
    (StorageFullError, "InsufficientStorage"),
    (ServiceBusyError, "ServiceBusy"),
    (ConflictError, "InvalidArgument"),
    (InvalidValueError, "InvalidArgument"),
)
