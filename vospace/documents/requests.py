"""The documents that clients send: nodes and transfers (VOSpace 2.1 §3.1, §3.6), read with any prefixes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from core.errors import TooLargeError
from vospace.faults import InvalidArgumentError, TypeNotSupportedError
from vospace.models import CADC, CADC_NAMES, CORE, NodeKind

__all__ = ["LARGEST_DOCUMENT", "NodeRequest", "PropertyRequest", "property_name", "read_document", "read_node"]

#: Bytes that a document of a node or a transfer may have.
LARGEST_DOCUMENT = 32_768

_NAMESPACES = frozenset({"http://www.ivoa.net/xml/VOSpace/v2.0", "http://www.ivoa.net/xml/VOSpace/v2.1", None})
_XSI = "http://www.w3.org/2001/XMLSchema-instance"

_Element = Any  # lxml ships no types


@dataclass(frozen=True, slots=True)
class PropertyRequest:
    """A property that a client sets; None takes it away."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A node as a client describes it."""

    uri: str
    kind: NodeKind
    properties: tuple[PropertyRequest, ...]
    target: str | None


def read_document(body: bytes, root: str) -> _Element:
    """Parse a document of VOSpace; nothing outside of it is ever looked at.

    Raises
    ------
    TooLargeError
        It is longer than such documents are.
    InvalidArgumentError
        It is not XML, has a document type, or is another document.
    """
    if len(body) > LARGEST_DOCUMENT:
        message = f"The document is longer than {LARGEST_DOCUMENT} bytes."
        raise TooLargeError(message)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        element = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        message = f"The document is not XML: {str(e)[:200]}."
        raise InvalidArgumentError(message) from e
    if element.getroottree().docinfo.doctype or any(True for _ in element.iter(etree.Entity)):
        message = "The document has a document type definition, which is not allowed here."
        raise InvalidArgumentError(message)
    name = etree.QName(element)
    if name.localname != root or name.namespace not in _NAMESPACES:
        message = f"The document is a '{name.localname[:80]}', not a '{root}' of VOSpace."
        raise InvalidArgumentError(message)
    return element


def read_node(body: bytes) -> NodeRequest:
    """Read a node."""
    element = read_document(body, "node")
    uri = element.get("uri")
    if not uri:
        message = "The node has no 'uri'."
        raise InvalidArgumentError(message)
    target = element.findtext("{*}target")
    return NodeRequest(
        uri=uri,
        kind=_kind(element),
        properties=tuple(_properties(element)),
        target=None if target is None else target.strip(),
    )


def property_name(uri: str) -> str:
    """Return the name by which a property is known here."""
    short = uri.removeprefix(CADC)
    return short if short in CADC_NAMES else uri.removeprefix(CORE)


def _kind(element: _Element) -> NodeKind:
    name = element.get(f"{{{_XSI}}}type", "").rpartition(":")[2]
    try:
        return NodeKind(name)
    except ValueError as e:
        message = f"There are no nodes of the type '{name[:80]}' here, only {', '.join(NodeKind)}."
        raise TypeNotSupportedError(message) from e


def _properties(element: _Element) -> Iterator[PropertyRequest]:
    for item in element.iterfind("{*}properties/{*}property"):
        uri = item.get("uri")
        if not uri:
            message = "A property of the node has no 'uri'."
            raise InvalidArgumentError(message)
        nil = item.get(f"{{{_XSI}}}nil", "false").strip() in {"true", "1"}
        yield PropertyRequest(property_name(uri), None if nil else item.text or "")
