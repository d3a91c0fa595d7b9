"""Guesses of column meanings from names, units, UCDs and values, each with a score and a reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.columns import COMPUTED_UTYPE, Column
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.meanings import MEANINGS, MEANINGS_BY_KEY
from products.inspection.missing_values import missing_values, without_missing
from products.inspection.naming import (
    is_band,
    is_owner,
    is_photometric,
    is_point_estimate,
    is_spectroscopic,
    is_truth,
    name_score,
    owner_of,
    plain_name,
    without_axis,
)
from products.inspection.plausibility import NO_VALUES, Verdict, unit_verdict, value_verdict

__all__ = ["Guess", "best_assignment", "guess_meanings"]

_PLAUSIBLE = 0.2
_WORTH_PROPOSING = 0.5
_SAME_STYLE = 0.25
_OTHER_UCD = 0.4
_FILTER = 0.05
#: Scores of columns in which no two values are equal, whatever their name.
_FIRST_COLUMN, _RUNNING_NUMBER, _UNIQUE_TEXT = 0.55, 0.56, 0.57
#: Numbers that a running number may leave out, as a multiple of the rows.
_ROOM = 1.5
_ROWS_OF_IDENTIFIERS = 20
_BESIDE_REDSHIFT = 0.75
_OF_REDSHIFT = 0.1
_OTHER_KIND: Mapping[str, float] = {"z_err": 0.4, "z_flag": 0.65}
_AFTER_MEASURED = 0.95
#: Highest score of the truth as the redshift of estimates, too low to be proposed.
_TRUTH = 0.45
#: Part of the score that is left to numbers that the server has computed: those of the author come first.
_PARTS: Mapping[str | None, float] = {COMPUTED_UTYPE: 0.85}
#: Part of the score that a position without any value loses.
_INCOMPLETE = 0.1

#: UCD1+ words with which the first word of a column's UCD may begin, by meaning; error words are separate.
_UCDS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "id": (("meta.id;meta.main", 0.98), ("meta.id", 0.8), ("meta.record", 0.6)),
    "ra": (("pos.eq.ra;meta.main", 0.99), ("pos.eq.ra", 0.9)),
    "dec": (("pos.eq.dec;meta.main", 0.99), ("pos.eq.dec", 0.9)),
    "z": (("src.redshift.phot", 0.8), ("src.redshift", 0.97)),
    "z_err": (("stat.error;src.redshift", 0.98), ("stat.stdev;src.redshift", 0.95)),
    "z_flag": (("meta.code.qual;src.redshift", 0.97), ("meta.code.qual", 0.8), ("stat.rank", 0.9)),
    "survey": (("meta.curation", 0.9), ("meta.bib", 0.3)),
    "instrument_type": (),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed meaning of a column.

    Parameters
    ----------
    meaning
        Key of the meaning: ``ra``, ``dec``, ``z``, ``z_err``, ``z_flag``, ``survey``, ``instrument_type`` or ``id``.
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
        All plausible guesses, the best first; a column may have several, and so may a meaning. No photometric redshift
        has a better score than another one that has values, however many are missing, and is worth proposing. In a
        table with probability densities it is the other way round: other redshifts are those that they are compared
        with.
    """
    names = frozenset(plain_name(column.name) for column in columns)
    known = without_missing(statistics, missing_values(columns, statistics))
    table = _Table(names, _redshifts(columns, names), columns[0].name if columns else "")
    guesses = [
        guess
        for column in columns
        if column.arraysize is None or column.is_text
        for meaning in MEANINGS
        if (guess := _guess(column, meaning.key, known.get(column.name), table))
    ]
    ordered = _estimates_first(guesses) if any(column.density for column in columns) else _measured_first(guesses)
    return tuple(sorted(ordered, key=lambda guess: -guess.score))


def best_assignment(guesses: Sequence[Guess]) -> dict[str, str]:
    """Return the best column for each meaning, as column name to key; only guesses that are proposed.

    Errors and flags are proposed beside a redshift only, and rather those that its name has in it.
    """
    ordered = sorted((guess for guess in guesses if guess.score >= _WORTH_PROPOSING), key=lambda guess: -guess.score)
    position = _position(ordered)
    placed = {guess.column for guess in position}
    redshift = next((guess.column for guess in ordered if guess.meaning == "z" and guess.column not in placed), None)
    fitting = [(_beside(guess, redshift), guess) for guess in ordered]
    ordered = [guess for score, guess in sorted(fitting, key=lambda item: -item[0]) if score >= _WORTH_PROPOSING]
    chosen: dict[str, str] = {}
    for guess in (*position, *ordered):
        if guess.column not in chosen and guess.meaning not in chosen.values():
            chosen[guess.column] = guess.meaning
    return chosen


@dataclass(frozen=True, slots=True)
class _Table:
    """What guesses need to know about the other columns: normalised names, names of redshifts, and the first name."""

    names: frozenset[str]
    redshifts: tuple[str, ...]
    first: str


def _redshifts(columns: Sequence[Column], names: frozenset[str]) -> tuple[str, ...]:
    return tuple(
        column.name
        for column in columns
        if column.is_numeric and name_score(column.name, "z") >= _WORTH_PROPOSING and not is_band(column.name, names)
    )


def _measured_first(guesses: Sequence[Guess]) -> Iterator[Guess]:
    """Yield the guesses; those of photometric redshifts with a lower score than the best other redshift."""
    others = [guess.score for guess in guesses if guess.meaning == "z" and _is_measured(guess)]
    best = max(others, default=0.0)
    for guess in guesses:
        lower = guess.meaning == "z" and best >= _WORTH_PROPOSING and _is_photometric(guess)
        yield replace(guess, score=round(min(guess.score, best * _AFTER_MEASURED), 3)) if lower else guess


def _estimates_first(guesses: Sequence[Guess]) -> Iterator[Guess]:
    """Yield the guesses; those of other redshifts have a lower score than the best point estimate.

    What a simulation began with is never proposed as the redshift of estimates.
    """
    best = max((guess.score for guess in guesses if _is_estimate(guess) and NO_VALUES not in guess.reason), default=0.0)
    for guess in guesses:
        lower = guess.meaning == "z" and best >= _WORTH_PROPOSING and not _is_estimate(guess)
        highest = best * _AFTER_MEASURED if lower else 1.0
        if guess.meaning == "z" and is_truth(guess.column):
            highest = min(highest, _TRUTH)
        yield replace(guess, score=round(min(guess.score, highest), 3))


def _is_estimate(guess: Guess) -> bool:
    return guess.meaning == "z" and (_is_photometric(guess) or is_point_estimate(guess.column))


def _is_photometric(guess: Guess) -> bool:
    return "src.redshift.phot" in guess.reason.lower() or is_photometric(guess.column)


def _is_measured(guess: Guess) -> bool:
    return not _is_photometric(guess) and not is_truth(guess.column) and NO_VALUES not in guess.reason


def _beside(guess: Guess, redshift: str | None) -> float:
    """Return the score of a guess beside a chosen redshift."""
    if guess.meaning not in {"z_err", "z_flag"}:
        return guess.score
    if redshift is None:
        return 0.0
    score = guess.score + _OF_REDSHIFT * is_owner(redshift, owner_of(guess.column, guess.meaning))
    other_kind = is_photometric(guess.column) != is_photometric(redshift) and (
        is_photometric(guess.column) or is_spectroscopic(guess.column)
    )
    return score * (_OTHER_KIND[guess.meaning] if other_kind else 1)


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


def _guess(column: Column, meaning: str, known: ColumnStatistics | None, table: _Table) -> Guess | None:
    by_name, by_ucd = name_score(column.name, meaning), _ucd_score(column.ucd, meaning)
    if meaning in {"z_err", "z_flag"} and by_name < _BESIDE_REDSHIFT:
        owner = owner_of(column.name, meaning)
        if any(is_owner(name, owner) for name in table.redshifts):
            by_name = _BESIDE_REDSHIFT
    score, reasons = max(by_name, by_ucd) * _PARTS.get(column.utype, 1), []
    if by_name:
        reasons.append(f"name {column.name}")
        if meaning.startswith("z") and not by_ucd and is_band(column.name, table.names):
            score *= _FILTER
    if by_ucd:
        reasons.append(f"UCD {column.ucd}")
    elif column.ucd and meaning in MEANINGS_BY_KEY:
        score *= _OTHER_UCD
    if meaning == "id" and (alone := _identifying(column, known, table)) > score:
        score = alone
        reasons = ["text" if column.is_text else "running number" if alone == _RUNNING_NUMBER else "first column"]
    if score < _PLAUSIBLE:
        return None
    for verdict in (unit_verdict(column, meaning), value_verdict(column, meaning, known)):
        score = _weighed(score, verdict)
        if verdict.reason:
            reasons.append(verdict.reason)
    if meaning in {"ra", "dec"} and known is not None and known.rows:
        score *= 1 - _INCOMPLETE * known.nulls / known.rows
    return Guess(column.name, meaning, round(score, 3), ", ".join(reasons)) if score >= _PLAUSIBLE else None


def _identifying(column: Column, known: ColumnStatistics | None, table: _Table) -> float:
    """Return the score of a column as identifier by its values alone: no two are equal, and they are no angles."""
    if column.name.startswith("__") or known is None or not known.unique:  # an index of pandas
        return 0.0
    if any(not text.isalnum() for text in known.samples):
        return 0.0
    if column.is_text and known.rows >= _ROWS_OF_IDENTIFIERS and not known.samples:
        return _UNIQUE_TEXT
    if _is_running_number(column, known):
        return _RUNNING_NUMBER
    return _FIRST_COLUMN if column.name == table.first else 0.0


def _is_running_number(column: Column, known: ColumnStatistics) -> bool:
    if column.is_text or known.rows < _ROWS_OF_IDENTIFIERS or known.minimum is None or known.maximum is None:
        return False
    return known.maximum - known.minimum < _ROOM * known.rows


def _weighed(score: float, verdict: Verdict) -> float:
    """Return a score lowered by a verdict, or raised towards 1."""
    return score * verdict.factor if verdict.factor <= 1 else 1 - (1 - score) / verdict.factor


def _ucd_score(ucd: str | None, meaning: str) -> float:
    plain = (ucd or "").strip().lower()
    return next(
        (score for words, score in _UCDS[meaning] if plain == words or plain.startswith((f"{words};", f"{words}."))),
        0.0,
    )
