"""Detection of the dialect of a text table from its first lines: delimiter, header, units and comments."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from products.readers.errors import EmptyTableError, NotATableError
from products.readers.text.comment_headers import names_in_comments
from products.readers.text.field_formats import field_format, vizier_columns
from products.readers.text.fixed_places import FixedColumns, fixed_columns
from products.readers.text.header_rows import dash_columns, has_types_of_rdb, is_rule, is_units, unit_of
from products.readers.text.layout import NUMBER, Dialect
from products.readers.text.plain_text import check_is_table
from products.readers.text.source import TextSource
from products.readers.text.tab_tables import END_OF_DATA, TabTable, tab_table

__all__ = ["found_dialect"]

_SAMPLE_LINES = 200
_HEAD_LINES = 5000
_HEAD_CHARACTERS = 1_000_000
_LONGEST_LINE = 10_000_000
_DELIMITERS = (",", "\t", ";", "|", " ")
_WORDS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "blanks"}
_TEXT_SUFFIXES = {".tsv": "\t", ".tab": "\t"}
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class _Sample:
    """The first lines of a text: comments, and rows with their numbers from 1.

    ``rule`` is the first line where that is a rule of dashes, as in reStructuredText; all rules are dropped then.
    """

    comments: list[str]
    rows: list[str]
    numbers: list[int]
    lines: int
    rule: str = ""

    def without_blanks(self) -> "_Sample":
        """Return the sample without lines of tabs alone, which are no rows where tabs are no delimiters."""
        kept = [(row, number) for row, number in zip(self.rows, self.numbers, strict=True) if row.strip()]
        return replace(self, rows=[row for row, _ in kept], numbers=[number for _, number in kept])


def found_dialect(source: TextSource, name: str, suffix: str) -> Dialect:
    """Detect the dialect of a text table.

    Raises
    ------
    EmptyTableError, NotATableError
        There are only comments, a line is too long for a table, or the lines look like something else.
    """
    head = _head(source)
    if special := field_format(head, name):
        return special
    tab = tab_table(head)
    sample = _sample(source, name, 0 if tab is None else tab.first)
    if not sample.rows:
        raise EmptyTableError(f"{name} holds no rows, only comments or blank lines. Send the file with its rows.")
    barred = len(sample.rows) > 1 and all(re.fullmatch(r"\s*\|.*\|\s*", row) for row in sample.rows)
    lines = [row.strip().strip("|") for row in sample.rows] if barred else sample.rows
    if barred or not lines[0].count("\t"):
        sample = sample.without_blanks()
        lines = [line for line in lines if line.strip()]
    delimiter = "|" if barred else "\t" if tab else _delimiter(lines, _TEXT_SUFFIXES.get(suffix))
    fixed = _fixed(source, sample, lines, name) if delimiter == " " else None
    rows = [_fields(line, delimiter) for line in lines] if fixed is None else fixed.rows
    if fixed is None:
        check_is_table(name, lines, rows, delimiter)
        notes = [] if delimiter == "," else [f"Fields are separated by {_WORDS[delimiter]}."]
    else:
        notes = ["The columns have fixed places, found from the blanks between them; empty cells are missing values."]
    decimal = _decimal(rows, delimiter)
    if decimal == ",":
        notes.append("The decimal mark is a comma.")
    padded = barred or (
        delimiter != " "
        and any(re.search(rf"[ \t]{re.escape(delimiter)}|{re.escape(delimiter)} ", line) for line in lines)
    )
    table = _Rows(sample, rows, delimiter, barred=barred, padded=padded, decimal=decimal, notes=tuple(notes),
                  widths=() if fixed is None else fixed.widths, tab=tab)  # fmt: skip
    if tab is None and any(_is_number(text, decimal) for text in rows[0]):
        return _without_header(table)
    return _with_header(table)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The first rows as fields, with what is known of their dialect."""

    sample: _Sample
    rows: list[list[str]]
    delimiter: str
    barred: bool
    padded: bool
    decimal: str
    notes: tuple[str, ...]
    widths: tuple[tuple[int, int], ...] = ()
    tab: TabTable | None = None

    def skipped(self, rows: int) -> int:
        """Return the number of lines before the row that follows so many header rows."""
        numbers = self.sample.numbers
        return numbers[rows] - 1 if rows < len(numbers) else self.sample.lines


def _with_header(table: _Rows) -> Dialect:
    """Return the dialect of a table whose first row has the names, and perhaps rows with units and dashes below."""
    names, rows, notes = table.rows[0], table.rows, [*table.notes]
    meanings = vizier_columns(table.sample.comments)
    header, units, ruled = 1, list[str](), ""
    widths = table.widths
    lines = table.sample.rows
    if len(rows) > 1 and (table.tab or is_rule(lines[1])):
        header, ruled = 2, lines[1]
    elif len(rows) > 2 and is_rule(lines[2]):
        header, units, ruled = 3, rows[1], lines[2]
    elif table.delimiter == "\t" and len(rows) > 1 and has_types_of_rdb(rows[1]):
        header = 2
    elif len(rows) > 2 and is_units([_bare(text) for text in rows[1]], rows[2:]):
        header, units = 2, rows[1]
    if table.delimiter == " " and not widths:
        widths = dash_columns(ruled or table.sample.rule)
    if len(widths) != len(names):
        widths = ()
    if table.tab:
        meanings = {name: {**known, **meanings.get(name, {})} for name, known in table.tab.meanings.items()}
        notes.append("This is a tab-separated table (SkyCat, GAIA, CURSA); its names stand below a text.")
    for name, text in zip(names, units, strict=False):
        if unit := unit_of(text):
            meanings.setdefault(name, {}).setdefault("unit", unit)
    if units:
        notes.append("The units of the columns were read from the row below their names.")
    left_out: frozenset[str] = frozenset()
    index = _index_name(names, rows[header:], table.delimiter)
    if index is not None:
        names = [index, *(names[1:] if not names[0] else names)]
        left_out = frozenset({index})
        notes.append("The row index that pandas wrote was left out.")
    return Dialect(
        table.delimiter, tuple(names), has_header=True, skipped_lines=table.skipped(header), padded=table.padded,
        notes=tuple(notes), barred=table.barred, widths=widths, decimal=table.decimal, left_out=left_out,
        meanings={name: known for name, known in meanings.items() if name in names},
        label=_label(table, is_plain=header == 1 and index is None), has_rules=bool(table.sample.rule),
        end=END_OF_DATA if table.delimiter == "\t" and ruled else "",
    )  # fmt: skip


def _without_header(table: _Rows) -> Dialect:
    """Return the dialect of a table whose first row holds values: names stand in comments, or are numbers from 0."""
    count = len(table.rows[0])
    comments = [line.lstrip("#").strip() for line in table.sample.comments]
    found = None
    for mark in (table.delimiter, " ", ","):
        fields = [_fields(text, mark) for text in comments]
        if found := names_in_comments(table.sample.comments, fields, count):
            break
    if found is None:
        names = tuple(str(number) for number in range(count))
        note = f"The file has no header: its columns are called {names[0]} to {names[-1]}."
    else:
        names = found.names
        note = f"The names of the columns were read from {found.lines}."
    return Dialect(
        table.delimiter, names, has_header=found is not None, skipped_lines=table.skipped(0), padded=table.padded,
        notes=(*table.notes, note), barred=table.barred, decimal=table.decimal,
        meanings={} if found is None else found.meanings, label=_label(table, is_plain=True), widths=table.widths,
        has_rules=bool(table.sample.rule),
    )  # fmt: skip


def _label(table: _Rows, *, is_plain: bool) -> str:
    if table.sample.rule:
        return "text with rules"
    if table.tab:
        return "tab-separated table"
    if table.widths:
        return "text with columns at fixed places"
    if table.decimal == ",":
        return "text with decimal commas"
    if table.barred:
        return "text between bars"
    return "" if is_plain else "text with a header of several rows or a row index"


def _fixed(source: TextSource, sample: _Sample, lines: Sequence[str], name: str) -> FixedColumns | None:
    """Return the columns at fixed places of a table that neither bars nor rules describe."""
    if sample.rule or any(map(is_rule, lines[1:3])):
        return None
    if not any(NUMBER.fullmatch(text) for text in lines[0].split()):
        return fixed_columns(source, lines, name, has_header=True)
    names = next((line for line in reversed(sample.comments) if _are_names(line)), "")
    found = fixed_columns(source, lines, name, has_header=False, comment=names)
    return found or (fixed_columns(source, lines, name, has_header=False) if names else None)


def _are_names(comment: str) -> bool:
    """Return whether a comment may have the names of columns: several words, and no number."""
    words = comment.lstrip("#").split()
    return len(words) > 1 and not any(map(NUMBER.fullmatch, words))


def _index_name(names: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> str | None:
    """Return a name for the row index that pandas wrote without one, or None where there is no such column."""
    taken = next(name for name in ("index", "__index__", "__row_index__") if name not in names)
    if len(names) > 1 and not names[0] and all(names[1:]):
        return taken
    if delimiter != " " or len(rows) < 1 or any(len(row) != len(names) + 1 for row in rows):
        return None
    first = [row[0] for row in rows]
    return taken if all(text.isdigit() for text in first) and len(set(first)) == len(first) else None


def _head(source: TextSource) -> list[str]:
    """Return the lines in which a header of the field ends."""
    lines: list[str] = []
    size = 0
    for line in islice(source.lines(), _HEAD_LINES):
        size += len(line)
        if size > _HEAD_CHARACTERS:
            break
        lines.append(line)
    return lines


def _sample(source: TextSource, name: str, first: int = 0) -> _Sample:
    """Return the first lines of a text, of which so many are comments whatever they begin with."""
    comments: list[str] = []
    rows: list[str] = []
    numbers: list[int] = []
    number = 0
    for number, line in enumerate(islice(source.lines(), _SAMPLE_LINES * 50), 1):
        if len(line) > _LONGEST_LINE:
            raise NotATableError(f"A line of {name} is longer than {_LONGEST_LINE} characters: it is not a table.")
        if rows and line.strip() == END_OF_DATA:
            break
        if number <= first or line.startswith("#"):
            if not rows:
                comments.append(line)
        elif line.strip() or (rows and "\t" in line):  # tabs alone are a row without values
            rows.append(line)
            numbers.append(number)
            if len(rows) == _SAMPLE_LINES:
                break
    if rows and is_rule(rows[0]):
        kept = [(row, place) for row, place in zip(rows, numbers, strict=True) if not is_rule(row)]
        return _Sample(comments, [row for row, _ in kept], [place for _, place in kept], number, rows[0])
    return _Sample(comments, rows, numbers, number)


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


def _decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return the decimal mark: a comma where fields have numbers with commas, and none with points."""
    if delimiter == ",":
        return "."
    fields = [text for row in rows for text in row]
    has_commas = any(map(_COMMA_NUMBER.fullmatch, fields))
    return "," if has_commas and not any(map(_POINT_NUMBER.fullmatch, fields)) else "."


def _is_number(text: str, decimal: str) -> bool:
    return NUMBER.fullmatch(text.replace(",", ".") if decimal == "," else text) is not None


def _bare(text: str) -> str:
    return unit_of(text) or "-"


def _fields(row: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        reader = csv.reader([re.sub(r"[ \t]+", " ", row.strip())], delimiter=" ")
    else:
        reader = csv.reader([row], delimiter=delimiter, skipinitialspace=True)
    try:
        return [field.strip() for field in next(reader, [])]
    except csv.Error:
        return row.split(delimiter)
