"""The documents of VOSpace 2.1 (its schema has the namespace of version 2.0), put together with lxml."""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from vospace.models import CORE, PROPERTIES, Detail, Node, NodeKind
from vospace.uris import NodeUris

__all__ = ["node_document", "properties_document", "protocols_document", "views_document"]

_VOS = "http://www.ivoa.net/xml/VOSpace/v2.0"
_XSI_TYPE = etree.QName("http://www.w3.org/2001/XMLSchema-instance", "type")
_NAMESPACES = {"vos": _VOS, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_VERSION = "2.1"

#: Views that data nodes provide: their bytes as they are.
_VIEWS = ("defaultview", "binaryview")

_Element = Any  # lxml ships no types


def node_document(node: Node, uris: NodeUris, detail: Detail) -> bytes:
    """Write a node and its children."""
    root = _root("node", version=_VERSION)
    _fill_node(root, node, uris, detail)
    return _written(root)


def protocols_document(provided: Iterable[str]) -> bytes:
    """Write the protocols by which clients fetch bytes; the service fetches nothing itself."""
    return _two_lists("protocols", "protocol", (), provided)


def views_document() -> bytes:
    """Write the views; the service takes nothing in."""
    return _two_lists("views", "view", (), _VIEWS)


def properties_document() -> bytes:
    """Write the properties that nodes have; clients can set none of them."""
    root = _two_lists_root("properties", "property", (), PROPERTIES)
    _add_list(root, "contains", "property", PROPERTIES)
    return _written(root)


def _fill_node(element: _Element, node: Node, uris: NodeUris, detail: Detail) -> None:
    element.set("uri", uris.of(node.path))
    element.set(_XSI_TYPE, f"vos:{node.kind}")
    if node.kind is NodeKind.DATA:
        element.set("busy", "false")
    if detail is not Detail.MIN:
        properties = _child(element, "properties")
        for name, value in node.properties.items():
            _child(properties, "property", uri=CORE + name, readOnly="true").text = _plain(value)
    if detail is Detail.MAX:
        _child(element, "accepts")
        _add_list(element, "provides", "view", _VIEWS if node.kind is NodeKind.DATA else ())
        _child(element, "capabilities")
    if node.kind is NodeKind.CONTAINER:
        nodes = _child(element, "nodes")
        for child in node.children:
            _fill_node(_child(nodes, "node"), child, uris, detail)


def _plain(text: str) -> str:
    """Leave out what XML 1.0 cannot say."""
    return "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )


def _two_lists(root: str, item: str, accepts: Iterable[str], provides: Iterable[str]) -> bytes:
    return _written(_two_lists_root(root, item, accepts, provides))


def _two_lists_root(root: str, item: str, accepts: Iterable[str], provides: Iterable[str]) -> _Element:
    element = _root(root)
    _add_list(element, "accepts", item, accepts)
    _add_list(element, "provides", item, provides)
    return element


def _add_list(parent: _Element, name: str, item: str, values: Iterable[str]) -> None:
    element = _child(parent, name)
    for value in values:
        _child(element, item, uri=CORE + value)


def _root(name: str, **attributes: str) -> _Element:
    return etree.Element(etree.QName(_VOS, name), attributes, nsmap=_NAMESPACES)


def _child(parent: _Element, name: str, **attributes: str) -> _Element:
    return etree.SubElement(parent, etree.QName(_VOS, name), attributes)


def _written(root: _Element) -> bytes:
    xml: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return xml
