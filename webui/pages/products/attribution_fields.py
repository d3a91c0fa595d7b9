"""Form fields for the attribution of a product and its embargo date: one entry a line."""

from collections.abc import Mapping
from datetime import date

from core.auth.models import Identity
from products.attribution import AttributionChanges
from products.attribution.lines import (
    author_line,
    authors_of_lines,
    award_line,
    awards_of_lines,
    keyword_line,
    keywords_of_lines,
    lines_of,
    relations_of_lines,
)
from products.models import Product
from products.sharing.embargoes import parse_embargo_date
from webui.services import WebServices

__all__ = ["ATTRIBUTION_FIELDS", "attribution_values", "entered_attribution", "entered_embargo"]

#: The names of the fields.
ATTRIBUTION_FIELDS = (*AttributionChanges.model_fields, "embargo_date")


def attribution_values(services: WebServices, identity: Identity, product: Product) -> dict[str, str]:
    """Return the values of the form fields for a product."""
    found, related = product.attribution, services.products.relations.of(identity, product)
    return {
        "authors": "\n".join(author_line(author) for author in found.authors),
        "license": found.license,
        "references": "\n".join(found.references),
        "funding": "\n".join(award_line(award) for award in found.funding),
        "keywords": "\n".join(keyword_line(keyword) for keyword in found.keywords),
        "related": "\n".join(resource.line for resource in related),
        "doi": found.doi,
        "embargo_date": "" if product.embargo_date is None else product.embargo_date.isoformat(),
    }


def entered_attribution(fields: Mapping[str, str]) -> AttributionChanges:
    """Parse the attribution of a form; fields that it does not have stay as they are.

    Raises
    ------
    InvalidValueError
        A line cannot be parsed; the field is named.
    """
    authors, funding, keywords = fields.get("authors"), fields.get("funding"), fields.get("keywords")
    references, related = fields.get("references"), fields.get("related")
    return AttributionChanges(
        authors=None if authors is None else authors_of_lines(authors),
        license=fields.get("license"),
        references=None if references is None else lines_of(references),
        funding=None if funding is None else awards_of_lines(funding),
        keywords=None if keywords is None else keywords_of_lines(keywords),
        related=None if related is None else relations_of_lines(related),
        doi=fields.get("doi"),
    )


def entered_embargo(fields: Mapping[str, str]) -> date | None:
    """Parse the embargo date of a form, or raise InvalidValueError."""
    return parse_embargo_date(fields.get("embargo_date", ""))
