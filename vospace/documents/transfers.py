"""Documents and parameters of transfers (VOSpace 2.1 §3.6)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from core.web.dali import DaliParameters
from vospace.documents.elements import VERSION, child, foreign_child, written_document
from vospace.documents.requests import property_name, read_document
from vospace.faults import InvalidArgumentError
from vospace.models import CORE

__all__ = [
    "PULL_FROM",
    "PULL_TO",
    "PUSH_FROM",
    "PUSH_TO",
    "ProtocolRequest",
    "Transfer",
    "add_transfer",
    "read_transfer",
    "transfer_document",
    "transfer_of_parameters",
]

PUSH_TO, PULL_FROM = "pushToVoSpace", "pullFromVoSpace"
PULL_TO, PUSH_FROM = "pullToVoSpace", "pushFromVoSpace"
_DIRECTIONS = frozenset({PUSH_TO, PULL_FROM, PULL_TO, PUSH_FROM})
_MOST_TARGETS = 100

_Element = Any  # lxml ships no types


@dataclass(frozen=True, slots=True)
class ProtocolRequest:
    """A protocol of a transfer: its identifier, its endpoint if known, and the security methods requested."""

    uri: str
    endpoint: str | None = None
    security: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer, as requested by a client or as returned.

    Parameters
    ----------
    targets
        URIs of nodes; several for a package.
    direction
        One of the four directions, or the URI of the node to which the target is moved or copied.
    keep_bytes
        Whether the target is copied instead of moved.
    format, size
        Media type of a package, and number of bytes of an upload, if the client declares them.
    """

    targets: tuple[str, ...]
    direction: str
    view: str | None = None
    protocols: tuple[ProtocolRequest, ...] = ()
    keep_bytes: bool = True
    format: str | None = None
    size: int | None = None

    @property
    def is_internal(self) -> bool:
        """Whether it moves or copies nodes within this service."""
        return self.direction not in _DIRECTIONS

    def with_protocols(self, protocols: Iterable[ProtocolRequest]) -> "Transfer":
        """Return the transfer with other protocols."""
        return replace(self, protocols=tuple(protocols))


def read_transfer(body: bytes) -> Transfer:
    """Parse the document of a transfer.

    Raises
    ------
    InvalidArgumentError
        The document is not a transfer, or has no target or no direction.
    """
    element = read_document(body, "transfer")
    targets = tuple(text for each in element.iterfind("{*}target") if (text := (each.text or "").strip()))
    direction = (element.findtext("{*}direction") or "").strip()
    if not targets or len(targets) > _MOST_TARGETS or not direction:
        message = f"A transfer needs a direction and a target; a package can have up to {_MOST_TARGETS} targets."
        raise InvalidArgumentError(message)
    view = element.find("{*}view")
    keep = (element.findtext("{*}keepBytes") or "true").strip().lower()
    if keep not in {"true", "false", "1", "0"}:
        message = f"keepBytes must be true or false, not '{keep[:40]}'."
        raise InvalidArgumentError(message)
    params = {property_name(each.get("uri", "")): (each.text or "").strip() for each in element.iterfind("{*}param")}
    views = {} if view is None else {
        property_name(each.get("uri", "")): (each.text or "").strip() for each in view.iterfind("{*}param")
    }  # fmt: skip
    length = params.get("length", "")
    return Transfer(
        targets=targets,
        direction=direction,
        view=None if view is None else view.get("uri"),
        protocols=tuple(_protocol(each) for each in element.iterfind("{*}protocol")),
        keep_bytes=keep in {"true", "1"},
        format=views.get("format"),
        size=int(length) if length.isascii() and length.isdecimal() and len(length) <= 18 else None,
    )


def transfer_of_parameters(parameters: DaliParameters) -> Transfer:
    """Return the transfer in TARGET, DIRECTION, PROTOCOL, VIEW and SECURITYMETHOD (VOSpace 2.1 §3.6.2)."""
    target, direction = parameters.one("TARGET"), parameters.one("DIRECTION")
    protocols = [value for value in parameters.all("PROTOCOL") if value.strip()]
    if target is None or direction is None or len(protocols) != 1:
        message = "A transfer by parameters needs one TARGET, one DIRECTION and one PROTOCOL."
        raise InvalidArgumentError(message)
    if direction not in {PUSH_TO, PULL_FROM}:
        message = (
            f"The DIRECTION of a transfer by parameters must be {PUSH_TO} or {PULL_FROM}, not '{direction[:100]}'."
        )
        raise InvalidArgumentError(message)
    security = tuple(value for value in parameters.all("SECURITYMETHOD") if value.strip())
    return Transfer((target,), direction, parameters.one("VIEW"), (ProtocolRequest(protocols[0], None, security),))


def transfer_document(transfer: Transfer) -> bytes:
    """Write the document of a transfer."""
    holder = etree.Element("holder")
    return written_document(add_transfer(holder, transfer))


def add_transfer(parent: _Element, transfer: Transfer) -> _Element:
    """Add a transfer to an element."""
    element = foreign_child(parent, "transfer", version=VERSION)
    for target in transfer.targets:
        child(element, "target").text = target
    child(element, "direction").text = transfer.direction
    if transfer.view is not None:
        view = child(element, "view", uri=transfer.view)
        if transfer.format is not None:
            child(view, "param", uri=f"{CORE}format").text = transfer.format
    for protocol in transfer.protocols:
        each = child(element, "protocol", uri=protocol.uri)
        if protocol.endpoint is not None:
            child(each, "endpoint").text = protocol.endpoint
        for method in protocol.security:
            child(each, "securityMethod", uri=method)
    if transfer.is_internal:
        child(element, "keepBytes").text = "true" if transfer.keep_bytes else "false"
    if transfer.size is not None:
        child(element, "param", uri=f"{CORE}length").text = str(transfer.size)
    return element


def _protocol(element: _Element) -> ProtocolRequest:
    security = tuple(method for each in element.iterfind("{*}securityMethod") if (method := each.get("uri")))
    endpoint = (element.findtext("{*}endpoint") or "").strip()
    return ProtocolRequest(element.get("uri", ""), endpoint or None, security)
