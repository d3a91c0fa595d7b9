"""Rows of a text table below its names that are no data: units, and lines of dashes."""

import re
import warnings
from collections.abc import Sequence

from products.readers.text.layout import NULLS, NUMBER

__all__ = ["dash_columns", "has_types_of_rdb", "is_rule", "is_units", "unit_of"]

_RULE = re.compile(r"[-+|:;,\s]*-[-+|:;,\s]*|[=+|:;,\s]*=[=+|:;,\s]*")
_RDB_TYPE = re.compile(r"\d*[SNM][<>|]?")
_NO_UNIT = frozenset({"", "-", "--", "---", "..."})


def is_rule(line: str) -> bool:
    """Return whether a line underlines the header, as in VizieR's tables, psql, Markdown and astropy's two-line format.

    A line of single dashes has no values instead.
    """
    return _RULE.fullmatch(line) is not None and ("--" in line or "==" in line)


def dash_columns(line: str) -> tuple[tuple[int, int], ...]:
    """Return the places of the columns that a line of dashes marks."""
    return tuple((found.start(), found.end()) for found in re.finditer(r"-+|=+", line))


def has_types_of_rdb(fields: Sequence[str]) -> bool:
    """Return whether a row has the types of an RDB table: S for text, N for numbers, M for months."""
    return bool(fields) and all(map(_RDB_TYPE.fullmatch, fields))


def is_units(fields: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a row below the names has their units: a known unit, and no number above columns of numbers.

    Parameters
    ----------
    rows
        The rows after it.
    """
    if not rows or any(NUMBER.fullmatch(text) for text in fields):
        return False
    above_numbers = [
        text
        for position, text in enumerate(fields)
        if all(len(row) > position and (NUMBER.fullmatch(row[position]) or row[position] in NULLS) for row in rows)
        and any(NUMBER.fullmatch(row[position]) for row in rows)
    ]
    written = [text for text in above_numbers if text not in _NO_UNIT]
    return bool(written) and not any(text in NULLS for text in written) and all(map(_is_unit, written))


def unit_of(text: str) -> str | None:
    """Return the unit in a field, without brackets; None for none."""
    text = text.strip().strip("()[]").strip()
    return None if text in _NO_UNIT else text


def _is_unit(text: str) -> bool:
    from astropy.units import Unit, UnitBase

    bare = unit_of(text)
    if bare is None:
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for parser in (None, "vounit", "cds"):
            try:
                return isinstance(Unit(bare, format=parser, parse_strict="raise"), UnitBase)
            except (ValueError, TypeError, KeyError):
                continue
    return False
