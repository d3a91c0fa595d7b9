"""Attributions as lines of text, one entry a line, as forms and CSV-like lists have them.

An author is ``Family, Given; ORCID; affiliation``, where what has the form of an ORCID iD may stand anywhere after the
name; funding is ``funder; award``; a keyword is ``Redshift surveys (1378)``, with the number of its concept in the
Unified Astronomy Thesaurus, as journals print it; a relation is ``IsDerivedFrom target``.
"""

import re

from core.errors import InvalidValueError
from products.attribution.identifiers import is_orcid
from products.attribution.models import Author, Award, Keyword, RelationKind, RelationRequest

__all__ = [
    "author_line",
    "authors_of_lines",
    "award_line",
    "awards_of_lines",
    "keyword_line",
    "keywords_of_lines",
    "lines_of",
    "relations_of_lines",
]

_KINDS = {kind.lower(): kind for kind in RelationKind}


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a text that are not blank."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def authors_of_lines(text: str) -> tuple[Author, ...]:
    """Parse authors."""
    return tuple(_author(line) for line in lines_of(text))


def author_line(author: Author) -> str:
    """Return an author as a line."""
    return "; ".join(filter(None, (author.name, author.orcid, author.affiliation)))


def awards_of_lines(text: str) -> tuple[Award, ...]:
    """Parse funding."""
    parts = [line.partition(";") for line in lines_of(text)]
    return tuple(Award(funder=funder.strip(), award=award.strip()) for funder, _, award in parts)


def award_line(award: Award) -> str:
    """Return funding as a line."""
    return "; ".join(filter(None, (award.funder, award.award)))


def keywords_of_lines(text: str) -> tuple[Keyword, ...]:
    """Parse keywords; the number in parentheses is read when the keyword is checked."""
    return tuple(Keyword(text=line) for line in lines_of(text))


def keyword_line(keyword: Keyword) -> str:
    """Return a keyword as a line."""
    return keyword.text if keyword.uat is None else f"{keyword.text} ({keyword.uat})"


def relations_of_lines(text: str) -> tuple[RelationRequest, ...]:
    """Parse relations.

    Raises
    ------
    InvalidValueError
        A line does not begin with a relation, or has no target.
    """
    return tuple(_relation(line) for line in lines_of(text))


def _author(line: str) -> Author:
    name, *others = (part.strip() for part in line.split(";"))
    orcid = next((part for part in others if is_orcid(part) or "orcid" in part.lower()), "")
    return Author(name=name, orcid=orcid, affiliation="; ".join(part for part in others if part and part != orcid))


def _relation(line: str) -> RelationRequest:
    word, _, target = re.sub(r"\s+", " ", line).partition(" ")
    kind = _KINDS.get(word.rstrip(":").lower())
    if kind is None or not target:
        message = (
            f"'{line:.80}' is not a relation. Write {', '.join(RelationKind)}, followed by the internal name of a "
            "product, a DOI or an address."
        )
        raise InvalidValueError(message, field="related")
    return RelationRequest(kind=kind, target=target)
