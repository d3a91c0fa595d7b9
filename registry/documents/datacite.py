"""A record of a product in the format ``oai_datacite``: DataCite 4.5 in the envelope of DataCite's OAI schema 1.1."""

from typing import Any, Literal

from lxml import etree

from registry.documents.texts import legal, token
from registry.models import Creator, RecordRelationship, ResourceRecord, Subject

__all__ = ["DATACITE_OAI", "datacite_document", "datacite_element"]

_Element = Any  # lxml ships no types
_Json = dict[str, Any]  # JSON objects hold whatever JSON holds

#: Namespace of the envelope.
DATACITE_OAI = "http://schema.datacite.org/oai/oai-1.1/"

_KERNEL = "http://datacite.org/schema/kernel-4"
_DOI = "doi:"


def datacite_element(record: ResourceRecord) -> _Element:
    """Return the element of a record; a product without a DOI is identified by the address of its page."""
    from datacite import schema45

    document = datacite_document(record)
    # Its elements get their namespace when they are read.
    resource = etree.fromstring(etree.tostring(schema45.dump_etree(document)))
    if "doi" not in document:
        identifier = etree.Element(f"{{{_KERNEL}}}identifier", identifierType="URL")
        identifier.text = record.content.reference_url
        resource.insert(0, identifier)
    root = etree.Element(f"{{{DATACITE_OAI}}}oai_datacite", nsmap={"oai_datacite": DATACITE_OAI})
    etree.SubElement(root, f"{{{DATACITE_OAI}}}schemaVersion").text = "4.5"
    etree.SubElement(root, f"{{{DATACITE_OAI}}}datacentreSymbol").text = token(record.curation.publisher)
    etree.SubElement(root, f"{{{DATACITE_OAI}}}payload").append(resource)
    return root


def datacite_document(record: ResourceRecord) -> _Json:
    """Return a record as JSON, in the terms of DataCite's schema 4.5."""
    content, curation = record.content, record.curation
    doi = next((text for text in record.alternate_identifiers if text.startswith(_DOI)), "")
    document = {
        "doi": doi.removeprefix(_DOI),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Catalogue"},
        "creators": [_creator(creator) for creator in curation.creators],
        "titles": [{"title": token(record.title)}],
        "publisher": {"name": token(curation.publisher)},
        "publicationYear": str(record.created.year),
        "subjects": [_subject(subject) for subject in content.subjects],
        "dates": [{"date": f"{item.value:%Y-%m-%dT%H:%M:%SZ}", "dateType": item.role} for item in curation.dates],
        "schemaVersion": _KERNEL,
        "alternateIdentifiers": [{"alternateIdentifier": record.identifier, "alternateIdentifierType": "IVOID"}],
        "relatedIdentifiers": [related for item in content.relationships for related in _related(item)],
        "version": token(curation.version),
        "rightsList": [
            {"rights": token(rights.text), **({"rightsUri": rights.uri} if rights.uri else {})}
            for rights in record.rights
        ],
        "descriptions": [{"description": legal(content.description), "descriptionType": "Abstract"}],
    }
    return {key: value for key, value in document.items() if value}


def _creator(creator: Creator) -> _Json:
    document: _Json = {"name": token(creator.name)}
    if creator.affiliation:
        document["affiliation"] = [{"name": token(creator.affiliation)}]
    if creator.orcid:
        identifier = {
            "nameIdentifier": creator.orcid,
            "nameIdentifierScheme": "ORCID",
            "schemeUri": "https://orcid.org",
        }
        document["nameIdentifiers"] = [identifier]
    return document


def _subject(subject: Subject) -> _Json:
    if subject.uat is None:
        return {"subject": token(subject.text)}
    return {
        "subject": token(subject.text),
        "subjectScheme": "Unified Astronomy Thesaurus",
        "valueUri": f"http://astrothesaurus.org/uat/{subject.uat}",
    }


def _related(relationship: RecordRelationship) -> list[_Json]:
    """Return the related identifiers; what serves a product is no relation in the terms of DataCite."""
    if relationship.kind == "IsServedBy":
        return []
    targets = (target.alternate or target.ivoid for target in relationship.targets)
    return [
        {"relationType": relationship.kind, "relatedIdentifier": identifier, "relatedIdentifierType": _type(identifier)}
        for identifier in targets
        if identifier is not None
    ]


def _type(identifier: str) -> Literal["DOI", "URL"]:
    return "DOI" if identifier.startswith("10.") else "URL"
