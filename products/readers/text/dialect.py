"""Detection of the dialect of a text table from its first lines: delimiter, header and comments."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from products.readers.errors import EmptyTableError, NotATableError
from products.readers.text.source import TextSource

__all__ = ["NULLS", "Dialect", "found_dialect"]

#: Texts that represent a missing value.
NULLS = ("", "NaN", "nan", "NAN", "-nan", "NULL", "Null", "null", "N/A", "n/a", "NA", "<NA>", "#N/A", "--", "None")

_SAMPLE_LINES = 200
_LONGEST_LINE = 10_000_000
_DELIMITERS = (",", "\t", ";", "|", " ")
_WORDS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "blanks"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE)
_TEXT_SUFFIXES = {".tsv": "\t", ".tab": "\t"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Dialect of a text table.

    Parameters
    ----------
    skipped_lines
        Lines before the first row: comments, blank lines and the header.
    padded
        Whether blanks surround the delimiters.
    """

    delimiter: str
    names: tuple[str, ...]
    has_header: bool
    skipped_lines: int
    padded: bool
    notes: tuple[str, ...]


def found_dialect(source: TextSource, name: str, suffix: str) -> Dialect:
    """Detect the dialect of a text table.

    Raises
    ------
    EmptyTableError, NotATableError
        There are only comments, or a line is too long for a table.
    """
    comments, rows, skipped = _sample(source, name)
    if not rows:
        raise EmptyTableError(f"{name} holds no rows, only comments or blank lines. Send the file with its rows.")
    delimiter = _delimiter(rows, _TEXT_SUFFIXES.get(suffix))
    first = _fields(rows[0], delimiter)
    notes = [] if delimiter == "," else [f"Fields are separated by {_WORDS[delimiter]}."]
    if not any(_NUMBER.fullmatch(field) for field in first):
        names, has_header = first, True
        skipped += 1
    else:
        named = _names_in_comment(comments, delimiter, len(first))
        has_header = named is not None
        names = named or [f"col{number}" for number in range(1, len(first) + 1)]
        notes.append(
            "The names of the columns were read from the last comment line."
            if has_header
            else f"The file has no header: its columns were named {names[0]} to {names[-1]}."
        )
    padded = delimiter != " " and any(
        re.search(rf"[ \t]{re.escape(delimiter)}|{re.escape(delimiter)} ", row) for row in rows
    )
    return Dialect(delimiter, tuple(names), has_header, skipped, padded, tuple(notes))


def _sample(source: TextSource, name: str) -> tuple[list[str], list[str], int]:
    """Return the comments at the top, the first rows, and the number of lines before these."""
    comments: list[str] = []
    rows: list[str] = []
    skipped = 0
    for line in islice(source.lines(), _SAMPLE_LINES * 50):
        if len(line) > _LONGEST_LINE:
            raise NotATableError(f"A line of {name} is longer than {_LONGEST_LINE} characters: it is not a table.")
        if line.startswith("#"):
            if not rows:
                comments.append(line)
        elif line.strip():
            rows.append(line)
            if len(rows) == _SAMPLE_LINES:
                break
        skipped += not rows
    return comments, rows, skipped


def _delimiter(rows: Sequence[str], declared: str | None) -> str:
    """Return the delimiter that splits most of the rows into the same number of fields, preferring more fields."""
    best, best_score = ",", (0.0, 0)
    candidates = _DELIMITERS if declared is None else (declared, *(mark for mark in _DELIMITERS if mark != declared))
    for delimiter in candidates:
        if len(_fields(rows[0], delimiter)) < 2:
            continue
        counts = [len(_fields(row, delimiter)) for row in rows]
        agreement = sum(count == counts[0] for count in counts) / len(counts)
        # A delimiter that occurs in every row is preferred to blanks that occur in some texts.
        score = (agreement, counts[0] if delimiter != " " else 1)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _fields(row: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        reader = csv.reader([re.sub(r"[ \t]+", " ", row.strip())], delimiter=" ")
    else:
        reader = csv.reader([row], delimiter=delimiter, skipinitialspace=True)
    try:
        return [field.strip() for field in next(reader, [])]
    except csv.Error:
        return row.split(delimiter)


def _names_in_comment(comments: Sequence[str], delimiter: str, count: int) -> list[str] | None:
    if not comments:
        return None
    text = comments[-1].lstrip("#").strip()
    for mark in (delimiter, " ", ","):
        names = _fields(text, mark)
        if len(names) == count and not any(_NUMBER.fullmatch(field) for field in names):
            return names
    return None
