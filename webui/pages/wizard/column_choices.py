"""Form values of step 3 of the wizard: meanings and attributes of columns, stored, guessed or entered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from products.inspection.column_statistics import ColumnStatistics
from products.inspection.guesses import Guess, best_assignment
from products.inspection.meanings import MEANINGS, MEANINGS_BY_KEY
from products.inspection.preview import Cell
from products.lifecycle.column_checks import column_problems
from products.lifecycle.column_descriptions import ColumnDescription
from products.lifecycle.column_words import ATTRIBUTES
from products.models import ProductColumn, ProductStatus, ProductType
from products.service import ProductDetails
from webui.pages.products.product_view import range_text

__all__ = ["ColumnChoice", "attributes_of", "choices_of", "meanings_of", "missing_meanings"]

_SAMPLES = 3
_KEYS = {meaning.alias: meaning.key for meaning in MEANINGS}
#: Meanings by which the rows of a published product are stored.
_FIXED = frozenset({"ra", "dec", "z"})


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Row of the form: a column, its meaning and its attributes.

    Parameters
    ----------
    samples
        First values of the column.
    known
        Statistics of the column, if it was inspected.
    meaning
        Key of the selected meaning; empty for none.
    alias
        Custom name, instead of a meaning.
    attributes
        Unit, UCD and description, as stored or entered.
    guess
        The best guess for this column, if any.
    problem
        Why the column cannot have its meaning.
    fixed
        Whether the meaning can no longer be changed.
    """

    item: ProductColumn
    samples: tuple[Cell, ...]
    known: ColumnStatistics | None
    meaning: str
    alias: str
    attributes: Mapping[str, str]
    guess: Guess | None
    problem: str | None
    fixed: bool

    @property
    def is_guessed(self) -> bool:
        """Whether the selected meaning is the guessed one."""
        return self.guess is not None and self.guess.meaning == self.meaning

    @property
    def is_only_guessed(self) -> bool:
        """Whether the selected meaning is guessed and was not stored yet."""
        return self.is_guessed and self.item.alias is None

    @property
    def range(self) -> str:
        """The least and the largest value."""
        return range_text(self.item, self.known)

    @property
    def nulls(self) -> int:
        """Number of rows without a value."""
        return self.known.nulls if self.known else 0


def choices_of(details: ProductDetails, entered: Mapping[str, str] | None) -> tuple[ColumnChoice, ...]:
    """Return the rows of the form.

    Parameters
    ----------
    entered
        Fields of a form, which need not have all columns; None for the stored meanings, or the guesses if there are
        none.
    """
    found = details.found
    guesses = found.guesses if found else ()
    chosen = _chosen(details, entered or {}, guesses)
    problems = _problems(details, chosen)
    best: dict[str, Guess] = {}
    for guess in guesses:
        # Guesses are sorted, the best first; the proposed one has priority over a better one that is not proposed.
        if guess.column not in best or guess.meaning == chosen.get(guess.column, ("", ""))[0]:
            best[guess.column] = guess
    return tuple(
        ColumnChoice(
            item,
            found.preview.get(item.column.name, ())[:_SAMPLES] if found else (),
            found.statistics.get(item.column.name) if found else None,
            *chosen[item.column.name],
            {key: _entered(item, key, entered or {}) for key in ATTRIBUTES},
            best.get(item.column.name),
            problems.get(item.column.name),
            fixed=_is_fixed(details, item),
        )
        for item in details.columns
    )


def meanings_of(details: ProductDetails, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the chosen meanings: column name to the key of a meaning, or to a custom name.

    Columns that the form does not have keep their stored meanings, or the guessed ones if none is stored.
    """
    guesses = details.found.guesses if details.found else ()
    chosen = _chosen(details, fields, guesses)
    return {
        name: meaning if meaning in MEANINGS_BY_KEY else alias.strip()
        for name, (meaning, alias) in chosen.items()
        if meaning in MEANINGS_BY_KEY or alias.strip()
    }


def attributes_of(details: ProductDetails, fields: Mapping[str, str]) -> tuple[ColumnDescription, ...]:
    """Return the attributes that the form changes."""
    found: list[ColumnDescription] = []
    for item in details.columns:
        entered = {key: _entered(item, key, fields) for key in ATTRIBUTES}
        changed = {key: text for key, text in entered.items() if text.split() != (_stored(item, key)).split()}
        if changed:
            found.append(ColumnDescription(item.column.name, "", changed))
    return tuple(found)


def missing_meanings(kind: ProductType, meanings: Mapping[str, str]) -> list[str]:
    """Return the names of mandatory meanings that no column has."""
    given = {_KEYS.get(chosen, chosen) for chosen in meanings.values()}
    return [MEANINGS_BY_KEY[key].alias for key in kind.mandatory if key not in given]


def _stored(item: ProductColumn, key: str) -> str:
    return str(getattr(item.column, key) or "")


def _entered(item: ProductColumn, key: str, fields: Mapping[str, str]) -> str:
    return fields.get(f"{key}-{item.id}", _stored(item, key))


def _is_fixed(details: ProductDetails, item: ProductColumn) -> bool:
    is_draft = details.product.status is ProductStatus.REGISTERING
    return not is_draft and details.table is not None and _KEYS.get(item.alias or "") in _FIXED


def _chosen(
    details: ProductDetails, entered: Mapping[str, str], guesses: Sequence[Guess]
) -> dict[str, tuple[str, str]]:
    """Return the meaning and the custom name of each column; those that were not entered are stored or guessed."""
    columns, is_draft = details.columns, details.product.status is ProductStatus.REGISTERING
    guessed = is_draft and not any(item.alias for item in columns)
    proposed = best_assignment(guesses) if guessed else {}
    chosen: dict[str, tuple[str, str]] = {}
    for item in columns:
        name, alias = item.column.name, item.alias or ""
        base = (proposed.get(name, ""), "") if guessed else (_KEYS[alias], "") if alias in _KEYS else ("", alias)
        if not _is_fixed(details, item):
            base = (entered.get(f"meaning-{item.id}", base[0]), entered.get(f"alias-{item.id}", base[1]))
        chosen[name] = base
    return chosen


def _problems(details: ProductDetails, chosen: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return what publication would refuse about each column."""
    columns = [
        replace(item, alias=MEANINGS_BY_KEY[meaning].alias if meaning in MEANINGS_BY_KEY else None)
        for item in details.columns
        for meaning in [chosen[item.column.name][0]]
    ]
    problems: dict[str, str] = {}
    if details.product.status is ProductStatus.REGISTERING:
        problems = column_problems(details.product.product_type, columns, details.found, details.options)
    given = [(item.column.name, item.alias) for item in columns if item.alias]
    counted = Counter(alias for _, alias in given)
    return problems | {name: "Another column has this meaning too." for name, alias in given if counted[alias] > 1}
