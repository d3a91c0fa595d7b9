"""Layout of a text table: how its lines are split into fields, and what its header says about the columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["NULLS", "NUMBER", "Dialect"]

#: Texts that represent a missing value.
NULLS = ("", "NaN", "nan", "NAN", "-nan", "NULL", "Null", "null", "N/A", "n/a", "NA", "<NA>", "#N/A", "--", "None")

#: A field that is a number.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Dialect of a text table.

    Parameters
    ----------
    skipped_lines
        Lines before the first row: comments, blank lines and the header.
    padded
        Whether blanks surround the delimiters.
    barred
        Whether each line begins and ends with a vertical bar.
    widths
        First character and the one after the last of each column, where columns have fixed places.
    decimal
        The decimal mark, ``.`` or ``,``.
    label
        Name of what is more than delimited text with one line of names, such as ``IPAC table``.
    has_comments
        Whether lines that begin with ``#`` are comments.
    has_rules
        Whether lines of dashes frame the header and the rows.
    end
        Line after which there are no rows.
    meanings
        Metadata of columns by the keys of ``core.columns``.
    declared
        ``text``, ``integer`` or ``real`` for columns whose type the header declares.
    nulls
        Texts that represent a missing value in single columns.
    left_out
        Columns that are not read.
    """

    delimiter: str
    names: tuple[str, ...]
    has_header: bool
    skipped_lines: int
    padded: bool = False
    notes: tuple[str, ...] = ()
    barred: bool = False
    widths: tuple[tuple[int, int], ...] = ()
    decimal: str = "."
    label: str = ""
    has_comments: bool = True
    has_rules: bool = False
    end: str = ""
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    nulls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
