"""Addresses of nodes: paths in HTTP and ``vos://authority~service/path`` (VOSpace 2.1 §3.1)."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

from vospace.faults import InvalidURIError
from vospace.models import Path

__all__ = ["AUTO", "NULL", "NodeUris", "chosen_name", "http_path", "node_path"]

#: Reserved names: the service chooses the name, and the place where what is moved there disappears.
AUTO, NULL = ".auto", ".null"

_ENCODED_SEPARATOR = re.compile(rb"%(2f|5c|00)", re.IGNORECASE)
_URI = re.compile(r"vos://(?P<authority>[^/~!]+)[~!](?P<service>[^/~!]+)(?P<path>/.*)?", re.DOTALL)
#: ASCII characters that stand unquoted in the address of a node; letters of other scripts do too (RFC 3987).
_PLAIN = "-._~!$&'()*+,;=:@"
#: What is quoted: the other ASCII characters, and those that XML cannot say.
_QUOTED = re.compile(
    "[" + re.escape("".join(c for c in map(chr, range(128)) if not c.isalnum() and c not in _PLAIN)) + "\ufffe\uffff]"
)
_LONGEST_NAME = 255
_DEEPEST = 100
#: Characters that nobody can see, or that turn the direction of what follows, and halves of others.
_REFUSED = frozenset({"Cc", "Cf", "Cs"})


def node_path(path: str, raw: bytes = b"") -> Path:
    """Split a decoded path into names, each in NFC.

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
    names = tuple(unicodedata.normalize("NFC", trimmed).split("/")) if trimmed else ()
    hidden = _ENCODED_SEPARATOR.search(raw) is not None
    if hidden or len(names) > _DEEPEST or not all(map(_can_be_name, names)):
        message = (
            f"'{path[:200]}' cannot be the path of a node: at most {_DEEPEST} names, none of them empty, '.' or '..', "
            f"with invisible characters or a backslash, or longer than {_LONGEST_NAME} bytes."
        )
        raise InvalidURIError(message)
    return names


def chosen_name(path: Path) -> Path:
    """Return a path whose last name, if it is ``.auto``, was chosen by the service (VOSpace 2.1 §3.1.1)."""
    return (*path[:-1], secrets.token_hex(8)) if path and path[-1] == AUTO else path


def http_path(path: Path) -> str:
    """Write a path as it stands in an ``http:`` address."""
    return "/".join(quote(name, safe="") for name in path)


@dataclass(frozen=True, slots=True)
class NodeUris:
    """Write and read the addresses of the nodes of one service; ``~`` is written, ``!`` is read as well."""

    authority: str
    service: str = "vospace"

    def of(self, path: Path) -> str:
        """Write the address of a node."""
        names = "/".join(map(self.quoted, path))
        return f"vos://{self.authority}~{self.service}/{names}".removesuffix("/" if not path else "")

    def quoted(self, name: str) -> str:
        """Write a name as it stands in the address of a node."""
        return _QUOTED.sub(lambda match: quote(match[0], safe=""), name)

    def path_of(self, uri: str) -> Path:
        """Read an address.

        Raises
        ------
        InvalidURIError
            It is not one, or it belongs to another service.
        """
        if not self.is_own(uri):
            message = f"'{uri[:200]}' is not the address of a node here; those begin with {self.of(())}/."
            raise InvalidURIError(message)
        match = _URI.fullmatch(uri)
        path = (match["path"] or "") if match else ""
        return node_path(unquote(path), path.encode(errors="replace"))

    def plain_path_of(self, uri: str) -> Path:
        """Read an address whose path was written without percent-encoding, as CADC's clients do."""
        match = _URI.fullmatch(uri)
        return node_path((match["path"] or "") if match else "")

    @property
    def archive_views(self) -> tuple[str, str]:
        """Identifiers of the views of containers: all that lies in one, as a zip and as a tar."""
        return f"ivo://{self.authority}/{self.service}/views#zip", f"ivo://{self.authority}/{self.service}/views#tar"

    def is_own(self, uri: str) -> bool:
        """Return whether an address is one of this service."""
        match = _URI.fullmatch(uri)
        if match is None:
            return False
        return (match["authority"].lower(), match["service"]) == (self.authority.lower(), self.service)


def _can_be_name(name: str) -> bool:
    if name in {"", ".", ".."} or name != name.strip() or "\\" in name:
        return False
    if any(unicodedata.category(character) in _REFUSED for character in name):
        return False
    return len(name.encode()) <= _LONGEST_NAME
