"""Form fields for the attribution of a product and its embargo date: one entry a line."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from core.auth.models import Identity
from core.errors import InvalidValueError
from products.attribution import Attribution, AttributionChanges, checked_attribution
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
from webui.pages.forms import InvalidFieldsError
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
    InvalidFieldsError
        Values of some fields are invalid; all of them are named.
    """
    parsed: dict[str, Any] = {}
    errors: list[InvalidValueError] = []
    for name, parse in _PARSERS.items():
        if name in fields:
            try:
                parsed[name] = parse(fields[name])
            except InvalidValueError as error:
                errors.append(error)
    if errors:
        raise InvalidFieldsError(errors)
    return AttributionChanges(**parsed)


def entered_embargo(fields: Mapping[str, str]) -> date | None:
    """Parse the embargo date of a form, or raise InvalidValueError."""
    return parse_embargo_date(fields.get("embargo_date", ""))


def _checked(name: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser of one value of an attribution that checks it, too."""

    def parsed(text: str) -> Any:
        return getattr(checked_attribution(Attribution(**{name: parse(text)})), name)

    return parsed


#: Parsers by the names of their fields; targets of relations are checked by the service, which knows the products.
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "authors": _checked("authors", authors_of_lines),
    "license": _checked("license", str),
    "references": _checked("references", lines_of),
    "funding": _checked("funding", awards_of_lines),
    "keywords": _checked("keywords", keywords_of_lines),
    "related": relations_of_lines,
    "doi": _checked("doi", str),
}
