"""Models of registry records: the terms are those of VOResource 1.1 and VODataService 1.2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.vosi import Capability

if TYPE_CHECKING:  # it imports Arrow
    from core.columns import Column

__all__ = [
    "AuthorityPart",
    "Contact",
    "Content",
    "Coverage",
    "Creator",
    "Curation",
    "Entry",
    "RecordDate",
    "RecordRelationship",
    "RecordTable",
    "RelatedTarget",
    "ResourceRecord",
    "Rights",
    "Subject",
    "Window",
]


@dataclass(frozen=True, slots=True)
class Creator:
    """A creator or contributor of a resource (VOResource 1.1 §3.1.2)."""

    name: str
    orcid: str = ""
    affiliation: str = ""

    @property
    def alternate_identifier(self) -> str | None:
        """The ORCID iD as an alternate identifier."""
        return f"orcid:{self.orcid}" if self.orcid else None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom users of a resource may ask."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class RecordDate:
    """A date in the life of a resource; the role is one of the IVOA vocabulary *date_role*."""

    value: datetime
    role: str


@dataclass(frozen=True, slots=True)
class Curation:
    """Who made a resource, who publishes it, and when."""

    publisher: str
    contact: Contact
    creators: tuple[Creator, ...] = ()
    contributors: tuple[Creator, ...] = ()
    dates: tuple[RecordDate, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject keyword, a concept of the Unified Astronomy Thesaurus if it has a number there."""

    text: str
    uat: int | None = None


@dataclass(frozen=True, slots=True)
class RelatedTarget:
    """A related resource: its name, its IVOA identifier if it has one, or its DOI or address."""

    name: str
    ivoid: str | None = None
    alternate: str | None = None


@dataclass(frozen=True, slots=True)
class RecordRelationship:
    """A relationship; the kind is one of the IVOA vocabulary *relationship_type*."""

    kind: str
    targets: tuple[RelatedTarget, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a resource is about.

    Parameters
    ----------
    source, source_format
        Bibliographic reference, and its format: ``doi`` or ``bibcode``.
    types, levels
        Values of the IVOA vocabularies *content_type* and *content_level*.
    """

    description: str
    reference_url: str
    subjects: tuple[Subject, ...]
    source: str = ""
    source_format: str = ""
    types: tuple[str, ...] = ("Catalog",)
    levels: tuple[str, ...] = ("Research",)
    relationships: tuple[RecordRelationship, ...] = ()


@dataclass(frozen=True, slots=True)
class Rights:
    """A statement of rights with the address of the licence."""

    text: str
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage on the sky and in the spectrum.

    Parameters
    ----------
    moc
        Spatial coverage as an ASCII MOC of order 8 at most.
    spectral
        Intervals of energy in joules.
    temporal
        Intervals in MJD (TDB).
    wavebands
        Values of the IVOA vocabulary *messenger*.
    """

    moc: str | None = None
    spectral: tuple[tuple[float, float], ...] = ()
    temporal: tuple[tuple[float, float], ...] = ()
    wavebands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table of a resource; ``flags`` has the VODataService flags of columns by their names."""

    schema: str
    name: str
    columns: tuple["Column", ...]
    title: str = ""
    description: str = ""
    rows: int | None = None
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def full_name(self) -> str:
        """Qualified name of the table in ADQL."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class AuthorityPart:
    """What records of authorities and registries have beside others (VORegistry 1.0).

    Parameters
    ----------
    organisation
        Name and IVOA identifier of the organisation that manages an authority.
    managed
        Authorities that a registry manages.
    """

    organisation: RelatedTarget | None = None
    managed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """A resource record.

    Parameters
    ----------
    type
        The ``xsi:type``: ``vs:CatalogResource``, ``vg:Authority`` and so on.
    alternate_identifiers
        Further identifiers: ``doi:10.…``.
    product
        Number of the product that is described, if one is.
    """

    identifier: str
    type: str
    title: str
    short_name: str
    created: datetime
    updated: datetime
    curation: Curation
    content: Content
    status: str = "active"
    rights: tuple[Rights, ...] = ()
    coverage: Coverage | None = None
    tables: tuple[RecordTable, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    alternate_identifiers: tuple[str, ...] = ()
    authority: AuthorityPart | None = None
    product: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the registry: a record, or that there was one.

    Parameters
    ----------
    number
        Position in the order of harvests.
    changed_at
        When the record was made, changed or deleted, in whole seconds (OAI-PMH: datestamp).
    record
        None for a deleted record.
    """

    number: int
    identifier: str
    changed_at: datetime
    record: ResourceRecord | None


@dataclass(frozen=True, slots=True)
class Window:
    """A period of changes with both its ends, in whole seconds; None leaves it open.

    Parameters
    ----------
    products_only
        Whether the records of services are left out.
    """

    since: datetime | None = None
    until: datetime | None = None
    products_only: bool = False
