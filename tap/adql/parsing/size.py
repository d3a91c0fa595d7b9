"""Size of a query, checked on its words before anything is parsed: tokens, nesting, and lengths of lists."""

import re
from dataclasses import dataclass

from tap.adql.errors import Position, QueryError
from tap.adql.limits import (
    MAX_ARGUMENTS,
    MAX_ITEMS,
    MAX_NESTING,
    MAX_TERMS,
    MAX_TOKENS,
    MAX_VALUES,
    yield_to_other_threads,
)

__all__ = ["check_size"]

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | (?P<comment>--[^\n]*) | (?P<word>[A-Za-z]\w*)
    | [0-9.]+(?:[eE][+-]?[0-9]+)? | <> | != | <= | >= | \|\| | [^\s]""",
    re.VERBOSE,
)

#: Tokens after which other threads may run: about a millisecond.
_TOKENS_AT_ONCE = 512

_AS_TABLE = "upload them as a table and join with it"


@dataclass(slots=True)
class _List:
    """One list that is being read: its length so far, its limit, and how a message names it."""

    limit: int
    what: str
    advice: str
    length: int = 1


_BEGINNINGS = {
    "SELECT": (MAX_ITEMS, "columns in one SELECT", "select fewer, or all with *"),
    "WITH": (MAX_TERMS, "queries in WITH", "write a smaller query"),
    "FROM": (MAX_TERMS, "tables in one FROM", "write a smaller query"),
    "BY": (MAX_TERMS, "terms in one GROUP BY or ORDER BY", "write a smaller query"),
}


def check_size(query: str) -> None:
    """Check the size of a query by reading its words once, up to the first limit that is exceeded.

    Raises
    ------
    QueryError
        It has more than `MAX_TOKENS` tokens, is nested deeper than `MAX_NESTING`, or has a list that is too long.
    """
    lists = [_List(MAX_TERMS, "values in a list", "write a smaller query")]
    tokens = cases = 0
    before = ""
    for match in _TOKEN.finditer(query):
        if match.lastgroup == "comment":
            continue
        tokens += 1
        if tokens % _TOKENS_AT_ONCE == 0:
            yield_to_other_threads()
        if tokens > MAX_TOKENS:
            advice = "upload long lists as a table and join with it"
            raise QueryError(f"The query has more than {MAX_TOKENS} words, numbers and signs", None, advice)
        text = match.group()
        if text in {"(", "["}:
            lists.append(_opened(before))
        elif text in {")", "]"} and len(lists) > 1:
            lists.pop()
        elif text == ",":
            _count(lists[-1], query, match.start())
        elif match.lastgroup == "word":
            text = text.upper()
            cases += (text == "CASE") - (text == "END" and cases > 0)
            if text in _BEGINNINGS:
                lists[-1] = _List(*_BEGINNINGS[text])
        if len(lists) + cases > MAX_NESTING + 1:
            at = _position(query, match.start())
            raise QueryError("The query is nested too deep", at, f"at most {MAX_NESTING} levels are read")
        before = text if match.lastgroup == "word" else ""


def _opened(before: str) -> _List:
    """Return the list that a parenthesis behind a word begins; the word is in capitals."""
    if before == "IN":
        return _List(MAX_VALUES, "values in one IN", _AS_TABLE)
    if before == "USING":
        return _List(MAX_TERMS, "columns in one USING", "write a smaller query")
    return _List(MAX_ARGUMENTS, f"arguments of {before}" if before else "values in a list", _AS_TABLE)


def _count(counted: _List, query: str, start: int) -> None:
    counted.length += 1
    if counted.length > counted.limit:
        at = _position(query, start)
        raise QueryError(f"The query has more than {counted.limit} {counted.what[:80]}", at, counted.advice)


def _position(query: str, start: int) -> Position:
    return query.count("\n", 0, start) + 1, start - query.rfind("\n", 0, start)
