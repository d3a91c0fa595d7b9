"""Faults of VOSpace with their standard names and HTTP statuses (VOSpace 2.1 §5)."""

import re

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
    "fault_name",
    "fault_of_summary",
    "fault_summary",
    "fault_text",
]


class InvalidURIError(InvalidValueError):
    """Raised for a URI that is not valid for a node of this service."""

    code = "InvalidURI"


class InvalidArgumentError(InvalidValueError):
    """Raised for an invalid parameter or document."""

    code = "InvalidArgument"


class InvalidDataError(InvalidValueError):
    """Raised for bytes that differ from what the client declared."""

    code = "InvalidData"


class DigestMismatchError(InvalidDataError):
    """Raised when a checksum of the client or a conditional header does not match."""

    status = 412


class TypeNotSupportedError(InvalidValueError):
    """Raised for a node type that this service does not support."""

    code = "TypeNotSupported"


class ViewNotSupportedError(InvalidValueError):
    """Raised for a view that this service does not support."""

    code = "ViewNotSupported"


class ProtocolNotSupportedError(InvalidValueError):
    """Raised when this service supports no protocol of a transfer."""

    code = "ProtocolNotSupported"


class LinkFoundError(InvalidValueError):
    """Raised when a path leads through a link that cannot be followed."""

    code = "LinkFound"


class NodeNotFoundError(NotFoundError):
    """Raised when a node does not exist or is not visible to the caller; the message is the same."""

    code = "NodeNotFound"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no node '{written(path)[:500]}'.")


class ContainerNotFoundError(NotFoundError):
    """Raised when a container above a node does not exist or is not visible to the caller."""

    code = "ContainerNotFound"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no container '{written(path)[:500]}'.")


class DuplicateNodeError(ConflictError):
    """Raised when a node of this name exists already."""

    code = "DuplicateNode"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is already a node '{written(path)[:500]}'.")


class NodeBusyError(ConflictError):
    """Raised when the bytes of the node are being written by another request."""

    code = "NodeBusy"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The node '{written(path)[:500]}' is being written; try again later.")


class NodeLockedError(PhotozError):
    """Raised when the node is locked."""

    code = "NodeLocked"
    status = 423

    def __init__(self, path: Path) -> None:
        super().__init__(f"The node '{written(path)[:500]}' is locked; unlock it first (core#islocked).")


class QuotaExceededError(TooLargeError):
    """Raised when the quota of a home would be exceeded."""

    code = "QuotaExceeded"


class OperationNotSupportedError(PhotozError):
    """Raised for an operation of VOSpace that this service does not support."""

    code = "OperationNotSupported"
    status = 501


class TransferFailedError(PhotozError):
    """Raised when bytes could not be fetched from, or sent to, a remote endpoint."""

    code = "TransferFailed"


def fault_text(error: PhotozError) -> str:
    """Return the name of the fault and the message of an error."""
    return f"{fault_name(error)}: {error.message}"


def fault_summary(error: PhotozError) -> str:
    """Return the errorSummary of a job: the words of the fault, as in the tables of VOSpace 2.1 §6, and the message."""
    return f"{_words(fault_name(error))}: {error.message}"


def fault_of_summary(summary: str) -> str:
    """Return the name of the fault of an errorSummary."""
    words = summary.partition(":")[0]
    return next((name for name in (*_NAMES, *dict(_BASES).values()) if _words(name) == words), "InternalFault")


def fault_name(error: PhotozError) -> str:
    """Return the name of the fault for an error."""
    if error.code in _NAMES:
        return error.code
    return next((name for kind, name in _BASES if isinstance(error, kind)), "InternalFault")


_NAMES = frozenset({
    "ContainerNotFound", "DuplicateNode", "InvalidArgument", "InvalidData", "InvalidURI", "LinkFound", "NodeBusy",
    "NodeLocked", "NodeNotFound", "OperationNotSupported", "PermissionDenied", "ProtocolNotSupported", "QuotaExceeded",
    "TransferFailed", "TypeNotSupported", "ViewNotSupported",
})  # fmt: skip

#: Faults for the base classes of errors.
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


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
