"""XML documents of VOSpace 2.1: nodes (§3.1) and transfers (§3.6).

Documents with entities or external references are refused, whoever sent them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CORE", "Node", "node_document", "read_node", "transfer_document", "uri_of"]

#: Prefix of the identifiers of standard properties.
CORE = "ivo://ivoa.net/vospace/core#"

_CADC = "ivo://cadc.nrc.ca/vospace/core#"
_CADC_NAMES = frozenset({"inheritPermissions", "islocked"})
_VOS = "http://www.ivoa.net/xml/VOSpace/v2.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PLAIN = "-._~!$&'()*+,;=:@"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of VOSpace: a file, a folder or a link.

    Parameters
    ----------
    path
        Path from the root of the space, such as ``home/ada/x.parquet``.
    kind
        Node type: ``ContainerNode`` for folders, ``DataNode`` for files, ``LinkNode`` for links.
    properties
        Values by name; those of the standard without ``core#``.
    children
        Nodes of a folder; empty where the children were not asked for.
    target
        Where a link points to.
    """

    path: str
    kind: str
    properties: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    target: str | None = None

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Whether the node can have children."""
        return self.kind == "ContainerNode"

    @property
    def size(self) -> int:
        """Number of bytes; 0 for a folder whose size is not known."""
        return int(self.properties.get("length") or 0)

    @property
    def modified(self) -> datetime | None:
        """Time of the last change."""
        text = self.properties.get("mtime") or self.properties.get("date")
        if not text:
            return None
        time = datetime.fromisoformat(text)
        return time if time.tzinfo else time.replace(tzinfo=UTC)

    @property
    def md5(self) -> str | None:
        """MD5 of the bytes, in hexadecimal digits."""
        return self.properties.get("MD5")

    @property
    def is_public(self) -> bool:
        """Whether everybody can read the node, where the containers above it are public as well."""
        return self.properties.get("ispublic") == "true"

    @property
    def groups_read(self) -> tuple[str, ...]:
        """Identifiers of the groups that can read the node."""
        return tuple(self.properties.get("groupread", "").split())

    @property
    def groups_write(self) -> tuple[str, ...]:
        """Identifiers of the groups that can write the node."""
        return tuple(self.properties.get("groupwrite", "").split())


def read_node(document: bytes) -> tuple[Node, str]:
    """Parse the document of a node with its children; return it and its URI.

    Raises
    ------
    ValueError
        The document is not one of VOSpace.
    """
    try:
        element = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as e:
        message = f"The server did not answer with the document of a node: {e}."
        raise ValueError(message) from e
    return _node(element), element.get("uri", "")


def node_document(
    uri: str, kind: str, properties: Mapping[str, str | None] | None = None, *, target: str | None = None
) -> bytes:
    """Write the document of a node; a property of None is deleted."""
    node = ET.Element(f"{{{_VOS}}}node", {"uri": uri, f"{{{_XSI}}}type": f"vos:{kind}"})
    listed = ET.SubElement(node, f"{{{_VOS}}}properties")
    for name, value in (properties or {}).items():
        element = ET.SubElement(listed, f"{{{_VOS}}}property", {"uri": _property_uri(name)})
        if value is None:
            element.set(f"{{{_XSI}}}nil", "true")
        else:
            element.text = value
    if target is not None:
        ET.SubElement(node, f"{{{_VOS}}}target").text = target
    return _written(node)


def transfer_document(target: str, direction: str, *, keep: bool, endpoint: tuple[str, str] | None = None) -> bytes:
    """Write the document of a transfer (VOSpace 2.1 §3.6).

    Parameters
    ----------
    target
        URI of the node.
    direction
        URI to which the node is moved or copied, or ``pullToVoSpace``.
    keep
        Whether a move keeps the node where it is, so that it is a copy.
    endpoint
        Protocol and address from which the bytes come.
    """
    transfer = ET.Element(f"{{{_VOS}}}transfer")
    for name, text in (("target", target), ("direction", direction)):
        ET.SubElement(transfer, f"{{{_VOS}}}{name}").text = text
    if endpoint is not None:
        protocol = ET.SubElement(transfer, f"{{{_VOS}}}protocol", {"uri": endpoint[0]})
        ET.SubElement(protocol, f"{{{_VOS}}}endpoint").text = endpoint[1]
    ET.SubElement(transfer, f"{{{_VOS}}}keepBytes").text = "true" if keep else "false"
    return _written(transfer)


def uri_of(root: str, path: str) -> str:
    """Return the URI of a path below the URI of the root."""
    names = "/".join(quote(name, safe=_PLAIN) for name in path.split("/")) if path else ""
    return f"{root.rstrip('/')}/{names}".rstrip("/")


def _node(element: ET.Element) -> Node:
    authority_and_path = element.get("uri", "").partition("://")[2]
    children = element.find(f"{{{_VOS}}}nodes")
    target = element.findtext(f"{{{_VOS}}}target")
    return Node(
        path=unquote(authority_and_path.partition("/")[2]),
        kind=element.get(f"{{{_XSI}}}type", "").rpartition(":")[2],
        properties={
            _property_name(item.get("uri", "")): item.text or ""
            for item in element.iterfind(f"{{{_VOS}}}properties/{{{_VOS}}}property")
        },
        children=() if children is None else tuple(map(_node, children)),
        target=None if target is None else target.strip(),
    )


def _property_uri(name: str) -> str:
    if ":" in name:
        return name
    return f"{_CADC if name in _CADC_NAMES else CORE}{name}"


def _property_name(uri: str) -> str:
    return uri.removeprefix(CORE).removeprefix(_CADC)


def _written(element: ET.Element) -> bytes:
    ET.register_namespace("vos", _VOS)
    ET.register_namespace("xsi", _XSI)
    element.set("version", "2.1")
    written: bytes = ET.tostring(element, encoding="UTF-8", xml_declaration=True)
    return written
