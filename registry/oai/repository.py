"""Repository of OAI-PMH 2.0: the six verbs over the records (Registry Interfaces 1.1 §3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from core.database import utc_now
from registry.documents.namespaces import OAI
from registry.documents.voresource import resource_element, utc_text
from registry.harvests import HarvestLog
from registry.models import Entry
from registry.oai.documents import Continuation, Envelope, answer, entries_answer, error_answer, text_element
from registry.oai.errors import (
    BadResumptionTokenError,
    CannotDisseminateFormatError,
    HarvestError,
    IdDoesNotExistError,
    NoRecordsMatchError,
)
from registry.oai.formats import METADATA_FORMATS, MetadataFormat
from registry.oai.requests import SETS, HarvestRequest, harvest_request, window_of
from registry.oai.tokens import TOKEN_SECONDS, Position, ResumptionTokens
from registry.publisher import REGISTRY
from registry.service import RecordService

__all__ = ["Repository"]

_Element = Any  # lxml ships no types


class Repository:
    """Answer requests of OAI-PMH.

    Parameters
    ----------
    formats
        The metadata formats by their prefixes.
    harvests
        Where the end of a harvest is recorded.
    """

    def __init__(
        self,
        records: RecordService,
        tokens: ResumptionTokens,
        formats: Mapping[str, MetadataFormat] = METADATA_FORMATS,
        harvests: HarvestLog | None = None,
    ) -> None:
        self._records = records
        self._tokens = tokens
        self._formats = formats
        self._harvests = harvests
        self.base_url = f"{records.publisher.url}/oai"

    def answer(self, pairs: Sequence[tuple[str, str]], agent: str = "") -> Iterator[bytes]:
        """Return the parts of the answer to a request, an error included.

        The time of the answer is taken first: what changes later has a later time, so that who goes on from that time
        misses nothing.

        Parameters
        ----------
        pairs
            Names and values of the arguments.
        agent
            The name of the harvester.
        """
        now = utc_now().replace(microsecond=0)
        envelope = Envelope(self.base_url, now, {})
        try:
            request = harvest_request(pairs)
            envelope = Envelope(self.base_url, now, {"verb": request.verb, **request.arguments})
            return self._dispatch(request, envelope, agent)
        except HarvestError as e:
            return iter((error_answer(envelope, e),))

    def _dispatch(self, request: HarvestRequest, envelope: Envelope, agent: str) -> Iterator[bytes]:
        arguments = request.arguments
        match request.verb:
            case "Identify":
                return answer(envelope, request.verb, list(self._identity()))
            case "ListMetadataFormats":
                return answer(envelope, request.verb, self._format_elements(arguments.get("identifier")))
            case "ListSets":
                return answer(envelope, request.verb, _sets(arguments))
            case "GetRecord":
                metadata_format = self._format(arguments["metadataPrefix"])
                entry = self._entry(arguments["identifier"])
                if not metadata_format.describes(entry.record):
                    message = f"The record {entry.identifier} is not there in {metadata_format.prefix}."
                    raise CannotDisseminateFormatError(message)
                return entries_answer(envelope, request.verb, (entry,), metadata_format)
            case _:
                return self._list(request, envelope, agent)

    def _list(self, request: HarvestRequest, envelope: Envelope, agent: str) -> Iterator[bytes]:
        position = self._position(request, envelope.time)
        page = self._records.page(position.window, position.after)
        if not page.entries:
            message = "No record matches from, until, set and metadataPrefix."
            raise NoRecordsMatchError(message)
        sent = position.sent + len(page.entries)
        continuation = None
        if not page.is_last:
            following = replace(position, after=page.entries[-1].number, sent=sent)
            expires = envelope.time + timedelta(seconds=TOKEN_SECONDS)
            continuation = Continuation(self._tokens.write(following), page.size, position.sent, expires)
        elif position.sent:
            continuation = Continuation("", page.size, position.sent)
        if page.is_last and self._harvests is not None and agent and request.verb == "ListRecords":
            self._harvests.record(agent, position.prefix, position.began_at, sent)
        return entries_answer(envelope, request.verb, page.entries, self._format(position.prefix), continuation)

    def _position(self, request: HarvestRequest, now: datetime) -> Position:
        """Return where a list begins or goes on."""
        arguments = request.arguments
        if "resumptionToken" in arguments:
            return self._tokens.read(arguments["resumptionToken"], request.verb)
        metadata_format = self._format(arguments["metadataPrefix"])
        window = window_of(arguments, products_only=metadata_format.products_only)
        if arguments.get("set", "ivo_managed") not in SETS:
            message = f"There is no set '{arguments['set']:.60}'; the sets are {', '.join(SETS)}."
            raise NoRecordsMatchError(message)
        return Position(request.verb, metadata_format.prefix, window, now)

    def _identity(self) -> Iterator[_Element]:
        publisher = self._records.publisher
        for name, text in (
            ("repositoryName", publisher.name),
            ("baseURL", self.base_url),
            ("protocolVersion", "2.0"),
            ("adminEmail", publisher.email),
            ("earliestDatestamp", utc_text(self._records.first_change())),
            ("deletedRecord", "persistent"),
            ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
        ):
            yield text_element(name, text)
        entry = self._entry(publisher.identifiers.of(REGISTRY))
        if entry.record is not None:
            description = etree.Element(etree.QName(OAI, "description"), nsmap={"oai": OAI})
            description.append(resource_element(entry.record))
            yield description

    def _format_elements(self, identifier: str | None) -> Sequence[_Element]:
        record = None if identifier is None else self._entry(identifier).record
        return [_format_element(item) for item in self._formats.values() if item.describes(record)]

    def _entry(self, identifier: str) -> Entry:
        entry = self._records.find(identifier)
        if entry is None:
            message = f"There is no record '{identifier:.200}'."
            raise IdDoesNotExistError(message)
        return entry

    def _format(self, prefix: str) -> MetadataFormat:
        if prefix not in self._formats:
            message = f"There is no metadata format '{prefix:.60}'; the formats are {', '.join(self._formats)}."
            raise CannotDisseminateFormatError(message)
        return self._formats[prefix]


def _sets(arguments: Mapping[str, str]) -> Sequence[_Element]:
    if "resumptionToken" in arguments:
        message = "The list of sets has one page; send no resumption token."
        raise BadResumptionTokenError(message)
    return [
        _group("set", text_element("setSpec", name), text_element("setName", label)) for name, label in SETS.items()
    ]


def _format_element(item: MetadataFormat) -> _Element:
    return _group(
        "metadataFormat",
        text_element("metadataPrefix", item.prefix),
        text_element("schema", item.schema),
        text_element("metadataNamespace", item.namespace),
    )


def _group(name: str, *children: _Element) -> _Element:
    element = etree.Element(etree.QName(OAI, name), nsmap={"oai": OAI})
    element.extend(children)
    return element
