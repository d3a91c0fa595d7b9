"""Texts that are no tables, recognised by the look of their lines."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from products.readers.errors import NotATableError
from products.readers.formats import READABLE_FORMATS
from products.readers.text.layout import NUMBER

__all__ = ["check_is_table"]

_FEW_NUMBERS = 0.3
_SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas", "": "blanks"}
_LOOKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a LaTeX document", re.compile(r"\s*\\(documentclass|begin|end|usepackage|section|item)\b.*|.*(?<!\\)&.*\\\\\s*")),
    ("an HTML page or an XML document", re.compile(r"\s*</?[A-Za-z!][^>]*>|.*</[A-Za-z]+>\s*")),
    ("JSON", re.compile(r"\s*[{}\[\]]+,?\s*|\s*\"[^\"]+\"\s*:\s*.+")),
    ("a log", re.compile(
        r"\s*(\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d).*\b[A-Za-z]{2,}.*\b[A-Za-z]{2,}.*"
        r"|.*\b(DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL)\b.*"
    )),
    ("YAML", re.compile(r"---\s*|\s*(- )?[\w.\-/]+:(\s.*)?|\s*- .+")),
    ("program code", re.compile(r"\s*(def|class|import|from|return|if|for|while|print)\b.*[:()\w]|.*[;{}]\s*")),
)  # fmt: skip


def check_is_table(name: str, lines: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> None:
    """Raise when the lines of a text do not look like the rows of a table.

    Parameters
    ----------
    lines, rows
        The first lines that are neither blank nor comments, and the fields of each.

    Raises
    ------
    NotATableError
        With what the text seems to be.
    """
    counts = [len(row) for row in rows]
    agreement = Counter(counts).most_common(1)[0][1] / len(counts)
    look, share = _look(lines)
    fields = [text for row in rows[1:] or rows for text in row]
    numbers = sum(NUMBER.fullmatch(text) is not None for text in fields) / max(1, len(fields))
    is_prose = (
        agreement < 0.5
        or (delimiter == " " and not numbers)
        or (_has_sentences(lines) and (counts[0] == 1 or (agreement < 1 and numbers < _FEW_NUMBERS)))
        or (share > 0.8 and (delimiter == " " or counts[0] == 1) and look != "program code")
    )
    separators = _SEPARATORS if counts[0] == 1 else [mark for mark in _SEPARATORS if mark]
    if (is_prose or counts[0] == 1) and (below := _table_below(lines, separators)):
        raise NotATableError(
            f"{name} begins with a text, below which fields seem to be separated by {below}. Remove the text, or begin "
            "its lines with #, so that the first line has the names of the columns."
        )
    if is_prose:
        seems = look if share > 0.5 else "running text"
        few, many = min(counts), max(counts)
        number = f"{few} field{'s' * (few > 1)}" if few == many else f"between {few} and {many} fields"
        raise NotATableError(
            f"{name} is not a table: its lines have {number} and it looks like {seems}. Send {READABLE_FORMATS}."
        )


def _table_below(lines: Sequence[str], separators: Iterable[str]) -> str | None:
    """Return what separates the fields of most lines after the first."""
    for mark in separators:
        rows = [[text.strip() for text in line.split(mark or None)] for line in lines[1:]]
        number, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        alike = [row for row in rows if len(row) == number]
        fields = [text for row in alike for text in row]
        tells = mark == "\t" or (any(map(NUMBER.fullmatch, fields)) and (mark or number > 2))
        if number > 1 and times > len(rows) / 2 and tells and len(rows) > 1:
            return _SEPARATORS[mark]
    return None


def _look(lines: Sequence[str]) -> tuple[str, float]:
    """Return what most of the lines look like, with their share."""
    shares = [(sum(look.fullmatch(line) is not None for line in lines) / len(lines), name) for name, look in _LOOKS]
    share = max(each for each, _ in shares)
    return next(name for each, name in shares if each == share), share


def _has_sentences(lines: Sequence[str]) -> bool:
    """Return whether most lines have several words, or end as headings and sentences do."""
    return sum(len(line.split()) > 2 or line.rstrip().endswith((":", ".")) for line in lines) > len(lines) / 2
