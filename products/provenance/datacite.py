"""Metadata of a public product in the DataCite Metadata Schema 4.5, as JSON and as XML."""

from typing import Any, cast

from products.attribution import Author, Keyword
from products.attribution.licenses import license_label
from products.provenance.descriptions import ProductDescription, RelatedIdentifier

__all__ = ["datacite_document", "datacite_xml", "doi_request"]

_Json = dict[str, Any]  # JSON objects hold whatever JSON holds

_SCHEMA = "http://datacite.org/schema/kernel-4"
_CONCEPTS = "https://astrothesaurus.org"


def datacite_document(described: ProductDescription) -> _Json:
    """Return the metadata as an object of JSON, as DataCite's REST API takes them; empty properties are left out."""
    product, cited = described.product, described.cited
    attribution = product.attribution
    known = {author.name: author for author in attribution.authors}
    dates = {"Created": product.created_at, "Issued": product.published_at, "Updated": product.updated_at}
    document = {
        "doi": attribution.doi,
        "url": cited.page,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": product.product_type.display_name},
        "creators": [_creator(name, known.get(name)) for name in cited.authors],
        "titles": [{"title": product.display_name}],
        "publisher": {"name": cited.publisher},
        "publicationYear": str(cited.published.year),
        "subjects": [_subject(keyword) for keyword in attribution.keywords],
        "dates": [
            {"date": f"{time:%Y-%m-%dT%H:%M:%SZ}", "dateType": kind} for kind, time in dates.items() if time is not None
        ],
        "alternateIdentifiers": [
            {"alternateIdentifier": product.internal_name, "alternateIdentifierType": "Internal name"}
        ],
        "relatedIdentifiers": [_related(related) for related in described.related],
        "sizes": [f"{sum(file.size for file in described.files)} B"] if described.files else [],
        "formats": list(described.formats),
        "rightsList": _rights(described),
        "descriptions": [{"description": described.abstract, "descriptionType": "Abstract"}],
        "fundingReferences": [
            {"funderName": award.funder, **({"awardNumber": award.award} if award.award else {})}
            for award in dict.fromkeys(attribution.funding)
        ],
        "schemaVersion": _SCHEMA,
    }
    return {key: value for key, value in document.items() if value}


def datacite_xml(described: ProductDescription) -> bytes:
    """Return the metadata as XML; a product without a DOI is identified by the address of its page."""
    from datacite import schema45
    from lxml import etree

    # Its elements get their namespace when they are read.
    root = etree.fromstring(etree.tostring(schema45.dump_etree(datacite_document(described))))
    if not described.product.attribution.doi:
        identifier = etree.Element(f"{{{_SCHEMA}}}identifier", identifierType="URL")
        identifier.text = described.cited.page
        root.insert(0, identifier)
    return cast("bytes", etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def doi_request(described: ProductDescription, prefix: str) -> _Json:
    """Return the body of the request by which DataCite's REST API registers a DOI (POST /dois).

    Without a suffix DataCite chooses one, so that no name of a product stands in an identifier that lasts.
    """
    document = datacite_document(described)
    return {"data": {"type": "dois", "attributes": {**document, "prefix": prefix, "event": "publish"}}}


def _creator(name: str, author: Author | None) -> _Json:
    family, comma, given = (part.strip() for part in name.partition(","))
    creator: _Json = {"name": name}
    if comma:
        creator |= {"nameType": "Personal", "givenName": given, "familyName": family}
    if author is not None and author.affiliation:
        creator["affiliation"] = [{"name": author.affiliation}]
    if author is not None and author.orcid:
        creator["nameIdentifiers"] = [
            {
                "nameIdentifier": f"https://orcid.org/{author.orcid}",
                "nameIdentifierScheme": "ORCID",
                "schemeUri": "https://orcid.org",
            }
        ]
    return creator


def _subject(keyword: Keyword) -> _Json:
    if keyword.address is None:
        return {"subject": keyword.text}
    return {
        "subject": keyword.text,
        "subjectScheme": "Unified Astronomy Thesaurus",
        "schemeUri": _CONCEPTS,
        "valueUri": keyword.address,
    }


def _related(related: RelatedIdentifier) -> _Json:
    return {
        "relationType": str(related.relation),
        "relatedIdentifier": related.identifier,
        "relatedIdentifierType": related.type,
    }


def _rights(described: ProductDescription) -> list[_Json]:
    attribution = described.product.attribution
    if not attribution.license:
        return []
    rights = {"rights": license_label(attribution.license)}
    if attribution.license_address is not None:
        rights |= {
            "rightsUri": attribution.license_address,
            "rightsIdentifier": attribution.license,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    return [rights]
