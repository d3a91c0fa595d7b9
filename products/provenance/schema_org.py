"""Description of a public product as a Dataset of schema.org, in JSON-LD, for search engines."""

import json
from typing import Any

from products.attribution import Author
from products.provenance.descriptions import ProductDescription

__all__ = ["dataset_document", "script_text"]

_Json = dict[str, Any]  # JSON objects hold whatever JSON holds

#: Google's Dataset Search takes descriptions of 50 to 5000 characters.
_LONGEST = 5000


def dataset_document(described: ProductDescription) -> _Json:
    """Return the description as an object of JSON-LD; empty properties are left out."""
    product, cited = described.product, described.cited
    attribution = product.attribution
    known = {author.name: author for author in attribution.authors}
    document = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": cited.url,
        "url": cited.page,
        "name": product.display_name,
        "description": described.abstract[:_LONGEST],
        "identifier": [cited.url, product.internal_name],
        "creator": [_creator(name, known.get(name)) for name in cited.authors],
        "publisher": {"@type": "Organization", "name": cited.publisher, "url": described.url},
        "includedInDataCatalog": {"@type": "DataCatalog", "name": cited.publisher, "url": described.url},
        "datePublished": cited.published.isoformat(),
        "dateModified": product.updated_at.date().isoformat(),
        "license": attribution.license_address or attribution.license,
        "keywords": [
            keyword.text
            if keyword.address is None
            else {"@type": "DefinedTerm", "name": keyword.text, "url": keyword.address}
            for keyword in attribution.keywords
        ],
        "citation": [related.address for related in described.related if related.relation == "Cites"],
        "isBasedOn": [related.address for related in described.related if related.relation == "IsDerivedFrom"],
        "funder": [{"@type": "Organization", "name": award.funder} for award in attribution.funding],
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file.name,
                "encodingFormat": file.media_type,
                "contentSize": f"{file.size} B",
                "contentUrl": described.file_address(file),
                "sha256": file.sha256,
            }
            for file in described.files
        ],
    }
    return {key: value for key, value in document.items() if value}


def script_text(document: _Json) -> str:
    """Return a document as text that can stand in a script element: no text in it ends the element or is a comment."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _creator(name: str, author: Author | None) -> _Json:
    family, comma, given = (part.strip() for part in name.partition(","))
    creator: _Json = {"@type": "Person" if comma else "Organization", "name": name}
    if comma:
        creator |= {"givenName": given, "familyName": family}
    if author is not None and author.affiliation:
        creator["affiliation"] = {"@type": "Organization", "name": author.affiliation}
    if author is not None and author.orcid:
        creator |= {"@type": "Person", "@id": f"https://orcid.org/{author.orcid}"}
    return creator
