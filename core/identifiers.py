"""Identifiers of the IVOA with their authority: ``ivo://authority/path?query`` and ``vos://authority/path``.

An identifier of another authority names something else than the same path here. All packages therefore take identifiers
apart by `split_identifier`, and groups by `GroupIdentifiers`.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from core.errors import InvalidValueError

__all__ = ["GroupIdentifiers", "Identifier", "split_identifier"]

_IDENTIFIER = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_GROUPS = "/gms"


@dataclass(frozen=True, slots=True)
class Identifier:
    """Parts of an identifier; scheme and authority are in lower case, the rest is as it was sent."""

    scheme: str
    authority: str
    rest: str


def split_identifier(text: str) -> Identifier | None:
    """Split an identifier into its parts; return None when it has no scheme and authority."""
    match = _IDENTIFIER.fullmatch(text)
    return None if match is None else Identifier(match["scheme"].lower(), match["authority"].lower(), match["rest"])


@dataclass(frozen=True, slots=True)
class GroupIdentifiers:
    """Formatter and parser of the identifiers of groups of one authority (GMS 1.0 §2)."""

    authority: str

    def of(self, name: str) -> str:
        """Return the identifier of a group."""
        return f"ivo://{self.authority}{_GROUPS}?{quote(name, safe='')}"

    def name_in(self, text: str) -> str:
        """Return the name of a group from its identifier, or from the name alone.

        Raises
        ------
        InvalidValueError
            It is the identifier of something else, or of a group of another authority.
        """
        if "://" not in text and "?" not in text:
            return text
        found = split_identifier(text)
        path, _, name = ("", "", "") if found is None else found.rest.partition("?")
        if found is None or (found.scheme, path) != ("ivo", _GROUPS) or not name:
            message = f"'{text[:200]}' is not the identifier of a group; send {self.of('name')}."
            raise InvalidValueError(message)
        if found.authority != self.authority.lower():
            message = f"'{text[:200]}' is a group of another service; groups of this one begin with {self.of('')}."
            raise InvalidValueError(message)
        return unquote(name)
