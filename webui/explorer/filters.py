"""Conditions on columns and on differences of two: operators that fit a type, their form in an address, and their ADQL.

In an address a filter is ``operator:column:value``, with ``%3A`` for a colon and ``%25`` for a percent sign in the name
of the column: ``between:z:0.1..0.5``, ``in:flag:1,2``, ``null:mag_i``, ``between:mag_g-mag_r:0.2..0.8``. Nothing of a
value reaches ADQL but numbers and times that were checked, and texts in quotes.
"""

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.columns import Column
from core.errors import InvalidValueError
from webui.explorer.quantities import Quantity, split_outside_quotes
from webui.explorer.tables import DescribedTable

__all__ = ["OPERATOR_LABELS", "Filter", "literal", "operators_for", "text_literal"]

#: The operators by their name in addresses, with their labels, in the order of forms.
OPERATOR_LABELS: Mapping[str, str] = {
    "eq": "=",
    "ne": "≠",
    "lt": "<",
    "le": "≤",
    "gt": ">",
    "ge": "≥",
    "between": "between",
    "in": "is one of",
    "contains": "contains",
    "begins": "begins with",
    "true": "is true",
    "false": "is false",
    "null": "has no value",
    "notnull": "has a value",
}

_COMPARISONS: Mapping[str, str] = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_NULLS = ("null", "notnull")
_WITHOUT_VALUE = frozenset({"true", "false", *_NULLS})

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?Z?")
_LONGEST_NUMBER = 40
_LONGEST_TEXT = 500
_MOST_VALUES = 1000
_LARGEST_FLOAT = 3.4028234663852886e38
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one column, or on the difference of two.

    Parameters
    ----------
    column
        The name of the column, or `Quantity.filter_name` of the difference.
    operator
        One of `OPERATOR_LABELS`, fit for the type of the column.
    values
        Values as they were entered: none, one, two of a range, or several of a list.
    """

    column: str
    operator: str
    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, table: DescribedTable) -> "Filter":
        """Return the filter that a text of an address states.

        Raises
        ------
        InvalidValueError
            There is no such column or operator, they do not fit, or the value is none of the type of the column.
        """
        operator, _, rest = text.partition(":")
        name, _, value = rest.partition(":")
        column, _ = _compared(name.replace("%3A", ":").replace("%25", "%"), table)
        return cls.of(column, operator, _values(operator, value))

    @classmethod
    def of(cls, column: Column, operator: str, values: tuple[str, ...]) -> "Filter":
        """Return a filter after its values were checked; a range with one bound becomes a comparison.

        Raises
        ------
        InvalidValueError
            The operator does not fit the column, or a value is none of its type.
        """
        if operator not in operators_for(column):
            fit = ", ".join(operators_for(column))
            message = f"The filter '{operator[:20]}' does not fit the column {column.name}. Use one of: {fit}."
            raise InvalidValueError(message, field="filter")
        if operator not in {"contains", "begins"} and not column.is_text:
            values = tuple(value.strip() for value in values)
        if operator == "between" and len(values) == 2 and "" in values and values != ("", ""):
            low, high = values
            return cls.of(column, "ge" if low else "le", (low or high,))
        _check_count(column, operator, values)
        for value in values:
            literal(column, value)
        return cls(column.name, operator, values)

    def to_text(self) -> str:
        """Return the filter as an address has it."""
        name = self.column.replace("%", "%25").replace(":", "%3A")
        if self.operator in _WITHOUT_VALUE:
            return f"{self.operator}:{name}"
        if self.operator == "between":
            return f"between:{name}:{'..'.join(self.values)}"
        if self.operator == "in":
            return f"in:{name}:{_listed(self.values)}"
        return f"{self.operator}:{name}:{self.values[0]}"

    def condition(self, table: DescribedTable) -> str:
        """Return the condition in ADQL."""
        column, name = _compared(self.column, table)
        if self.operator in _NULLS:
            return f"{name} IS NULL" if self.operator == "null" else f"{name} IS NOT NULL"
        if self.operator in {"true", "false"}:
            return f"{name} = {1 if self.operator == 'true' else 0}"
        if self.operator == "contains":
            return f"{name} ILIKE {text_literal(f'%{self.values[0]}%')}"
        if self.operator == "begins":
            return _begins(name, self.values[0])
        literals = [literal(column, value) for value in self.values]
        if self.operator == "between":
            return f"{name} BETWEEN {literals[0]} AND {literals[1]}"
        if self.operator == "in":
            return f"{name} IN ({', '.join(literals)})"
        return f"{name} {_COMPARISONS[self.operator]} {literals[0]}"

    @property
    def label(self) -> str:
        """The filter in words."""
        values = " to ".join(self.values) if self.operator == "between" else ", ".join(self.values)
        return f"{self.column} {OPERATOR_LABELS[self.operator]} {values}".rstrip()


def operators_for(column: Column) -> tuple[str, ...]:
    """Return the operators that fit the type of a column."""
    if column.is_numeric or (column.is_text and column.xtype == "timestamp"):
        several = ("in",) if column.is_numeric else ()
        return (*_COMPARISONS, "between", *several, *_NULLS)
    if column.is_text:
        return ("eq", "ne", "contains", "begins", "in", *_NULLS)
    if column.datatype == "boolean" and column.arraysize is None:
        return ("true", "false", *_NULLS)
    return _NULLS


def literal(column: Column, value: str) -> str:
    """Return a value as a literal of ADQL, of the precision of its column.

    Raises
    ------
    InvalidValueError
        It is no value of the type of the column.
    """
    if column.is_numeric:
        return _number(column, value)
    if column.xtype == "timestamp":
        if not _TIME.fullmatch(value.strip()):
            message = f"'{value[:40]}' is no time for the column {column.name}. Write 2024-01-31T12:00:00, in UTC."
            raise InvalidValueError(message, field="filter")
        return text_literal(value.strip().replace(" ", "T").removesuffix("Z"))
    return text_literal(value)


def text_literal(value: str) -> str:
    """Return a text as a literal of ADQL.

    Raises
    ------
    InvalidValueError
        It is too long, or has a NUL, which no text of a table has.
    """
    if len(value) > _LONGEST_TEXT or "\0" in value:
        message = f"The text '{value[:40]}' is too long, or has a NUL. Enter at most {_LONGEST_TEXT} characters."
        raise InvalidValueError(message, field="filter")
    return "'" + value.replace("'", "''") + "'"


def _compared(name: str, table: DescribedTable) -> tuple[Column, str]:
    """Return what a filter compares, as a column, and its expression in ADQL."""
    if name not in table.by_name and len(split_outside_quotes(name, "-")) > 1:
        difference = Quantity.parse(name, table)
        if len(difference.columns) > 1:
            return Column(difference.filter_name, "double"), difference.adql
    column = table.column(name)
    return column, table.quoted(column.name)


def _number(column: Column, value: str) -> str:
    text = value.strip()
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        message = f"'{value[:40]}' is no number for the column {column.name}. Write it as 22.5 or 1e-3."
        raise InvalidValueError(message, field="filter")
    text = text.removeprefix("+")
    # A number of single precision is shown with the digits that identify it, and is found by these.
    if column.datatype == "float" and abs(float(text)) <= _LARGEST_FLOAT:
        return f"CAST({text} AS REAL)"
    return text


def _values(operator: str, text: str) -> tuple[str, ...]:
    if operator in _WITHOUT_VALUE:
        return ()
    if operator == "between":
        return tuple(text.split("..", 1))
    if operator == "in":
        return tuple(next(csv.reader([text]), ()))
    return (text,)


def _listed(values: tuple[str, ...]) -> str:
    return ",".join(
        f'"{value.replace(chr(34), chr(34) * 2)}"' if set(value) & set(',"\r\n') else value for value in values
    )


def _check_count(column: Column, operator: str, values: tuple[str, ...]) -> None:
    most = 0 if operator in _WITHOUT_VALUE else 2 if operator == "between" else _MOST_VALUES if operator == "in" else 1
    least = min(most, 1) if operator == "in" else most
    if not least <= len(values) <= most:
        needed = {"between": "two values, as in 0.1..0.5", "in": f"1 to {_MOST_VALUES} values, separated by commas"}
        message = f"The filter '{operator}' of {column.name} needs {needed.get(operator, 'one value')}."
        raise InvalidValueError(message, field="filter")


def _begins(name: str, text: str) -> str:
    """Return a condition on the first characters of a text; LIKE alone would take ``%`` and ``_`` for any character."""
    condition = f"{name} LIKE {text_literal(text + '%')}"
    if not set(text) & set("%_"):
        return condition
    return f"{condition} AND {name} BETWEEN {text_literal(text)} AND {text_literal(text + _LAST_CHARACTER)}"
