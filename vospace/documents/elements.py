"""Elements of VOSpace documents, and the documents of protocols, views and properties (VOSpace 2.1 §5, §6.1)."""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from vospace.models import CADC, CADC_NAMES, CORE, READ_ONLY, SETTABLE

__all__ = [
    "DATA_VIEWS",
    "UPLOAD_VIEWS",
    "VERSION",
    "VOS",
    "XSI",
    "child",
    "foreign_child",
    "properties_document",
    "property_uri",
    "protocols_document",
    "views_document",
    "written_document",
]

VOS = "http://www.ivoa.net/xml/VOSpace/v2.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {"vos": VOS, "xsi": XSI}

#: Version of the standard, an attribute of documents; the namespace is that of version 2.0.
VERSION = "2.1"

#: Views of data nodes for downloads and for uploads.
DATA_VIEWS = (f"{CORE}defaultview", f"{CORE}binaryview")
UPLOAD_VIEWS = (f"{CORE}anyview", f"{CORE}defaultview", f"{CORE}binaryview")

_Element = Any  # lxml ships no types


def protocols_document(accepted: Iterable[str], provided: Iterable[str]) -> bytes:
    """Write the document of protocols: those that the service uses itself, and those that clients can use."""
    return _two_lists("protocols", "protocol", accepted, provided)


def views_document(archives: Iterable[str]) -> bytes:
    """Write the document of views; ``archives`` are the views of containers."""
    return _two_lists("views", "view", UPLOAD_VIEWS, (*DATA_VIEWS, *archives))


def properties_document() -> bytes:
    """Write the document of properties: those that clients can set, and those that nodes have."""
    known = sorted({*SETTABLE, *READ_ONLY})
    root = _two_lists_root("properties", "property", map(property_uri, SETTABLE), map(property_uri, known))
    _add_list(root, "contains", "property", map(property_uri, known))
    return written_document(root)


def property_uri(name: str) -> str:
    """Return the identifier of a property; a name without a colon gets the prefix of the standard, or of CADC."""
    if ":" in name:
        return name.removeprefix(":")
    return (CADC if name in CADC_NAMES else CORE) + name


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
    return etree.Element(etree.QName(VOS, name), attributes, nsmap=_NAMESPACES)


def foreign_child(parent: _Element, name: str, **attributes: str) -> _Element:
    """Add a VOSpace element to an element of another standard."""
    return etree.SubElement(parent, f"{{{VOS}}}{name}", attributes, nsmap=_NAMESPACES)


def child(parent: _Element, name: str, **attributes: str) -> _Element:
    """Add a VOSpace element to a VOSpace element."""
    return etree.SubElement(parent, f"{{{VOS}}}{name}", attributes)


def written_document(root: _Element) -> bytes:
    """Serialise a document in UTF-8."""
    xml: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return xml
