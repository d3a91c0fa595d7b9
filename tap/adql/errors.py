"""Errors of a query: what is wrong, and at which line and column of the user's text."""

import difflib
from collections.abc import Iterable
from typing import ClassVar

from core.errors import InvalidValueError

__all__ = ["Position", "QueryError", "UnknownTableError", "nearest"]

#: Line and column in the user's text, both counted from 1.
Position = tuple[int, int]


class QueryError(InvalidValueError):
    """A query that is not ADQL, or that names what does not exist.

    Parameters
    ----------
    reason
        What is wrong, without the place and without a full stop.
    at
        Line and column of the offending word, when there is one.
    advice
        What to do instead: a near name, or what was expected.
    """

    code: ClassVar[str] = "QueryError"

    def __init__(self, reason: str, at: Position | None = None, advice: str | None = None) -> None:
        place = f" at line {at[0]}, column {at[1]}" if at else ""
        super().__init__(f"{reason}{place}; {advice}" if advice else f"{reason}{place}.", field="QUERY")
        self.line: int | None = at[0] if at else None
        self.column: int | None = at[1] if at else None


class UnknownTableError(QueryError):
    """A query that names a table which is not there, or not for the one who asks."""


def nearest(written: str, names: Iterable[str]) -> str | None:
    """Find the name that was likely meant, in any case: one that is nearly the same, or else begins the same."""
    known = {name.lower(): name for name in names}
    close = difflib.get_close_matches(written.lower(), known, n=1)
    if not close:
        close = [name for name in known if name.startswith(written.lower())][:1]
    return known[close[0]] if close else None
