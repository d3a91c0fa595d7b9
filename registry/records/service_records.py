"""Records of the authority, the registry, the organisation, and the services of this server (VORegistry 1.0)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from core.vosi import Capability, Interface
from registry.models import AuthorityPart, Content, ResourceRecord, Subject
from registry.publisher import AUTHORITY, ORGANISATION, REGISTRY, Publisher

__all__ = ["MOST_RECORDS", "ServiceDescription", "registry_record", "service_records"]

#: Records in a page of a harvest.
MOST_RECORDS = 100

_SUBJECTS = (Subject("Redshift surveys", 1378), Subject("Virtual observatories", 1774))
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """A service of this server for its record.

    Parameters
    ----------
    path
        Path of its identifier: ``tap``.
    page
        Path of the page for people.
    capabilities
        Returns its capabilities, with elements that may be moved.
    type
        The ``xsi:type`` of the record.
    """

    path: str
    title: str
    short_name: str
    description: str
    page: str
    capabilities: Callable[[], Sequence[Capability]]
    type: str = "vr:Service"


def service_records(
    publisher: Publisher, services: Sequence[ServiceDescription], page: int = MOST_RECORDS
) -> Iterator[tuple[str, ResourceRecord]]:
    """Yield the path and the record of the authority, the organisation, the registry and each service."""
    yield (
        AUTHORITY,
        _record(
            publisher,
            AUTHORITY,
            "vg:Authority",
            f"{publisher.name} naming authority",
            "PZ authority",
            f"The authority of the identifiers of {publisher.name}.",
            "/",
            authority=AuthorityPart(organisation=publisher.organisation),
        ),
    )
    yield (
        ORGANISATION,
        _record(
            publisher,
            ORGANISATION,
            "vr:Organisation",
            publisher.name,
            "PZ organisation",
            f"The organisation that runs {publisher.name} at {publisher.url}.",
            "/",
        ),
    )
    yield REGISTRY, registry_record(publisher, page)
    for service in services:
        yield (
            service.path,
            _record(
                publisher,
                service.path,
                service.type,
                f"{publisher.name}: {service.title}",
                service.short_name,
                service.description,
                service.page,
                capabilities=tuple(service.capabilities()),
            ),
        )


def registry_record(publisher: Publisher, page: int = MOST_RECORDS) -> ResourceRecord:
    """Return the record of the publishing registry (Registry Interfaces 1.1 §3.2)."""
    harvest = Capability(
        "ivo://ivoa.net/std/Registry",
        (Interface(f"{publisher.url}/oai", "base", type="vg:OAIHTTP", role="std", version="1.0"),),
        type="vg:Harvest",
        extension=(_element("maxRecords", str(page)),),
    )
    vosi = (
        Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface(f"{publisher.url}/oai/capabilities"),)),
        Capability("ivo://ivoa.net/std/VOSI#availability", (Interface(f"{publisher.url}/availability"),)),
    )
    return _record(
        publisher,
        REGISTRY,
        "vg:Registry",
        f"{publisher.name} publishing registry",
        "PZ registry",
        f"The registry of the public products and of the services of {publisher.name}.",
        "/",
        capabilities=(harvest, *vosi),
        authority=AuthorityPart(managed=(publisher.settings.authority.lower(),)),
    )


def _record(
    publisher: Publisher,
    path: str,
    kind: str,
    title: str,
    short_name: str,
    description: str,
    page: str,
    *,
    capabilities: tuple[Capability, ...] = (),
    authority: AuthorityPart | None = None,
) -> ResourceRecord:
    return ResourceRecord(
        identifier=publisher.identifiers.of(path),
        type=kind,
        title=title,
        short_name=short_name,
        created=_EPOCH,
        updated=_EPOCH,
        curation=publisher.curation,
        content=Content(
            description=description,
            reference_url=f"{publisher.url}{page}",
            subjects=_SUBJECTS,
            types=("Organisation",) if kind in {"vr:Organisation", "vg:Authority"} else ("Archive",),
        ),
        capabilities=capabilities,
        authority=authority,
    )


def _element(name: str, value: str) -> Any:  # lxml ships no types
    element = etree.Element(name)
    element.text = value
    return element
