"""The capabilities document of a service (VOSI 1.1 §3.1, VOResource 1.1 §3.2).

The elements are built with lxml, because capabilities of other standards (TAPRegExt) have elements of their own. Only
the root is qualified; the prefixes in ``xsi:type`` are declared there, where every client finds them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from lxml import etree

__all__ = [
    "BASIC_AUTH",
    "COOKIE",
    "PARAM_HTTP",
    "TOKEN",
    "Capability",
    "Interface",
    "add_capability",
    "capabilities_document",
]

#: Security methods (SSO 2.0 §3); the token is the method that CADC's clients look for.
BASIC_AUTH = "ivo://ivoa.net/sso#BasicAA"
COOKIE = "ivo://ivoa.net/sso#cookie"
TOKEN = "ivo://ivoa.net/sso#token"  # noqa: S105 - the name of a method, not a secret

#: ``xsi:type`` of interfaces with parameters (VODataService 1.2 §3.5).
PARAM_HTTP = "vs:ParamHTTP"

_VOSI = "http://www.ivoa.net/xml/VOSICapabilities/v1.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = etree.QName(_XSI, "type")
_NAMESPACES = {
    "vosi": _VOSI,
    "vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
    "tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "vg": "http://www.ivoa.net/xml/VORegistry/v1.0",
    "xsi": _XSI,
}

_Element = Any  # lxml ships no types


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of a capability.

    Parameters
    ----------
    use
        Whether the address is complete, the beginning of longer ones, or a folder (VOResource 1.1 §3.2.1).
    security
        Identifiers of the sign-in methods, for each of which the document has an interface of its own; None means
        anonymous use. An empty tuple means that no sign-in is needed.
    result_type
        Media type of the response, of interfaces with parameters alone (VODataService 1.2 §3.5).
    """

    access_url: str
    use: Literal["full", "base", "dir"] = "full"
    type: str = PARAM_HTTP
    role: str | None = None
    version: str | None = None
    security: tuple[str | None, ...] = ()
    result_type: str | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability of a service, named by the identifier of its standard.

    Parameters
    ----------
    standard_id
        Empty for one that follows no standard, such as a page.
    type
        ``xsi:type`` of an extended capability, for example ``tr:TableAccess``.
    extension
        Its lxml elements, in their order; they follow the interfaces. They must be unqualified.
    """

    standard_id: str
    interfaces: tuple[Interface, ...]
    type: str | None = None
    description: str | None = None
    extension: tuple[_Element, ...] = ()


def capabilities_document(capabilities: Iterable[Capability]) -> bytes:
    """Write a capabilities document."""
    root = etree.Element(etree.QName(_VOSI, "capabilities"), nsmap=_NAMESPACES)
    for capability in capabilities:
        add_capability(root, capability)
    xml: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return xml


def add_capability(root: _Element, capability: Capability) -> None:
    """Add the element of a capability; the prefixes of its ``xsi:type`` must be declared above it."""
    element = etree.SubElement(root, "capability")
    if capability.standard_id:
        element.set("standardID", capability.standard_id)
    if capability.type is not None:
        element.set(_TYPE, capability.type)
    if capability.description is not None:
        etree.SubElement(element, "description").text = capability.description
    for interface in capability.interfaces:
        # One for each method, as Erratum 1 of VOResource 1.1 wants; one of them has the role (TAPRegExt 1.0 §2).
        for number, method in enumerate(interface.security or (None,)):
            _add_interface(element, interface if number == 0 else replace(interface, role=None), method)
    element.extend(capability.extension)


def _add_interface(parent: _Element, interface: Interface, method: str | None) -> None:
    element = etree.SubElement(parent, "interface")
    element.set(_TYPE, interface.type)
    for name, value in (("role", interface.role), ("version", interface.version)):
        if value is not None:
            element.set(name, value)
    etree.SubElement(element, "accessURL", use=interface.use).text = interface.access_url
    if method is not None:
        etree.SubElement(element, "securityMethod", standardID=method)
    if interface.result_type is not None:
        etree.SubElement(element, "resultType").text = interface.result_type
