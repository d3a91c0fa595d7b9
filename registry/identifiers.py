"""IVOA identifiers of the records of this server (IVOA Identifiers 2.0)."""

import re
import unicodedata
from dataclasses import dataclass

from core.identifiers import split_identifier

__all__ = ["RecordIdentifiers", "product_path"]

_OTHERS = re.compile(r"[^a-z0-9_]+")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class RecordIdentifiers:
    """Formatter and parser of the identifiers of records of one authority."""

    authority: str

    def of(self, path: str) -> str:
        """Return the identifier of a path; the empty path is the authority itself."""
        return f"ivo://{self.authority.lower()}" + (f"/{path}" if path else "")

    def path_in(self, identifier: str) -> str | None:
        """Return the path of an identifier, which is compared without case; None for one of another authority."""
        found = split_identifier(identifier)
        if found is None or (found.scheme, found.authority) != ("ivo", self.authority.lower()):
            return None
        return found.rest.removeprefix("/").lower()


def product_path(internal_name: str) -> str:
    """Return the path of a product's identifier: letters without marks, digits and underscores, in lower case.

    The internal name begins with the number of the product, so that two of them never have the same path.
    """
    plain = unicodedata.normalize("NFKD", internal_name).encode("ascii", "ignore").decode().lower()
    return "products/" + _OTHERS.sub("_", plain)[:_LONGEST]
