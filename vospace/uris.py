"""Paths of nodes in HTTP, and node URIs, ``vos://authority~service/path`` (VOSpace 2.1 §3.1)."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

from core.identifiers import split_identifier
from vospace.faults import InvalidURIError
from vospace.models import Path

__all__ = ["AUTO", "NULL", "NodeUris", "chosen_name", "http_path", "node_path"]

#: Reserved names: ``.auto`` lets the service choose a name, a move to ``.null`` deletes the node.
AUTO, NULL = ".auto", ".null"

_ENCODED_SEPARATOR = re.compile(rb"%(2f|5c|00)", re.IGNORECASE)
_SEPARATORS = re.compile("[~!]")
#: ASCII characters that are not quoted in a node URI; letters of other scripts are not either (RFC 3987).
_PLAIN = "-._~!$&'()*+,;=:@"
#: Quoted characters: the other ASCII characters, and those that are not allowed in XML.
_QUOTED = re.compile(
    "[" + re.escape("".join(c for c in map(chr, range(128)) if not c.isalnum() and c not in _PLAIN)) + "\ufffe\uffff]"
)
_LONGEST_NAME = 255
_DEEPEST = 100
#: Unicode categories not allowed in names: control, format (invisible, bidirectional) and surrogate characters.
_REFUSED = frozenset({"Cc", "Cf", "Cs"})


def node_path(path: str, raw: bytes = b"") -> Path:
    """Split a decoded path into names, each in NFC.

    Parameters
    ----------
    raw
        The path as it was sent; separators must not be percent-encoded in it.

    Raises
    ------
    InvalidURIError
        The path is not valid for a node.
    """
    trimmed = path.strip("/") if not path.endswith("//") and not path.startswith("//") else path
    names = tuple(unicodedata.normalize("NFC", trimmed).split("/")) if trimmed else ()
    hidden = _ENCODED_SEPARATOR.search(raw) is not None
    if hidden or len(names) > _DEEPEST or not all(map(_can_be_name, names)):
        message = (
            f"'{path[:200]}' is not a valid path. A path has at most {_DEEPEST} names, "
            f"of which none is empty, '.' or '..', has invisible characters or a backslash, "
            f"or is longer than {_LONGEST_NAME} bytes."
        )
        raise InvalidURIError(message)
    return names


def chosen_name(path: Path) -> Path:
    """Return a path in which a last name ``.auto`` is replaced by a generated name (VOSpace 2.1 §3.1.1)."""
    return (*path[:-1], secrets.token_hex(8)) if path and path[-1] == AUTO else path


def http_path(path: Path) -> str:
    """Return a path as quoted for an HTTP URL."""
    return "/".join(quote(name, safe="") for name in path)


@dataclass(frozen=True, slots=True)
class NodeUris:
    """Formatter and parser of the node URIs of one service; the separator ``!`` is accepted as well as ``~``."""

    authority: str
    service: str = "vospace"

    def of(self, path: Path) -> str:
        """Return the URI of a node."""
        names = "/".join(map(self.quoted, path))
        return f"vos://{self.authority}~{self.service}/{names}".removesuffix("/" if not path else "")

    def quoted(self, name: str) -> str:
        """Return a name as quoted in a node URI."""
        return _QUOTED.sub(lambda match: quote(match[0], safe=""), name)

    def path_of(self, uri: str) -> Path:
        """Parse a node URI.

        Raises
        ------
        InvalidURIError
            It is not a node URI, or it belongs to another service.
        """
        if not self.is_own(uri):
            message = f"'{uri[:200]}' is not the URI of a node of this service; they begin with {self.of(())}/."
            raise InvalidURIError(message)
        path = _path_in(uri)
        return node_path(unquote(path), path.encode(errors="replace"))

    def plain_path_of(self, uri: str) -> Path:
        """Parse a node URI whose path is not percent-encoded, as CADC's clients send it."""
        return node_path(_path_in(uri))

    @property
    def archive_views(self) -> tuple[str, str]:
        """Identifiers of the views of containers: as a zip and as a tar archive."""
        return f"ivo://{self.authority}/{self.service}/views#zip", f"ivo://{self.authority}/{self.service}/views#tar"

    def is_own(self, uri: str) -> bool:
        """Return whether a URI belongs to this service."""
        found = split_identifier(uri)
        if found is None or found.scheme != "vos" or found.rest[:1] not in {"", "/"}:
            return False
        return _SEPARATORS.split(found.authority) == [self.authority.lower(), self.service]


def _path_in(uri: str) -> str:
    found = split_identifier(uri)
    return "" if found is None else found.rest


def _can_be_name(name: str) -> bool:
    if name in {"", ".", ".."} or name != name.strip() or "\\" in name:
        return False
    if any(unicodedata.category(character) in _REFUSED for character in name):
        return False
    return len(name.encode()) <= _LONGEST_NAME
