"""Tables that describe columns: CSV, a VOTable, or the byte-by-byte description of a CDS ReadMe.

A CSV has a header with ``name`` and some of ``unit``, ``ucd`` and ``description``; a name may be a pattern with ``*``,
which describes all columns that match. Of a VOTable the FIELDs are read; of a ReadMe (Standards for Astronomical
Catalogues, version 2.0 §3.2) the units, labels and explanations.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.errors import InvalidValueError

__all__ = ["ColumnDescription", "columns_described_by", "read_descriptions"]

_DELIMITERS = ",;\t|"
_HEADERS: Mapping[str, str] = {
    "name": "name", "column": "name", "column_name": "name", "label": "name", "field": "name",
    "unit": "unit", "units": "unit",
    "ucd": "ucd", "ucds": "ucd",
    "description": "description", "explanation": "description", "explanations": "description",
    "comment": "description", "meaning": "description",
}  # fmt: skip
_BYTE_BY_BYTE = re.compile(r"\s*byte-by-byte description", re.IGNORECASE)
_RULE = re.compile(r"\s*[-=]{8,}\s*$")
_CDS_ROW = re.compile(r"\s*(\d+\s*-\s*)?\d+\s+[AIFE]\d[\d.]*\s+(?P<unit>\S+)\s+(?P<name>\S+)\s*(?P<text>.*)")
#: Limits, the mark of a column with missing values, its value for them and its order, before an explanation.
_CDS_NOTES = re.compile(r"^(\*)?([\[\]][^\[\]]*[\[\]])?(\?(=\S+)?[-+]?=?)?\s*")


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """A row of a table of descriptions.

    Parameters
    ----------
    name
        Name of a column, or a pattern with ``*``.
    place
        Where it stands in the table, for messages: ``line 3``.
    attributes
        The given ones of unit, UCD and description; what is empty there is not given.
    """

    name: str
    place: str
    attributes: Mapping[str, str]


def read_descriptions(data: bytes) -> tuple[ColumnDescription, ...]:
    """Read a table that describes columns; its format is recognised.

    Raises
    ------
    InvalidValueError
        It is in none of the formats.
    """
    if data.lstrip()[:1] == b"<":
        found = tuple(_of_votable(data))
    else:
        lines = _text(data).splitlines()
        is_readme = any(_BYTE_BY_BYTE.match(line) for line in lines)
        found = tuple(_of_readme(lines)) if is_readme else tuple(_of_csv(lines))
    if not found:
        message = (
            "No description of a column was found. Send lines of name, unit, ucd and description with this header, a "
            "VOTable, or the byte-by-byte description of a CDS ReadMe."
        )
        raise InvalidValueError(message, field="descriptions")
    return found


def columns_described_by(name: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that a name stands for: itself, all that match its pattern, or one in another case."""
    if name in columns:
        return [name]
    if "*" in name:
        pattern = name.replace("[", "[[]").replace("?", "[?]")
        return [column for column in columns if fnmatchcase(column, pattern)]
    same = [column for column in columns if column.lower() == name.lower()]
    return same if len(same) == 1 else []


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _given(attributes: Mapping[str, str]) -> dict[str, str]:
    return {key: text.strip() for key, text in attributes.items() if text.strip()}


def _of_csv(lines: Sequence[str]) -> Iterator[ColumnDescription]:
    start = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if start is None:
        return
    header = lines[start]
    delimiter = max(_DELIMITERS, key=header.count)
    rows = csv.reader(io.StringIO("\n".join(lines[start:])), delimiter=delimiter)
    keys = [_HEADERS.get(title.strip().lower().lstrip("#").strip()) for title in next(rows)]
    if "name" not in keys or len(keys) == 1:
        message = (
            f"The first line of the descriptions is '{header[:80]}'. It must be a header with name and some of unit, "
            "ucd and description."
        )
        raise InvalidValueError(message, field="descriptions")
    for row in rows:
        place = f"line {start + rows.line_num}"
        if len(row) > len(keys):
            message = (
                f"In {place} there are {len(row)} values under {len(keys)} headings; put texts with a '{delimiter}' in "
                "quotes."
            )
            raise InvalidValueError(message, field="descriptions")
        values = {key: text for key, text in zip(keys, row, strict=False) if key}
        name = values.pop("name", "").strip()
        if name:
            yield ColumnDescription(name, place, _given(values))


def _of_votable(data: bytes) -> Iterator[ColumnDescription]:
    from lxml import etree

    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as e:
        message = f"The descriptions begin like XML, which cannot be read: {e}. Send a VOTable, or CSV."
        raise InvalidValueError(message, field="descriptions") from e
    for number, field in enumerate(root.iterfind(".//{*}FIELD"), start=1):
        text = " ".join("".join(each.itertext()) for each in field.iterfind("{*}DESCRIPTION"))
        attributes = {"unit": field.get("unit", ""), "ucd": field.get("ucd", ""), "description": text}
        yield ColumnDescription(field.get("name", ""), f"FIELD {number}", _given(attributes))


def _of_readme(lines: Sequence[str]) -> Iterator[ColumnDescription]:
    """Yield the rows of all byte-by-byte descriptions; of a label that repeats, the first one counts."""
    seen: set[str] = set()
    rules, row = 0, None
    for number, line in enumerate([*lines, "-" * 80], start=1):
        if _BYTE_BY_BYTE.match(line):
            rules = 1
        elif rules and _RULE.match(line):
            rules += 1
            if rules > 3 and row is not None:  # the rules stand above and below the headings, and at the end
                yield from _described_once(row, seen)
                rules, row = 0, None
        elif rules == 3:
            found = _CDS_ROW.fullmatch(line)
            if found:
                yield from _described_once(row, seen)
                row = (found["name"], f"line {number}", found["unit"], [found["text"]])
            elif row is not None and line.strip():
                row[3].append(line.strip())


def _described_once(row: tuple[str, str, str, list[str]] | None, seen: set[str]) -> Iterator[ColumnDescription]:
    if row is None or row[0] in seen:
        return
    name, place, unit, texts = row
    seen.add(name)
    explanation = _CDS_NOTES.sub("", " ".join(texts).strip(), count=1)
    known = {"unit": "" if not unit.strip("-") else unit, "description": explanation}
    yield ColumnDescription(name, place, _given(known))
