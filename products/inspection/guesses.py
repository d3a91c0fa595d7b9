"""Guesses of column meanings from names, units, UCDs and values, each with a score and a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.meanings import MEANINGS, MEANINGS_BY_KEY
from products.inspection.missing_values import missing_values, without_missing
from products.inspection.naming import is_band, name_score, plain_name, without_axis
from products.inspection.plausibility import Verdict, unit_verdict, value_verdict

__all__ = ["Guess", "best_assignment", "guess_meanings"]

_PLAUSIBLE = 0.2
_WORTH_PROPOSING = 0.5
_SAME_STYLE = 0.25
_OTHER_UCD = 0.4
_FILTER = 0.05
_FIRST_COLUMN = 0.55

#: UCD1+ words with which the first word of a column's UCD may begin, by meaning; error words are separate.
_UCDS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "id": (("meta.id;meta.main", 0.98), ("meta.id", 0.8), ("meta.record", 0.6)),
    "ra": (("pos.eq.ra;meta.main", 0.99), ("pos.eq.ra", 0.9)),
    "dec": (("pos.eq.dec;meta.main", 0.99), ("pos.eq.dec", 0.9)),
    "z": (("src.redshift.phot", 0.8), ("src.redshift", 0.97)),
    "z_err": (("stat.error;src.redshift", 0.98),),
    "z_flag": (("meta.code.qual;src.redshift", 0.97), ("meta.code.qual", 0.8), ("stat.rank", 0.9)),
    "survey": (("meta.curation", 0.9), ("meta.bib", 0.3)),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed meaning of a column.

    Parameters
    ----------
    meaning
        Key of the meaning: ``ra``, ``dec``, ``z``, ``z_err``, ``z_flag``, ``survey`` or ``id``.
    score
        From 0 to 1; guesses from 0.5 on are proposed.
    reason
        Short explanation, such as ``name RAJ2000, unit deg, values 0.1 to 359.9``.
    """

    column: str
    meaning: str
    score: float
    reason: str


def guess_meanings(columns: Sequence[Column], statistics: Mapping[str, ColumnStatistics]) -> tuple[Guess, ...]:
    """Guess the meanings of columns.

    Parameters
    ----------
    statistics
        Statistics of all columns or of some; unknown ones are ignored. Values that seem to stand for missing ones
        say nothing about a meaning.

    Returns
    -------
    tuple of Guess
        All plausible guesses, the best first; a column may have several, and so may a meaning.
    """
    names = frozenset(plain_name(column.name) for column in columns)
    known = without_missing(statistics, missing_values(columns, statistics))
    guesses = [
        guess
        for position, column in enumerate(columns)
        if column.arraysize is None or column.is_text
        for meaning in MEANINGS
        if (guess := _guess(column, meaning.key, known.get(column.name), names, first=position == 0))
    ]
    return tuple(sorted(guesses, key=lambda guess: -guess.score))


def best_assignment(guesses: Sequence[Guess]) -> dict[str, str]:
    """Return the best column for each meaning, as column name to key; only guesses that are proposed."""
    ordered = sorted((guess for guess in guesses if guess.score >= _WORTH_PROPOSING), key=lambda guess: -guess.score)
    chosen: dict[str, str] = {}
    for guess in (*_position(ordered), *ordered):
        if guess.column not in chosen and guess.meaning not in chosen.values():
            chosen[guess.column] = guess.meaning
    return chosen


def _position(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Return the columns of right ascension and declination, chosen as a pair with similar names."""
    pairs = [
        (ra.score + dec.score + _SAME_STYLE * (without_axis(ra.column) == without_axis(dec.column)), ra, dec)
        for ra in guesses
        if ra.meaning == "ra"
        for dec in guesses
        if dec.meaning == "dec" and dec.column != ra.column
    ]
    return max(pairs, key=lambda pair: pair[0])[1:] if pairs else ()


def _guess(
    column: Column, meaning: str, known: ColumnStatistics | None, names: frozenset[str], *, first: bool
) -> Guess | None:
    by_name, by_ucd = name_score(column.name, meaning), _ucd_score(column.ucd, meaning)
    score, reasons = max(by_name, by_ucd), []
    if by_name:
        reasons.append(f"name {column.name}")
        if meaning.startswith("z") and not by_ucd and is_band(column.name, names):
            score *= _FILTER
    if by_ucd:
        reasons.append(f"UCD {column.ucd}")
    elif column.ucd and meaning in MEANINGS_BY_KEY:
        score *= _OTHER_UCD
    if meaning == "id" and first and known is not None and known.unique and score < _FIRST_COLUMN:
        score = _FIRST_COLUMN
        reasons = ["first column"]
    if score < _PLAUSIBLE:
        return None
    for verdict in (unit_verdict(column, meaning), value_verdict(column, meaning, known)):
        score = _weighed(score, verdict)
        if verdict.reason:
            reasons.append(verdict.reason)
    return Guess(column.name, meaning, round(score, 3), ", ".join(reasons)) if score >= _PLAUSIBLE else None


def _weighed(score: float, verdict: Verdict) -> float:
    """Return a score lowered by a verdict, or raised towards 1."""
    return score * verdict.factor if verdict.factor <= 1 else 1 - (1 - score) / verdict.factor


def _ucd_score(ucd: str | None, meaning: str) -> float:
    plain = (ucd or "").strip().lower()
    return next(
        (score for words, score in _UCDS[meaning] if plain == words or plain.startswith((f"{words};", f"{words}."))),
        0.0,
    )
