"""Answers of OAI-PMH 2.0 as XML, written record by record."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from lxml import etree

from core.votable.texts import UNSPEAKABLE
from registry.documents.namespaces import OAI, XSI
from registry.documents.voresource import utc_text
from registry.models import Entry
from registry.oai.errors import BadArgumentError, BadVerbError, HarvestError
from registry.oai.formats import MetadataFormat
from registry.oai.requests import SETS

__all__ = ["Continuation", "Envelope", "answer", "entries_answer", "error_answer", "header_element", "text_element"]

_Element = Any  # lxml ships no types

_SCHEMA = f"{OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
#: Styles for people who open an answer in a browser.
_STYLES = b'<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/css" href="/static/oai.css"?>\n'
_CHUNK = 100_000
#: With a prefix, because the elements inside of a VOResource record have no namespace.
_NAMESPACES = {"oai": OAI}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every answer begins with: the time, the base URL and the arguments of the request."""

    base_url: str
    time: datetime
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Continuation:
    """A resumption token, empty at the end of a list, with the size of the list and how much of it was sent before."""

    token: str
    size: int
    cursor: int
    expires: datetime | None = None


def answer(envelope: Envelope, verb: str, elements: Iterable[_Element]) -> Iterator[bytes]:
    """Yield the parts of an answer."""
    written = BytesIO()
    with _document(written, envelope) as document, document.element(_name(verb)):
        for element in elements:
            document.write(element)
            document.flush()
            if written.tell() > _CHUNK:
                yield written.getvalue()
                written.seek(0)
                written.truncate()
    yield written.getvalue()


def error_answer(envelope: Envelope, error: HarvestError) -> bytes:
    """Return the answer to a request that is wrong; for these two errors the request has no arguments (§3.6)."""
    if isinstance(error, (BadVerbError, BadArgumentError)):
        envelope = Envelope(envelope.base_url, envelope.time, {})
    written = BytesIO()
    with _document(written, envelope) as document:
        document.write(text_element("error", error.message, code=error.code))
    return written.getvalue()


def entries_answer(
    envelope: Envelope,
    verb: str,
    entries: Iterable[Entry],
    metadata_format: MetadataFormat,
    continuation: Continuation | None = None,
) -> Iterator[bytes]:
    """Yield the parts of an answer with records, or with their headers for ListIdentifiers."""

    def elements() -> Iterator[_Element]:
        for entry in entries:
            yield header_element(entry) if verb == "ListIdentifiers" else _record(entry, metadata_format)
        if continuation is not None:
            yield _token(continuation)

    return answer(envelope, verb, elements())


def header_element(entry: Entry) -> _Element:
    """Return the header of a record."""
    element = etree.Element(_name("header"), nsmap=_NAMESPACES)
    if entry.record is None:
        element.set("status", "deleted")
    element.append(text_element("identifier", entry.identifier))
    element.append(text_element("datestamp", utc_text(entry.changed_at)))
    for name in SETS:
        element.append(text_element("setSpec", name))
    return element


def text_element(name: str, text: str, **attributes: str) -> _Element:
    """Return an element with text."""
    element = etree.Element(_name(name), attributes, nsmap=_NAMESPACES)
    element.text = UNSPEAKABLE.sub("\ufffd", text)
    return element


@contextmanager
def _document(written: BytesIO, envelope: Envelope) -> Iterator[Any]:
    written.write(_STYLES)
    with etree.xmlfile(written, encoding="UTF-8") as document:
        attributes = {etree.QName(XSI, "schemaLocation"): _SCHEMA}
        with document.element(_name("OAI-PMH"), attributes, nsmap={**_NAMESPACES, "xsi": XSI}):
            document.write(text_element("responseDate", utc_text(envelope.time)))
            legal = {name: UNSPEAKABLE.sub("\ufffd", value) for name, value in envelope.arguments.items()}
            document.write(text_element("request", envelope.base_url, **legal))
            yield document


def _record(entry: Entry, metadata_format: MetadataFormat) -> _Element:
    element = etree.Element(_name("record"), nsmap=_NAMESPACES)
    element.append(header_element(entry))
    if entry.record is not None:
        etree.SubElement(element, _name("metadata")).append(metadata_format.write(entry.record))
    return element


def _token(continuation: Continuation) -> _Element:
    attributes = {"completeListSize": str(continuation.size), "cursor": str(continuation.cursor)}
    if continuation.expires is not None:
        attributes["expirationDate"] = utc_text(continuation.expires)
    return text_element("resumptionToken", continuation.token, **attributes)


def _name(name: str) -> Any:
    return etree.QName(OAI, name)
