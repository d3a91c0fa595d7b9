"""The documents of VOSpace 2.1 (its schema has the namespace of version 2.0), put together with lxml."""

import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from core.votable.texts import ILLEGAL_IN_XML
from vospace.models import CADC, CADC_NAMES, CORE, READ_ONLY, Detail, Node, NodeKind
from vospace.uris import NodeUris

__all__ = [
    "VERSION",
    "child",
    "foreign_child",
    "node_document",
    "properties_document",
    "protocols_document",
    "views_document",
    "written_document",
]

_VOS = "http://www.ivoa.net/xml/VOSpace/v2.0"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NAMESPACES = {"vos": _VOS, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_UNSPEAKABLE = re.compile(ILLEGAL_IN_XML + "|[\ud800-\udfff]")

#: Version of the standard that documents say.
VERSION = "2.1"

#: Views of data nodes and of containers, and those in which bytes are taken in.
_DATA_VIEWS = (f"{CORE}defaultview", f"{CORE}binaryview")
_TAKEN_VIEWS = (f"{CORE}anyview", f"{CORE}defaultview", f"{CORE}binaryview")

#: Standard properties that clients may set, and those that the service sets.
_SETTABLE = (
    "contributor", "coverage", "description", "format", "groupread", "groupwrite", "identifier", "inheritPermissions",
    "islocked", "ispublic", "language", "publicread", "publisher", "relation", "rights", "source", "subject", "title",
    "type",
)  # fmt: skip

_Element = Any  # lxml ships no types


def node_document(node: Node, uris: NodeUris, detail: Detail) -> bytes:
    """Write a node and its children."""
    root = _root("node", version=VERSION)
    _fill_node(root, node, uris, detail)
    return written_document(root)


def protocols_document(accepted: Iterable[str], provided: Iterable[str]) -> bytes:
    """Write the protocols by which the service fetches and sends bytes itself, and by which clients do."""
    return _two_lists("protocols", "protocol", accepted, provided)


def views_document(archives: Iterable[str]) -> bytes:
    """Write the views; ``archives`` are those of containers."""
    return _two_lists("views", "view", _TAKEN_VIEWS, (*_DATA_VIEWS, *archives))


def properties_document() -> bytes:
    """Write the properties that nodes have, and those that clients can set."""
    known = sorted({*_SETTABLE, *READ_ONLY})
    root = _two_lists_root("properties", "property", map(_uri, _SETTABLE), map(_uri, known))
    _add_list(root, "contains", "property", map(_uri, known))
    return written_document(root)


def _fill_node(element: _Element, node: Node, uris: NodeUris, detail: Detail) -> None:
    element.set("uri", uris.of(node.path))
    element.set(_XSI_TYPE, f"vos:{node.kind}")
    if node.kind.has_bytes:
        element.set("busy", "true" if node.busy else "false")
    if detail is not Detail.MIN:
        properties = child(element, "properties")
        for name, value in sorted(node.properties.items()):
            fixed = "true" if name in node.read_only else "false"
            child(properties, "property", uri=_uri(name), readOnly=fixed).text = _plain(value)
    if node.kind is NodeKind.LINK:
        child(element, "target").text = _plain(node.target or "")
        return
    if detail is Detail.MAX:
        _add_list(element, "accepts", "view", _TAKEN_VIEWS if node.kind.has_bytes else ())
        _add_list(element, "provides", "view", _DATA_VIEWS if node.kind.has_bytes else uris.archive_views)
        child(element, "capabilities")
    if node.kind is NodeKind.CONTAINER:
        nodes = child(element, "nodes")
        for inner in node.children:
            _fill_node(child(nodes, "node"), inner, uris, detail)


def _uri(name: str) -> str:
    """Give the identifier of a property: a name without a colon is one of the standard, or of CADC."""
    if ":" in name:
        return name
    return (CADC if name in CADC_NAMES else CORE) + name


def _plain(text: str) -> str:
    """Leave out what XML 1.0 cannot say."""
    return text if text.isalnum() else _UNSPEAKABLE.sub("", text)


def _two_lists(root: str, item: str, accepts: Iterable[str], provides: Iterable[str]) -> bytes:
    return written_document(_two_lists_root(root, item, accepts, provides))


def _two_lists_root(root: str, item: str, accepts: Iterable[str], provides: Iterable[str]) -> _Element:
    element = _root(root)
    _add_list(element, "accepts", item, accepts)
    _add_list(element, "provides", item, provides)
    return element


def _add_list(parent: _Element, name: str, item: str, values: Iterable[str]) -> None:
    element = child(parent, name)
    for value in values:
        child(element, item, uri=value)


def _root(name: str, **attributes: str) -> _Element:
    return etree.Element(etree.QName(_VOS, name), attributes, nsmap=_NAMESPACES)


def foreign_child(parent: _Element, name: str, **attributes: str) -> _Element:
    """Add an element of VOSpace to one of another standard."""
    return etree.SubElement(parent, f"{{{_VOS}}}{name}", attributes, nsmap=_NAMESPACES)


def child(parent: _Element, name: str, **attributes: str) -> _Element:
    """Add an element of VOSpace to another."""
    return etree.SubElement(parent, f"{{{_VOS}}}{name}", attributes)


def written_document(root: _Element) -> bytes:
    """Give the bytes of a document."""
    xml: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return xml
