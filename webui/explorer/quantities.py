"""Quantities on the axes of a plot: a column of numbers, or the difference of two."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.columns import Column
from core.errors import InvalidValueError
from webui.explorer.tables import DescribedTable

__all__ = ["Quantity", "is_finite", "plotted_columns", "split_outside_quotes", "without_quotes"]

_MAGNITUDE = "phot.mag"
_INTEGERS = frozenset({"unsignedByte", "short", "int", "long"})
_PARTS = re.compile(r'"(?:[^"]|"")*"|.', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of numbers, or the difference of two, such as a colour.

    Parameters
    ----------
    columns
        The column, or minuend and subtrahend.
    names
        Their names in ADQL, delimited where needed.
    filter_name
        What a filter of its values names: the column, or the difference.
    """

    columns: tuple[Column, ...]
    names: tuple[str, ...]
    filter_name: str

    @classmethod
    def of(cls, table: DescribedTable, *names: str) -> "Quantity":
        """Return the quantity of a column, or of the difference of two.

        Raises
        ------
        InvalidValueError
            A name is not one of the table, or its values are not single numbers.
        """
        columns = tuple(_number_column(table.column(name)) for name in names)
        written = tuple(table.quoted(name) for name in names)
        named = names[0] if len(names) == 1 else "-".join(written)
        if len(names) > 1 and named in table.by_name:  # a column has the name of the difference
            named = "-".join('"' + name.replace('"', '""') + '"' for name in names)
        return cls(columns, written, named)

    @classmethod
    def parse(cls, text: str, table: DescribedTable) -> "Quantity":
        """Return the quantity of a text such as ``mag_i`` or ``mag_g-"mag r"``.

        Raises
        ------
        InvalidValueError
            A name is not one of the table, or its values are not single numbers.
        """
        names = [without_quotes(part) for part in split_outside_quotes(text, "-")]
        if text in table.by_name and not (len(names) == 2 and table.by_name.keys() >= set(names)):
            return cls.of(table, text)  # a name that needs quotes in ADQL may come without
        if len(names) > 2:
            raise InvalidValueError(f"'{text[:100]}' is no quantity; write a column, or two columns with a minus sign.")
        return cls.of(table, *names)

    @property
    def text(self) -> str:
        """The text that `parse` reads, with names as ADQL requires them."""
        return "-".join(self.names)

    @property
    def label(self) -> str:
        """Names and unit for the label of an axis."""
        names = " \N{MINUS SIGN} ".join(column.name for column in self.columns)
        return f"{names} [{self.unit}]" if self.unit else names

    @property
    def unit(self) -> str | None:
        """The unit, if there is one and both columns have it."""
        units = {column.unit for column in self.columns}
        return units.pop() if len(units) == 1 else None

    @property
    def is_integer(self) -> bool:
        """Whether the values are integers."""
        return all(column.datatype in _INTEGERS for column in self.columns)

    @property
    def is_magnitude(self) -> bool:
        """Whether it is a magnitude, of which brighter objects have the smaller one; a colour is none."""
        return len(self.columns) == 1 and (self.columns[0].ucd or "").lower().startswith(_MAGNITUDE)

    @property
    def adql(self) -> str:
        """The expression in ADQL."""
        return self.names[0] if len(self.names) == 1 else f"({self.names[0]} - {self.names[1]})"

    @property
    def is_finite(self) -> str:
        """The condition in ADQL that the value is there, and neither infinite nor NaN."""
        return f"{self.adql} IS NOT NULL" if self.is_integer else is_finite(self.adql)


def is_finite(value: str) -> str:
    """Return the condition in ADQL that a value is there, and neither infinite nor NaN.

    A comparison with the largest number would not do: statistics of Parquet files leave NaN out, and the engine
    relies on them (DuckDB's issue 25521).
    """
    return f"{value} - {value} = 0"


def plotted_columns(table: DescribedTable) -> Iterator[Column]:
    """Yield the columns that can be an axis."""
    return (column for column in table.columns if column.is_numeric)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split a text at a character, except within double quotes."""
    parts = [""]
    for piece in _PARTS.findall(text):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def without_quotes(text: str) -> str:
    """Return the name of a column without the quotes that it may have."""
    stripped = text.strip()
    is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] == '"'
    return stripped[1:-1].replace('""', '"') if is_quoted else stripped


def _number_column(column: Column) -> Column:
    if not column.is_numeric:
        raise InvalidValueError(f"The column '{column.name}' is not of single numbers; choose a numeric column.")
    return column
