"""Addresses of nodes: paths in HTTP and ``vos://authority~service/path`` (VOSpace 2.1 §3.1)."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

from vospace.faults import InvalidURIError

__all__ = ["NodeUris", "http_path", "node_path"]

_ENCODED_SEPARATOR = re.compile(rb"%(2f|5c|00)", re.IGNORECASE)
_URI = re.compile(r"vos://(?P<authority>[^/~!]+)[~!](?P<service>[^/~!]+)(?P<path>/.*)?", re.DOTALL)
#: ASCII characters that stand unquoted in the address of a node; letters of other scripts do too (RFC 3987).
_PLAIN = "-._~!$&'()*+,;=:@"


def node_path(path: str, raw: bytes = b"") -> tuple[str, ...]:
    """Split a decoded path into names.

    Parameters
    ----------
    raw
        The path as it was sent, in which no separator may be hidden by percent-encoding.

    Raises
    ------
    InvalidURIError
        No node can have this path.
    """
    trimmed = path.strip("/") if not path.endswith("//") and not path.startswith("//") else path
    names = tuple(trimmed.split("/")) if trimmed else ()
    hidden = _ENCODED_SEPARATOR.search(raw) is not None
    if hidden or any(name in {"", ".", ".."} or _has_control(name) for name in names):
        message = f"'{path[:200]}' cannot be the path of a node: its names must not be empty, '.' or '..'."
        raise InvalidURIError(message)
    return names


def http_path(path: tuple[str, ...]) -> str:
    """Write a path as it stands in an ``http:`` address."""
    return "/".join(quote(name, safe="") for name in path)


@dataclass(frozen=True, slots=True)
class NodeUris:
    """Write and read the addresses of the nodes of one service; ``~`` is written, ``!`` is read as well."""

    authority: str
    service: str = "vospace"

    def of(self, path: tuple[str, ...]) -> str:
        """Write the address of a node."""
        names = "/".join("".join(map(_quoted, name)) for name in path)
        return f"vos://{self.authority}~{self.service}/{names}".removesuffix("/" if not path else "")

    def path_of(self, uri: str) -> tuple[str, ...]:
        """Read an address.

        Raises
        ------
        InvalidURIError
            It is not one, or it belongs to another service.
        """
        match = _URI.fullmatch(uri)
        if match is None or (match["authority"].lower(), match["service"]) != (self.authority.lower(), self.service):
            message = f"'{uri[:200]}' is not the address of a node here; those begin with {self.of(())}/."
            raise InvalidURIError(message)
        path = match["path"] or ""
        return node_path(unquote(path), path.encode())


def _quoted(character: str) -> str:
    plain = not character.isascii() or character.isalnum() or character in _PLAIN
    return character if plain else quote(character, safe="")


def _has_control(name: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in name)
