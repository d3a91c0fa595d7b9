"""A client of VOSpace for tests: documents written by hand, and responses parsed."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import httpx2
from lxml import etree

__all__ = ["CORE", "ROOT", "VOS", "VOSpaceClient", "checked", "fault", "node_xml", "transfer_xml"]

CORE = "ivo://ivoa.net/vospace/core#"
ROOT = "vos://example.org~vospace"
VOS = "http://www.ivoa.net/xml/VOSpace/v2.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def node_xml(path: str, kind: str = "ContainerNode", *, target: str | None = None, **properties: str | None) -> bytes:
    """Write the document of a node; a property with the value None is removed."""
    listed = ""
    for name, value in properties.items():
        nil = ' xsi:nil="true"' if value is None else ""
        listed += f"<v:property uri={quoteattr(CORE + name)}{nil}>{escape(value or '')}</v:property>"
    inner = f"<v:properties>{listed}</v:properties>"
    if target is not None:
        inner += f"<v:target>{escape(target)}</v:target>"
    uri = path if "://" in path else ROOT + path
    return (
        f'<v:node xmlns:v="{VOS}" xmlns:xsi="{_XSI}" uri={quoteattr(uri)} xsi:type="v:{kind}">{inner}</v:node>'
    ).encode()


def transfer_xml(
    *targets: str,
    direction: str,
    protocols: tuple[str, ...] = (),
    keep: bool | None = None,
    view: str | None = None,
    format: str | None = None,  # noqa: A002 - the name of the parameter
    security: str | None = None,
    endpoint: str | None = None,
) -> bytes:
    """Write the document of a transfer."""
    inner = "".join(f"<vos:target>{escape(target)}</vos:target>" for target in targets)
    inner += f"<vos:direction>{escape(direction)}</vos:direction>"
    if view is not None:
        param = "" if format is None else f'<vos:param uri="{CORE}format">{format}</vos:param>'
        inner += f"<vos:view uri={quoteattr(view)}>{param}</vos:view>"
    for protocol in protocols:
        method = "" if security is None else f"<vos:securityMethod uri={quoteattr(security)}/>"
        address = "" if endpoint is None else f"<vos:endpoint>{escape(endpoint)}</vos:endpoint>"
        inner += f"<vos:protocol uri={quoteattr(CORE + protocol)}>{address}{method}</vos:protocol>"
    if keep is not None:
        inner += f"<vos:keepBytes>{str(keep).lower()}</vos:keepBytes>"
    return f'<vos:transfer xmlns:vos="{VOS}" version="2.1">{inner}</vos:transfer>'.encode()


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).with_name("vospace.xsd")))


def checked(document: bytes) -> Any:
    """Parse a VOSpace document, and validate it against the schema."""
    element = etree.fromstring(document)
    _schema().assertValid(element)
    return element


@dataclass(slots=True)
class VOSpaceClient:
    """A client of one user; without a token, an anonymous one."""

    client: httpx2.Client
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        """Send a request below ``/vospace``, or to a whole URL; redirects are not followed."""
        headers = {**self.headers, **sent.pop("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        url = path if "://" in path else f"/vospace/{path}"
        return self.client.request(method, url, headers=headers, follow_redirects=False, **sent)

    def make(self, path: str, kind: str = "ContainerNode", **properties: Any) -> httpx2.Response:
        """createNode."""
        return self.ask("PUT", f"nodes{quote(path)}", content=node_xml(quote(path), kind, **properties))

    def set(self, path: str, kind: str = "ContainerNode", **properties: str | None) -> httpx2.Response:
        """setNode."""
        return self.ask("POST", f"nodes{quote(path)}", content=node_xml(quote(path), kind, **properties))

    def put(self, path: str, content: bytes, **sent: Any) -> httpx2.Response:
        """Upload the bytes of a node."""
        return self.ask("PUT", f"files{quote(path)}", content=content, **sent)

    def get(self, path: str, **sent: Any) -> httpx2.Response:
        """Download the bytes of a node."""
        return self.ask("GET", f"files{quote(path)}", **sent)

    def delete(self, path: str) -> httpx2.Response:
        """deleteNode."""
        return self.ask("DELETE", f"nodes{quote(path)}")

    def node(self, path: str, **params: Any) -> Any:
        """getNode, as an element."""
        answer = self.ask("GET", f"nodes{quote(path)}", params=params)
        assert answer.status_code == 200, answer.text
        return checked(answer.content)

    def names(self, path: str, **params: Any) -> list[str]:
        """Return the names of the children of a container."""
        found = self.node(path, **params).iterfind("{*}nodes/{*}node")
        return [child.get("uri").rpartition("/")[2] for child in found]

    def properties(self, path: str) -> dict[str, str]:
        """Return the properties of a node."""
        found = self.node(path).iterfind("{*}properties/{*}property")
        return {each.get("uri").removeprefix(CORE): each.text or "" for each in found}


def fault(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the name of a fault."""
    return answer.status_code, answer.text.partition(":")[0]
