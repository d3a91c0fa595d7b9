"""Attribution of products: authors, licence, references, funding, keywords, related products and DOI."""

from products.attribution.checks import checked_attribution
from products.attribution.models import (
    Attribution,
    AttributionChanges,
    Author,
    Award,
    Keyword,
    Relation,
    RelationKind,
    RelationRequest,
)

__all__ = [
    "Attribution",
    "AttributionChanges",
    "Author",
    "Award",
    "Keyword",
    "Relation",
    "RelationKind",
    "RelationRequest",
    "checked_attribution",
]
