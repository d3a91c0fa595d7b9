"""Form values of step 3 of the wizard: the meanings of columns, stored, guessed or entered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from products.inspection.guesses import Guess, best_assignment
from products.inspection.meanings import MEANINGS, MEANINGS_BY_KEY
from products.inspection.preview import Cell
from products.models import ProductColumn, ProductType
from products.service import ProductDetails

__all__ = ["ColumnChoice", "choices_of", "meanings_of", "missing_meanings"]

_SAMPLES = 3
_KEYS = {meaning.alias: meaning.key for meaning in MEANINGS}


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Row of the form: a column and its meaning.

    Parameters
    ----------
    samples
        First values of the column.
    meaning
        Key of the selected meaning; empty for none.
    alias
        Custom name, instead of a meaning.
    guess
        The best guess for this column, if any.
    repeated
        Whether another column has the same meaning.
    """

    item: ProductColumn
    samples: tuple[Cell, ...]
    meaning: str
    alias: str
    guess: Guess | None
    repeated: bool

    @property
    def is_guessed(self) -> bool:
        """Whether the selected meaning is the guessed one."""
        return self.guess is not None and self.guess.meaning == self.meaning


def choices_of(details: ProductDetails, entered: Mapping[str, str] | None) -> tuple[ColumnChoice, ...]:
    """Return the rows of the form.

    Parameters
    ----------
    entered
        Fields of a form that was refused; None for the stored meanings, or the guesses if there are none.
    """
    found = details.found
    guesses = found.guesses if found else ()
    chosen = _chosen(details.columns, entered, guesses)
    counted = Counter(meaning for meaning, _ in chosen.values() if meaning)
    best: dict[str, Guess] = {}
    for guess in guesses:
        # Guesses are sorted, the best first; the proposed one has priority over a better one that is not proposed.
        if guess.column not in best or guess.meaning == chosen.get(guess.column, ("", ""))[0]:
            best[guess.column] = guess
    return tuple(
        ColumnChoice(
            item,
            found.preview.get(item.column.name, ())[:_SAMPLES] if found else (),
            *chosen[item.column.name],
            best.get(item.column.name),
            repeated=counted[chosen[item.column.name][0]] > 1,
        )
        for item in details.columns
    )


def meanings_of(columns: Sequence[ProductColumn], fields: Mapping[str, str]) -> dict[str, str]:
    """Parse the form: column name to the key of a meaning, or to a custom name."""
    meanings: dict[str, str] = {}
    for item in columns:
        meaning, alias = fields.get(f"meaning-{item.id}", ""), fields.get(f"alias-{item.id}", "").strip()
        chosen = meaning if meaning in MEANINGS_BY_KEY else alias
        if chosen:
            meanings[item.column.name] = chosen
    return meanings


def missing_meanings(kind: ProductType, meanings: Mapping[str, str]) -> list[str]:
    """Return the names of mandatory meanings that no column has."""
    given = {_KEYS.get(chosen, chosen) for chosen in meanings.values()}
    return [MEANINGS_BY_KEY[key].alias for key in kind.mandatory if key not in given]


def _chosen(
    columns: Sequence[ProductColumn], entered: Mapping[str, str] | None, guesses: Sequence[Guess]
) -> dict[str, tuple[str, str]]:
    if entered is not None:
        return {
            item.column.name: (entered.get(f"meaning-{item.id}", ""), entered.get(f"alias-{item.id}", ""))
            for item in columns
        }
    if any(item.alias for item in columns):
        return {item.column.name: _stored(item.alias or "") for item in columns}
    proposed = best_assignment(guesses)
    return {item.column.name: (proposed.get(item.column.name, ""), "") for item in columns}


def _stored(alias: str) -> tuple[str, str]:
    return (_KEYS[alias], "") if alias in _KEYS else ("", alias)
