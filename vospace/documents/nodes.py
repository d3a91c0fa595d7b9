"""Streaming XML documents of nodes (VOSpace 2.1 §3.1).

A container may have a hundred thousand children with ten properties each, so the document is written as escaped text, a
block at a time, instead of as a tree. `vospace.documents.elements` has the other documents.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from core.votable.texts import UNSPEAKABLE
from vospace.documents.elements import DATA_VIEWS, UPLOAD_VIEWS, VERSION, VOS, XSI, property_uri
from vospace.models import Detail, Node, NodeKind
from vospace.uris import NodeUris

__all__ = ["node_document"]

_BLOCK = 250
_DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"
_SPECIAL = re.compile('[&<>"\t\n\r]|' + UNSPEAKABLE.pattern)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def node_document(node: Node, uris: NodeUris, detail: Detail) -> Iterator[bytes]:
    """Yield the document of a node and its children in blocks."""
    space = f'xmlns:vos="{VOS}" xmlns:xsi="{XSI}" version="{VERSION}"'
    tails = {kind: _tail(kind, uris, detail) for kind in NodeKind}
    head = _node(node, uris.of(node.path), detail, tails, space=space)
    if node.kind is not NodeKind.CONTAINER:
        yield f"{_DECLARATION}{head}</vos:node>".encode()
        return
    texts = [f"{_DECLARATION}{head}<vos:nodes>"]
    base = uris.of(node.path)
    for child in node.children:
        inner = "<vos:nodes/>" if child.kind is NodeKind.CONTAINER else ""
        texts.append(f"{_node(child, f'{base}/{uris.quoted(child.name)}', detail, tails)}{inner}</vos:node>")
        if len(texts) >= _BLOCK:
            yield "".join(texts).encode()
            texts.clear()
    texts.append("</vos:nodes></vos:node>")
    yield "".join(texts).encode()


def _node(node: Node, uri: str, detail: Detail, tails: dict[NodeKind, str], *, space: str = "") -> str:
    """Write a node without its children and its end tag."""
    busy = (' busy="true"' if node.busy else ' busy="false"') if node.kind.has_bytes else ""
    begin = f'<vos:node {space}{" " if space else ""}uri="{_escaped(uri)}" xsi:type="vos:{node.kind}"{busy}>'
    properties = "" if detail is Detail.MIN else _properties(node)
    target = f"<vos:target>{_escaped(node.target or '')}</vos:target>" if node.kind is NodeKind.LINK else ""
    return f"{begin}{properties}{target}{tails[node.kind]}"


def _properties(node: Node) -> str:
    fixed = node.read_only
    texts = [
        f"{_property(name, name in fixed)}{_escaped(value)}</vos:property>"
        for name, value in sorted(node.properties.items())
    ]
    return f"<vos:properties>{''.join(texts)}</vos:properties>"


@lru_cache(maxsize=1000)
def _property(name: str, fixed: bool) -> str:
    return f'<vos:property uri="{_escaped(property_uri(name))}" readOnly="{"true" if fixed else "false"}">'


def _tail(kind: NodeKind, uris: NodeUris, detail: Detail) -> str:
    """Write the elements after the properties, which depend on the node type alone."""
    if detail is not Detail.MAX or kind is NodeKind.LINK:
        return ""
    accepts = _views("accepts", UPLOAD_VIEWS if kind.has_bytes else ())
    provides = _views("provides", DATA_VIEWS if kind.has_bytes else uris.archive_views)
    return f"{accepts}{provides}<vos:capabilities/>"


def _views(name: str, views: Iterable[str]) -> str:
    listed = "".join(f'<vos:view uri="{_escaped(view)}"/>' for view in views)
    return f"<vos:{name}>{listed}</vos:{name}>"


def _escaped(text: str) -> str:
    """Escape a text for content or an attribute; characters that XML 1.0 does not allow are removed."""
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], ""), text) if _SPECIAL.search(text) else text
