"""Values of the elements of records as RegTAP 1.1 §4 has them: lower case, times, numbers, and canonical prefixes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import isnan
from typing import Any

from registry.documents.namespaces import NAMESPACES, XSI
from registry.documents.texts import token

__all__ = ["hashlist", "integer", "intervals", "kind", "lower", "paragraphs", "text", "texts", "timestamp"]

_Element = Any  # lxml ships no types

_TYPE = f"{{{XSI}}}type"

#: Canonical prefixes of namespaces of extensions beside our own (RegTAP 1.1 §5), without the version at the end.
_PREFIXES: Mapping[str, str] = {
    **{uri.rpartition("/v")[0]: prefix for prefix, uri in NAMESPACES.items() if "/v" in uri},
    "http://www.ivoa.net/xml/SIA": "sia",
    "http://www.ivoa.net/xml/SSA": "ssap",
    "http://www.ivoa.net/xml/SLAP": "slap",
    "http://www.ivoa.net/xml/StandardsRegExt": "vstd",
    "http://www.ivoa.net/xml/DocRegExt": "doc",
}


def text(element: _Element, path: str) -> str | None:
    """Return the text of the first element or attribute of a path as a token of XML; None when it is empty."""
    inner, _, attribute = path.partition("@")
    inner = inner.rstrip("/")
    found = element.find(inner) if inner else element
    if found is None:
        return None
    value = found.get(attribute) if attribute else found.text
    return token(value or "") or None


def paragraphs(element: _Element, path: str) -> str | None:
    """Return the text of an element with the lines in it: the description of a resource has paragraphs."""
    return (element.findtext(path) or "").strip() or None


def texts(element: _Element, path: str) -> list[str]:
    """Return the texts of all elements of a path that have one."""
    return [value for found in element.iterfind(path) if (value := token(found.text or ""))]


def lower(value: str | None) -> str | None:
    """Return a text in lower case."""
    return None if value is None else value.lower()


def hashlist(values: Iterable[str]) -> str | None:
    """Return texts in lower case with # between them (RegTAP 1.1 §4.1)."""
    return "#".join(value.lower() for value in values) or None


def kind(element: _Element) -> str | None:
    """Return the ``xsi:type`` of an element in lower case, with the canonical prefix of its namespace."""
    value = (element.get(_TYPE) or "").strip()
    prefix, colon, name = value.rpartition(":")
    space = element.nsmap.get(prefix or None) or ""
    canonical = _PREFIXES.get(space.rpartition("/v")[0], prefix)
    return (f"{canonical}{colon or ':'}{name}" if canonical else name).lower() or None


def timestamp(value: str | None) -> str | None:
    """Return a date or a time in UTC as the tables have it; None when it is neither."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (time.astimezone(UTC) if time.tzinfo else time).strftime("%Y-%m-%dT%H:%M:%S")


def integer(value: str | None, bits: int = 16) -> int | None:
    """Return an integer; None when the text is none, or when it needs more bits."""
    try:
        found = int(value or "")
    except ValueError:
        return None
    return found if -(1 << (bits - 1)) <= found < 1 << (bits - 1) else None


def intervals(values: Iterable[str]) -> Iterable[tuple[float, float]]:
    """Yield the intervals that are written as two numbers (VODataService 1.2 §3.2)."""
    for value in values:
        try:
            low, high = map(float, value.split())
        except ValueError:
            continue
        if not isnan(low) and not isnan(high):
            yield low, high
