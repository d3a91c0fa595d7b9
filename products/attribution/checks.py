"""Validation of attributions: each error names the wrong value and its field."""

import re
from collections.abc import Sequence
from typing import TypeVar

from core.errors import InvalidValueError
from products.attribution.identifiers import checked_doi, checked_orcid, checked_reference
from products.attribution.licenses import checked_license
from products.attribution.models import Attribution, Author, Award, Keyword

__all__ = ["checked_attribution"]

#: Most entries of each list.
_MOST = {"authors": 500, "references": 200, "funding": 50, "keywords": 50, "related": 100}
_Item = TypeVar("_Item")

_LONGEST = 255
_LONGEST_AFFILIATION = 500
_HIGHEST_CONCEPT = 99_999
_NUMBERED = re.compile(r"(.+?)\s*\((?:https?://astrothesaurus\.org/uat/)?(\d{1,5})\)")


def checked_attribution(given: Attribution) -> Attribution:
    """Return an attribution whose values have their usual forms, without duplicates.

    Raises
    ------
    InvalidValueError
        A value is invalid; the field is named.
    """
    for name, most in _MOST.items():
        count = len(getattr(given, name))
        if count > most:
            message = f"There are {count} entries; a product may have at most {most}."
            raise InvalidValueError(message, field=name)
    return Attribution(
        authors=_unique([_author(author) for author in given.authors]),
        license=checked_license(given.license),
        references=_unique([checked_reference(text) for text in given.references]),
        funding=_unique([_award(award) for award in given.funding]),
        keywords=_unique([_keyword(keyword) for keyword in given.keywords]),
        related=_unique(given.related),
        doi=checked_doi(given.doi) if given.doi.strip() else "",
    )


def _author(author: Author) -> Author:
    name = _text(author.name, "authors", "the name of an author")
    orcid = checked_orcid(author.orcid) if author.orcid.strip() else ""
    affiliation = author.affiliation.strip()
    return Author(
        name=name,
        orcid=orcid,
        affiliation=_text(affiliation, "authors", "an affiliation", _LONGEST_AFFILIATION) if affiliation else "",
    )


def _award(award: Award) -> Award:
    number = award.award.strip()
    return Award(
        funder=_text(award.funder, "funding", "the name of a funder"),
        award=_text(number, "funding", "the number of a grant") if number else "",
    )


def _keyword(keyword: Keyword) -> Keyword:
    text, concept = _text(keyword.text, "keywords", "a keyword"), keyword.uat
    if (numbered := _NUMBERED.fullmatch(text)) and concept is None:
        text, concept = numbered[1], int(numbered[2])
    if concept is not None and not 0 < concept <= _HIGHEST_CONCEPT:
        message = f"'{concept}' is not the number of a concept of the Unified Astronomy Thesaurus, such as 1378."
        raise InvalidValueError(message, field="keywords")
    return Keyword(text=text, uat=concept)


def _text(text: str, field: str, what: str, longest: int = _LONGEST) -> str:
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not cleaned:
        message = f"An entry is empty where {what} should be."
        raise InvalidValueError(message, field=field)
    if len(cleaned) > longest:
        message = f"'{cleaned[:40]}…' is too long: {what} may have at most {longest} characters."
        raise InvalidValueError(message, field=field)
    return cleaned


def _unique(items: Sequence[_Item]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(items))
