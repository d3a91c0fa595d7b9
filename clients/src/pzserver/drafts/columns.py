"""Columns of a draft with what they mean, and the server's guesses with their reasons."""

from dataclasses import dataclass

from pzserver.tables.records import RecordList

__all__ = ["DraftColumn", "DraftColumns", "Guess", "GuessList"]


@dataclass(frozen=True, slots=True)
class Guess:
    """A meaning that the server proposes for a column; the score is at most 1."""

    column: str
    meaning: str
    score: float
    reason: str


class GuessList(RecordList[Guess]):
    """Guesses, the best ones first, also by column."""

    _fields = ("column", "meaning", "score", "reason")
    _key = "column"
    _noun = "guess for the column"


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """A column of a draft.

    Parameters
    ----------
    meaning
        What it is published as, such as ``RA``; None for a column without a meaning.
    guess
        What the server proposes.
    reason
        Why it proposes that.
    """

    name: str
    datatype: str | None
    unit: str | None
    ucd: str | None
    meaning: str | None
    guess: str | None
    reason: str
    description: str | None


class DraftColumns(RecordList[DraftColumn]):
    """Columns of a draft, also by name."""

    _fields = ("name", "datatype", "unit", "ucd", "meaning", "guess", "reason", "description")
    _noun = "column"
