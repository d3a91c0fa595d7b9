"""Errors of a query, with the line and column of the user's text."""

import difflib
from collections.abc import Iterable
from typing import ClassVar

from core.errors import InvalidValueError

__all__ = ["Position", "QueryError", "UnknownTableError", "nearest"]

#: Line and column in the user's text, both counted from 1.
Position = tuple[int, int]


class QueryError(InvalidValueError):
    """Error of a query that is not valid ADQL or names something that does not exist.

    Parameters
    ----------
    reason
        What is wrong, without the position and without a full stop.
    at
        Line and column of the offending word, when there is one.
    advice
        What to do instead: a similar name, or what was expected.
    """

    code: ClassVar[str] = "QueryError"

    def __init__(self, reason: str, at: Position | None = None, advice: str | None = None) -> None:
        place = f" at line {at[0]}, column {at[1]}" if at else ""
        super().__init__(f"{reason}{place}; {advice}" if advice else f"{reason}{place}.", field="QUERY")
        self.line: int | None = at[0] if at else None
        self.column: int | None = at[1] if at else None


class UnknownTableError(QueryError):
    """Error of a query that names a table which does not exist or which the user may not read."""


def nearest(written: str, names: Iterable[str]) -> str | None:
    """Return the most similar name, compared in any case: a close match, or else one with the same beginning."""
    known = {name.lower(): name for name in names}
    close = difflib.get_close_matches(written.lower(), known, n=1)
    if not close:
        close = [name for name in known if name.startswith(written.lower())][:1]
    return known[close[0]] if close else None
