"""Parser of documents from clients: nodes, and the root of transfers (VOSpace 2.1 §3.1, §3.6)."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from vospace.faults import InvalidArgumentError, TypeNotSupportedError
from vospace.models import CADC, CADC_NAMES, CORE, READ_ONLY, SETTABLE, NodeKind, NodeRequest, PropertyRequest

__all__ = ["LARGEST_DOCUMENT", "property_name", "read_document", "read_node"]

#: Maximum number of bytes of the document of a node or a transfer.
LARGEST_DOCUMENT = 32_768

_NAMESPACES = frozenset({"http://www.ivoa.net/xml/VOSpace/v2.0", "http://www.ivoa.net/xml/VOSpace/v2.1", None})
_STANDARD = READ_ONLY.union(SETTABLE)
_XSI = "http://www.w3.org/2001/XMLSchema-instance"

_Element = Any  # lxml ships no types


def read_document(body: bytes, root: str) -> _Element:
    """Parse a VOSpace document with a given root element; no external entity is loaded.

    Raises
    ------
    InvalidArgumentError
        The document is longer than `LARGEST_DOCUMENT`, is not XML, has a document type definition, or has another root
        element.
    """
    if len(body) > LARGEST_DOCUMENT:
        message = f"The document is longer than {LARGEST_DOCUMENT} bytes."
        raise InvalidArgumentError(message)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        element = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        message = f"The document is not XML: {str(e)[:200]}."
        raise InvalidArgumentError(message) from e
    if element.getroottree().docinfo.doctype or any(True for _ in element.iter(etree.Entity)):
        message = "The document has a document type definition, which is not allowed."
        raise InvalidArgumentError(message)
    name = etree.QName(element)
    if name.localname != root or name.namespace not in _NAMESPACES:
        message = f"The document is a '{name.localname[:80]}', not a '{root}' of VOSpace."
        raise InvalidArgumentError(message)
    return element


def read_node(body: bytes) -> NodeRequest:
    """Parse the document of a node."""
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
    """Return the short name of a property: without the prefix of the standard, or of CADC.

    An identifier that is not a URI, and not the name of a standard property either, gets a colon before it, so that it
    is not taken for one of the standard.
    """
    short = uri.removeprefix(CADC)
    if short in CADC_NAMES:
        return short
    return uri.removeprefix(CORE) if ":" in uri or uri in _STANDARD else f":{uri}"


def _kind(element: _Element) -> NodeKind:
    name = element.get(f"{{{_XSI}}}type", "").rpartition(":")[2]
    try:
        return NodeKind(name)
    except ValueError as e:
        message = f"The node type '{name[:80]}' is not supported; supported types are {', '.join(NodeKind)}."
        raise TypeNotSupportedError(message) from e


def _properties(element: _Element) -> Iterator[PropertyRequest]:
    for item in element.iterfind("{*}properties/{*}property"):
        uri = item.get("uri")
        if not uri:
            message = "A property of the node has no 'uri'."
            raise InvalidArgumentError(message)
        nil = item.get(f"{{{_XSI}}}nil", "false").strip() in {"true", "1"}
        yield PropertyRequest(property_name(uri), None if nil else item.text or "")
