"""Persistent identifiers: ORCID iDs, DOIs, bibcodes of ADS, numbers of arXiv, and addresses."""

import re
from typing import Literal
from urllib.parse import quote, urlsplit

from core.errors import InvalidValueError

__all__ = [
    "IdentifierType",
    "address_of",
    "checked_address",
    "checked_doi",
    "checked_orcid",
    "checked_reference",
    "is_orcid",
    "type_of",
]

#: Types of identifiers, in the terms of DataCite.
IdentifierType = Literal["DOI", "arXiv", "bibcode", "URL"]


_ORCID_PREFIX = re.compile(r"(?:https?://)?(?:www\.)?orcid\.org/|orcid:\s*", re.IGNORECASE)
_ORCID = re.compile(r"\d{4}-?\d{4}-?\d{4}-?\d{3}[\dX]", re.ASCII)
_DOI_PREFIX = re.compile(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi:\s*", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[\x21-\x7e]+", re.ASCII)
_ARXIV = re.compile(
    r"arXiv:\s*(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)", re.IGNORECASE | re.ASCII
)
# YYYYJJJJJVVVVMPPPPA: year, journal, volume, qualifier of the page, page, initial of the first author.
_BIBCODE = re.compile(r"[12]\d{3}[A-Za-z][A-Za-z&.]{4}[A-Za-z0-9.]{4}[A-Za-z0-9.][A-Za-z0-9.]{4}[A-Z.]", re.ASCII)
_LONGEST = 500


def is_orcid(text: str) -> bool:
    """Return whether a text has the form of an ORCID iD, also if its checksum is wrong."""
    return _ORCID.fullmatch(_without(_ORCID_PREFIX, text).upper()) is not None


def checked_orcid(text: str, field: str = "authors") -> str:
    """Return an ORCID iD as 0000-0000-0000-0000, or raise InvalidValueError when its checksum is wrong.

    The last character is the check digit of ISO/IEC 7064 MOD 11-2.
    """
    digits = _without(_ORCID_PREFIX, text).upper().replace("-", "")
    if not is_orcid(text):
        message = f"'{text:.60}' is not an ORCID iD such as 0000-0002-1825-0097."
        raise InvalidValueError(message, field=field)
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2 % 11
    check = (12 - total) % 11
    if digits[-1] != ("X" if check == 10 else str(check)):
        message = f"The ORCID iD '{text:.60}' has a wrong check digit. Copy it from the page of its owner at orcid.org."
        raise InvalidValueError(message, field=field)
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))


def checked_doi(text: str, field: str = "doi") -> str:
    """Return a DOI without prefix, or raise InvalidValueError (ISO 26324)."""
    doi = _without(_DOI_PREFIX, text)
    if not _DOI.fullmatch(doi) or len(doi) > _LONGEST:
        message = f"'{text:.60}' is not a DOI such as 10.5281/zenodo.1234567."
        raise InvalidValueError(message, field=field)
    return doi


def checked_reference(text: str, field: str = "references") -> str:
    """Return a DOI, a bibcode or a number of arXiv in its usual form, or raise InvalidValueError."""
    text = text.strip()
    if arxiv := _ARXIV.fullmatch(text):
        return f"arXiv:{arxiv[1]}"
    if _BIBCODE.fullmatch(text):
        return text
    if _DOI.fullmatch(_without(_DOI_PREFIX, text)):
        return checked_doi(text, field)
    message = (
        f"'{text:.60}' is neither a DOI (10.1093/mnras/stx2996) nor a bibcode (2018MNRAS.473.2655H) "
        "nor a number of arXiv (arXiv:1708.05391)."
    )
    raise InvalidValueError(message, field=field)


def checked_address(text: str, field: str = "related") -> str:
    """Return a DOI, or an address that begins with https://, http:// or ivo://, or raise InvalidValueError."""
    text = text.strip()
    if _DOI.fullmatch(_without(_DOI_PREFIX, text)):
        return checked_doi(text, field)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    is_address = parts.scheme in {"https", "http", "ivo"} and parts.hostname and "@" not in parts.netloc
    if not is_address or len(text) > _LONGEST or not text.isprintable() or " " in text:
        message = f"'{text:.60}' is neither a DOI nor an address that begins with https://, http:// or ivo://."
        raise InvalidValueError(message, field=field)
    return text


def address_of(identifier: str) -> str:
    """Return the address at which an identifier in its usual form is resolved."""
    if _DOI.fullmatch(identifier):
        return f"https://doi.org/{quote(identifier, safe='/:;()')}"
    if identifier.startswith("arXiv:"):
        return f"https://arxiv.org/abs/{identifier.removeprefix('arXiv:')}"
    if _BIBCODE.fullmatch(identifier):
        return f"https://ui.adsabs.harvard.edu/abs/{quote(identifier)}"
    return identifier


def type_of(identifier: str) -> IdentifierType:
    """Return the type of an identifier in its usual form."""
    if _DOI.fullmatch(identifier):
        return "DOI"
    if identifier.startswith("arXiv:"):
        return "arXiv"
    return "bibcode" if _BIBCODE.fullmatch(identifier) else "URL"


def _without(prefix: re.Pattern[str], text: str) -> str:
    return prefix.sub("", text.strip(), count=1) if prefix.match(text.strip()) else text.strip()
