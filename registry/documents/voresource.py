"""A record as an ``ri:Resource`` element (VOResource 1.1, VODataService 1.2, VORegistry 1.0).

The elements are built with lxml, because vo-models has no catalogue resources and no coverage. Only the root is
qualified; the order of its children is that of the schemas.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from core.vosi import add_capability
from registry.documents.namespaces import NAMESPACES, RI, XSI
from registry.documents.tables import add_tableset
from registry.documents.texts import legal, token
from registry.models import (
    Content,
    Coverage,
    Creator,
    Curation,
    RecordRelationship,
    RelatedTarget,
    ResourceRecord,
)
from registry.terms import subject_term

__all__ = ["resource_element", "utc_text"]

_Element = Any  # lxml ships no types


def resource_element(record: ResourceRecord) -> _Element:
    """Return the element of a record."""
    root = etree.Element(etree.QName(RI, "Resource"), nsmap=dict(NAMESPACES))
    root.set(etree.QName(XSI, "type"), record.type)
    for name, value in (
        ("created", utc_text(record.created)),
        ("updated", utc_text(record.updated)),
        ("status", record.status),
        ("version", "1.1"),
    ):
        root.set(name, value)
    _add(root, "title", record.title)
    _add(root, "shortName", record.short_name)
    _add(root, "identifier", record.identifier)
    for identifier in record.alternate_identifiers:
        _add(root, "altIdentifier", identifier)
    _add_curation(root, record.curation)
    _add_content(root, record.content)
    _OTHERS.get(record.type, _add_service)(root, record)
    return root


def utc_text(time: datetime) -> str:
    """Return a time in UTC in whole seconds, as OAI-PMH and VOResource write it."""
    return f"{time.astimezone(UTC).isoformat()[:19]}Z"


def _add(parent: _Element, name: str, text: str, attributes: Mapping[str, str | None] | None = None) -> _Element:
    given = {key: value for key, value in (attributes or {}).items() if value}
    element = etree.SubElement(parent, name, given)
    element.text = token(text)
    return element


def _add_curation(root: _Element, curation: Curation) -> None:
    element = etree.SubElement(root, "curation")
    _add(element, "publisher", curation.publisher)
    for creator in curation.creators:
        _add_creator(element, creator)
    for contributor in curation.contributors:
        _add(element, "contributor", contributor.name)
    for item in curation.dates:
        _add(element, "date", utc_text(item.value), {"role": item.role})
    if curation.version:
        _add(element, "version", curation.version)
    contact = etree.SubElement(element, "contact")
    _add(contact, "name", curation.contact.name)
    if curation.contact.email:
        _add(contact, "email", curation.contact.email)


def _add_creator(parent: _Element, creator: Creator) -> None:
    element = etree.SubElement(parent, "creator")
    _add(element, "name", creator.name)
    if creator.alternate_identifier:
        _add(element, "altIdentifier", creator.alternate_identifier)


def _add_content(root: _Element, content: Content) -> None:
    element = etree.SubElement(root, "content")
    for subject in content.subjects:
        _add(element, "subject", subject_term(subject))
    # Paragraphs stay: the description is no token.
    etree.SubElement(element, "description").text = legal(content.description)
    if content.source:
        _add(element, "source", content.source, {"format": content.source_format})
    _add(element, "referenceURL", content.reference_url)
    for kind in content.types:
        _add(element, "type", kind)
    for level in content.levels:
        _add(element, "contentLevel", level)
    for relationship in content.relationships:
        _add_relationship(element, relationship)


def _add_relationship(parent: _Element, relationship: RecordRelationship) -> None:
    element = etree.SubElement(parent, "relationship")
    _add(element, "relationshipType", relationship.kind)
    for target in relationship.targets:
        _add_target(element, "relatedResource", target)


def _add_target(parent: _Element, name: str, target: RelatedTarget) -> None:
    _add(parent, name, target.name, {"ivo-id": target.ivoid})


def _add_authority(root: _Element, record: ResourceRecord) -> None:
    organisation = None if record.authority is None else record.authority.organisation
    if organisation is not None:
        _add_target(root, "managingOrg", organisation)


def _add_registry(root: _Element, record: ResourceRecord) -> None:
    _add_service(root, record)
    _add(root, "full", "false")
    for authority in () if record.authority is None else record.authority.managed:
        _add(root, "managedAuthority", authority)


def _add_service(root: _Element, record: ResourceRecord) -> None:
    for rights in record.rights:
        _add(root, "rights", rights.text, {"rightsURI": rights.uri})
    for capability in record.capabilities:
        # Elements have one parent, and a record may be written more than once.
        add_capability(root, replace(capability, extension=deepcopy(capability.extension)))


def _add_catalogue(root: _Element, record: ResourceRecord) -> None:
    _add_service(root, record)
    if record.coverage is not None:
        _add_coverage(root, record.coverage)
    if record.tables:
        add_tableset(root, record.tables)


def _add_coverage(root: _Element, coverage: Coverage) -> None:
    element = etree.Element("coverage")
    if coverage.moc:
        _add(element, "spatial", coverage.moc)
    for name, intervals in (("temporal", coverage.temporal), ("spectral", coverage.spectral)):
        for low, high in intervals:
            _add(element, name, f"{low!r} {high!r}")
    for waveband in coverage.wavebands:
        _add(element, "waveband", waveband)
    if len(element):
        root.append(element)


def _add_nothing(_root: _Element, _record: ResourceRecord) -> None:
    """Add nothing: the record of an organisation has no more elements."""


#: What follows the elements that all records have; services have rights and capabilities.
_OTHERS: Mapping[str, Callable[[_Element, ResourceRecord], None]] = {
    "vg:Authority": _add_authority,
    "vg:Registry": _add_registry,
    "vr:Organisation": _add_nothing,
    "vs:CatalogResource": _add_catalogue,
    "vs:CatalogService": _add_catalogue,
}
