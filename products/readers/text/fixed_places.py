"""Columns of a text table at fixed places, found from the blanks between them over all lines of the file.

Such a table shows an empty cell by blanks alone: split at blanks, its values would move into other columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from products.readers.errors import NotATableError
from products.readers.text.layout import NUMBER
from products.readers.text.place_survey import Cells, Survey, TextBlocks, cells_of_rows, surveyed
from products.readers.text.source import TextSource

__all__ = ["FixedColumns", "fixed_columns"]

_ROWS_THAT_TELL = 5
_ENDLESS = 1 << 20


@dataclass(frozen=True, slots=True)
class FixedColumns:
    """Columns at fixed places, and the first rows of the table split by them.

    Parameters
    ----------
    widths
        First character and the one after the last of each column.
    rows
        Texts of the cells, the names first where the first row has them.
    """

    widths: tuple[tuple[int, int], ...]
    rows: list[list[str]]


def fixed_columns(
    source: TextSource, lines: Sequence[str], name: str, *, has_header: bool, comment: str = ""
) -> FixedColumns | None:
    """Return the columns of a table at fixed places, or None where splitting it at blanks gives the same cells.

    Parameters
    ----------
    lines
        The first lines that are neither blank nor comments.
    has_header
        Whether the first of them has the names.
    comment
        The comment line with the names, where one has them.

    Raises
    ------
    NotATableError
        Cells are empty, and it cannot be told which.
    """
    if source.has_quotes or any("\t" in line for line in lines):
        return None
    header = comment.replace("#", " ") if comment else (lines[0] if has_header else "")
    sample = "\n".join(lines).encode() + b"\n"
    first = _judged([sample], header, name, has_header=has_header, is_sample=True)
    if first is None:
        return None
    found = _judged(TextBlocks(source), header, name, has_header=has_header)
    if found is None or not found.differs:
        return None
    places = found.widths
    rows = [[line[start:end].strip() for start, end in places] for line in lines]
    if has_header:
        rows[0] = list(found.names)
    if not _has_numbers(rows[has_header:]):
        return None
    return FixedColumns((*places[:-1], (places[-1][0], places[-1][0] + _ENDLESS)), rows)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Places of the columns, and whether cells split by them differ from fields split at blanks."""

    widths: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    differs: bool


def _judged(
    blocks: Iterable[bytes], header: str, name: str, *, has_header: bool, is_sample: bool = False
) -> _Judgement | None:
    """Return the places of the columns where they are certain.

    Parameters
    ----------
    blocks
        Lines of the text, which are read twice.
    is_sample
        Whether more rows follow, so that nothing is refused yet.
    """
    survey = surveyed(iter(blocks), has_header=has_header)
    if survey is None:
        return None
    places = _places(survey, header)
    if places is None:
        _check_shifts(blocks, survey, header, name, has_header=has_header)
        return None
    widths, names = places
    if not _are_close(survey.runs(), widths):
        return None
    cells = cells_of_rows(iter(blocks), widths, has_header=has_header)
    if cells.is_whole:
        return _Judgement(widths, names, differs=False)
    number = len(header.split()) or len(widths)
    agrees_with_names = cells.fields == {number}
    if not header and len(cells.fields) == 1 and survey.rows < _ROWS_THAT_TELL:
        return None
    if not survey.is_padded or cells.may_be_cut or not _are_texts(cells, may_be_sexagesimal=not agrees_with_names):
        return None
    if agrees_with_names and not is_sample:
        raise NotATableError(
            f"{name} has a word for each of its {number} columns in every row, but they do not stand at the "
            "places of the columns: a text with blanks may stand beside an empty cell. Send it as CSV, or write -- "
            "into empty cells."
        )
    return _Judgement(widths, names, differs=True)


def _places(survey: Survey, header: str) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]] | None:
    """Return the places of the columns and their names: runs of characters over all lines, with one name each."""
    tokens = _tokens(header)
    if not tokens:
        return survey.runs(), ()
    runs = _merged(survey.runs([(start, end) for start, end, _ in tokens]), tokens)
    if runs is not None:
        names = tuple(" ".join(text for start, _, text in tokens if low <= start < high) for low, high in runs)
        return runs, names
    alone = survey.runs()
    return (alone, tuple(text for _, _, text in tokens)) if len(alone) == len(tokens) else None


def _tokens(header: str) -> list[tuple[int, int, str]]:
    """Return the names in a line with their places; a unit in brackets belongs to the name before it."""
    tokens: list[tuple[int, int, str]] = []
    here = 0
    for text in header.split():
        start = header.index(text, here)
        here = start + len(text)
        if tokens and text[0] in "([" and start - tokens[-1][1] == 1:
            tokens[-1] = (tokens[-1][0], here, f"{tokens[-1][2]} {text}")
        else:
            tokens.append((start, here, text))
    return tokens


def _merged(
    runs: tuple[tuple[int, int], ...], tokens: Sequence[tuple[int, int, str]]
) -> tuple[tuple[int, int], ...] | None:
    """Return the runs with those without a name joined to the one beside them; None unless each has one name then.

    The first may have none: it is the row index that pandas writes.
    """
    merged = list(runs)
    position = 0
    while position < len(merged):
        low, high = merged[position]
        if any(low <= start < high for start, _, _ in tokens):
            position += 1
            continue
        left = low - merged[position - 1][1] if position else _ENDLESS
        right = merged[position + 1][0] - high if position + 1 < len(merged) else _ENDLESS
        if left == 1 < right:
            merged[position - 1 : position + 1] = [(merged[position - 1][0], high)]
            position -= 1
        elif right == 1 < left:
            merged[position : position + 2] = [(low, merged[position + 1][1])]
        elif position == 0:
            position += 1
        else:
            return None
    counts = [sum(low <= start < high for start, _, _ in tokens) for low, high in merged]
    return tuple(merged) if counts[1:] == [1] * (len(counts) - 1) and counts[0] <= 1 and len(merged) > 1 else None


def _are_close(runs: Sequence[tuple[int, int]], widths: Sequence[tuple[int, int]]) -> bool:
    """Return whether what the rows have at the place of a column is at most one blank apart.

    Words of a text are. Below wide names, fields of rows without fixed places are farther apart.
    """
    beside = ((before[1], after[0]) for before, after in pairwise(runs))
    return all(
        after - before == 1 for before, after in beside if any(low < before and after < high for low, high in widths)
    )


def _are_texts(cells: Cells, *, may_be_sexagesimal: bool) -> bool:
    """Return whether cells of several words are texts, or sexagesimal: numbers side by side are two columns."""
    return all(
        (may_be_sexagesimal and column.is_uniform) or all(map(_is_text, column.several)) for column in cells.columns
    )


def _is_text(cell: str) -> bool:
    words = cell.split()
    numbers = [word for word in words if NUMBER.fullmatch(word)]
    return len(numbers) < len(words) and not any("." in word for word in numbers)


def _check_shifts(blocks: Iterable[bytes], survey: Survey, header: str, name: str, *, has_header: bool) -> None:
    """Raise when rows have one field for each name, but not all at the same places: other cells are empty in each."""
    names = len(header.split())
    runs = survey.runs()
    if survey.rows < _ROWS_THAT_TELL or not survey.is_padded or not names or len(runs) <= names:
        return
    cells = cells_of_rows(iter(blocks), runs, has_header=has_header)
    if cells.fields == {names} and not any(column.several for column in cells.columns):
        raise NotATableError(
            f"{name} seems to have columns at fixed places with empty cells, and its header has {names} names for "
            f"{len(runs)} such places. Send it as CSV, or write -- into empty cells."
        )


def _has_numbers(rows: Sequence[Sequence[str]]) -> bool:
    columns = ([text for text in column if text] for column in zip(*rows, strict=True))
    return any(column and all(map(NUMBER.fullmatch, column)) for column in columns)
