"""List of the columns of step 3 of the wizard: searched, filtered and paged; and the summary of what is assigned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from products.inspection.meanings import MEANINGS, Meaning
from products.models import ProductType
from webui.pages.wizard.column_choices import ColumnChoice

__all__ = ["SHOWN", "ColumnList", "MeaningSummary", "column_list", "list_address", "summary_of"]

_PER_PAGE = 30
_MOST_DIGITS = 4

#: Filters of the list, with their words.
SHOWN: Mapping[str, str] = {
    "": "All columns",
    "assigned": "With a meaning",
    "guessed": "Only guessed",
    "problems": "With a problem",
    "undescribed": "Without a description",
}


@dataclass(frozen=True, slots=True)
class ColumnList:
    """One page of the columns that match.

    Parameters
    ----------
    choices
        The rows of this page.
    matching
        Number of all that match.
    page, pages
        This page, from 1, and how many there are.
    query, shown
        Words in names and descriptions, and the filter.
    """

    choices: tuple[ColumnChoice, ...]
    matching: int
    page: int
    pages: int
    query: str
    shown: str

    @property
    def first(self) -> int:
        """Number of the first column of this page, from 1."""
        return (self.page - 1) * _PER_PAGE + 1

    @property
    def last(self) -> int:
        """Number of its last column."""
        return self.first + len(self.choices) - 1


@dataclass(frozen=True, slots=True)
class MeaningSummary:
    """A meaning with the columns that have it, and how much the type of product wants it."""

    meaning: Meaning
    want: str
    names: tuple[str, ...]


def column_list(choices: Sequence[ColumnChoice], values: Mapping[str, str]) -> ColumnList:
    """Return a page of columns.

    Parameters
    ----------
    values
        ``q``, ``show`` and ``page``; what is not valid counts as not given.
    """
    query, shown, digits = values.get("q", "").strip(), values.get("show", ""), values.get("page", "")
    shown = shown if shown in SHOWN else ""
    words = query.lower().split()
    found = [choice for choice in choices if _matches(choice, words) and _is_shown(choice, shown)]
    pages = max(1, -(-len(found) // _PER_PAGE))
    number = int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else 1
    page = min(max(number, 1), pages)
    chosen = tuple(found[(page - 1) * _PER_PAGE : page * _PER_PAGE])
    return ColumnList(chosen, len(found), page, pages, query, shown)


def list_address(values: Mapping[str, str], page: str = "") -> str:
    """Return the query string of a page of the list; empty for the first page of all columns."""
    given = {"q": values.get("q", ""), "show": values.get("show", ""), "page": page}
    text = urlencode({key: value for key, value in given.items() if value})
    return f"?{text}" if text else ""


def summary_of(kind: ProductType, choices: Sequence[ColumnChoice]) -> tuple[MeaningSummary, ...]:
    """Return all meanings with their columns: the mandatory ones first, then the recommended ones."""
    wants = {"required": kind.mandatory, "recommended": kind.recommended}
    order = ("required", "recommended", "optional")
    found = [
        MeaningSummary(
            meaning,
            next((want for want, keys in wants.items() if meaning.key in keys), "optional"),
            tuple(choice.item.column.name for choice in choices if choice.meaning == meaning.key),
        )
        for meaning in MEANINGS
    ]
    return tuple(sorted(found, key=lambda item: order.index(item.want)))


def _matches(choice: ColumnChoice, words: Sequence[str]) -> bool:
    column = choice.item.column
    text = " ".join((column.name, column.description or "", column.ucd or "", column.unit or "", choice.alias)).lower()
    return all(word in text for word in words)


def _is_shown(choice: ColumnChoice, shown: str) -> bool:
    return {
        "": True,
        "assigned": bool(choice.meaning or choice.alias),
        "guessed": choice.is_only_guessed,
        "problems": choice.problem is not None,
        "undescribed": not choice.item.column.description,
    }[shown]
