"""Client of OAI-PMH 2.0: pages of the VOResource records of another registry (Registry Interfaces 1.1 §3)."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lxml import etree

from registry.documents.namespaces import OAI, RI
from registry.harvesting.models import HarvestedRecord, HarvestError, HarvestPage

if TYPE_CHECKING:
    import httpx2

__all__ = ["RegistryClient"]

_Element = Any  # lxml ships no types

#: Most bytes of one answer; pages of the large registries have a few megabytes.
_MOST_BYTES = 128_000_000
_SECONDS = 60.0
_TRIES = 4
_LONGEST_WAIT = 120
_REDIRECTS = 5
_BUSY = frozenset({429, 502, 503, 504})
_DAY = "YYYY-MM-DD"


class RegistryClient:
    """The OAI-PMH interface of another registry.

    Parameters
    ----------
    address
        Its base URL.
    sleep
        Waits for a number of seconds when the registry is busy.
    transport
        Sends the requests; by default HTTP.
    """

    def __init__(
        self,
        address: str,
        sleep: Callable[[float], None] = time.sleep,
        transport: "httpx2.BaseTransport | None" = None,
    ) -> None:
        self._address = address
        self._sleep = sleep
        self._transport = transport

    def pages(self, since: datetime | None, subset: str | None) -> Iterator[HarvestPage]:
        """Yield the pages of the records that have changed since a time.

        Parameters
        ----------
        since
            The time, inclusive; None for all records.
        subset
            OAI set: ``ivo_managed`` has the records that the registry itself publishes; None for all that it knows.

        Raises
        ------
        HarvestError
            The registry does not answer, or not as OAI-PMH says.
        """
        arguments = {"verb": "ListRecords", "metadataPrefix": "ivo_vor"}
        if subset:
            arguments["set"] = subset
        with self._connection() as connection:
            if since is not None:
                arguments["from"] = self._time(connection, since)
            seen: set[str] = set()
            while True:
                page = self._page(self._answer(connection, arguments))
                yield page
                if page.token is None:
                    return
                if page.token in seen:
                    raise self._error("it gives the same resumption token twice")
                seen.add(page.token)
                arguments = {"verb": "ListRecords", "resumptionToken": page.token}

    def _connection(self) -> "httpx2.Client":
        import httpx2

        agent = {"User-Agent": f"photoz-server/{version('photoz-server')} (IVOA-harvester)"}
        return httpx2.Client(timeout=_SECONDS, follow_redirects=False, headers=agent, transport=self._transport)

    def _time(self, connection: "httpx2.Client", since: datetime) -> str:
        """Return a time in the granularity of the registry, which may know days alone."""
        answer = self._answer(connection, {"verb": "Identify"})
        text = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return text[:10] if answer.findtext(f"{{{OAI}}}Identify/{{{OAI}}}granularity") == _DAY else text

    def _answer(self, connection: "httpx2.Client", arguments: Mapping[str, str]) -> _Element:
        """Return the root of an answer; a registry that is busy is asked again."""
        import httpx2

        for attempt in range(1, _TRIES + 1):
            wait = 2.0**attempt
            try:
                status, headers, body = self._request(connection, arguments)
            except httpx2.TransportError as e:
                if attempt == _TRIES:
                    raise self._error(f"it does not answer ({type(e).__name__})") from e
            else:
                if status == httpx2.codes.OK:
                    return self._parsed(body)
                if status not in _BUSY or attempt == _TRIES:
                    raise self._error(f"it answers {arguments['verb']} with the HTTP status {status}")
                asked = headers.get("retry-after", "")
                wait = min(float(asked), _LONGEST_WAIT) if asked.isascii() and asked.isdecimal() else wait
            self._sleep(wait)
        raise AssertionError

    def _request(
        self, connection: "httpx2.Client", arguments: Mapping[str, str]
    ) -> tuple[int, "httpx2.Headers", bytes]:
        """Return status, headers and body; redirects are followed on the same host alone."""
        address, given = self._address, dict(arguments)
        for _ in range(_REDIRECTS):
            with connection.stream("GET", address, params=given or None) as answer:
                if not answer.has_redirect_location:
                    return answer.status_code, answer.headers, self._body(answer)
                target = answer.url.join(answer.headers["location"])
            if not _is_same_place(self._address, str(target)):
                raise self._error(f"it leads to another server, {target}")
            address, given = str(target), {}
        raise self._error("it redirects in circles")

    def _body(self, answer: "httpx2.Response") -> bytes:
        found = bytearray()
        for chunk in answer.iter_bytes():
            found += chunk
            if len(found) > _MOST_BYTES:
                raise self._error(f"an answer has more than {_MOST_BYTES // 1_000_000} MB")
        return bytes(found)

    def _parsed(self, body: bytes) -> _Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(body, parser)
        except etree.XMLSyntaxError as e:
            raise self._error(f"an answer is no XML ({e})") from e
        if root.tag != f"{{{OAI}}}OAI-PMH":
            raise self._error("an answer is no document of OAI-PMH")
        return root

    def _page(self, root: _Element) -> HarvestPage:
        responded_at = self._response_date(root)
        error = root.find(f"{{{OAI}}}error")
        if error is not None:
            if error.get("code") == "noRecordsMatch":
                return HarvestPage((), responded_at, None)
            raise self._error(f"it reports {error.get('code')}: {(error.text or '').strip()}")
        found = root.find(f"{{{OAI}}}ListRecords")
        if found is None:
            raise self._error("an answer has no list of records")
        token = found.find(f"{{{OAI}}}resumptionToken")
        text = "" if token is None else (token.text or "").strip()
        size = "" if token is None else token.get("completeListSize", "")
        records = [self._record(element) for element in found.iterfind(f"{{{OAI}}}record")]
        return HarvestPage(records, responded_at, text or None, int(size) if size.isdecimal() else None)

    def _response_date(self, root: _Element) -> datetime:
        text = (root.findtext(f"{{{OAI}}}responseDate") or "").strip()
        try:
            time = datetime.fromisoformat(text)
        except ValueError as e:
            raise self._error(f"'{text}' is no response date") from e
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)

    def _record(self, element: _Element) -> HarvestedRecord:
        header = element.find(f"{{{OAI}}}header")
        identifier = "" if header is None else (header.findtext(f"{{{OAI}}}identifier") or "").strip()
        resource = element.find(f"{{{OAI}}}metadata/{{{RI}}}Resource")
        is_deleted = header is not None and header.get("status") == "deleted"
        if is_deleted or resource is None or resource.get("status") in {"deleted", "inactive"}:
            return HarvestedRecord(identifier.lower(), None)
        resource.tail = None
        own = (resource.findtext("identifier") or identifier).strip()
        return HarvestedRecord(own.lower(), etree.tostring(resource, encoding="utf-8"))

    def _error(self, reason: str) -> HarvestError:
        return HarvestError(f"The registry {self._address} cannot be harvested: {reason}.")


def _is_same_place(first: str, second: str) -> bool:
    """Whether an address leads to the same host, and not from https to http."""
    one, other = urlsplit(first), urlsplit(second)
    return one.hostname == other.hostname and (other.scheme == "https" or other.scheme == one.scheme == "http")
