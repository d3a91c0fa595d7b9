"""Quantities on the axes of a plot: a column of numbers, or the difference of two."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.columns import Column
from core.errors import InvalidValueError
from tap.identifiers import identifier

__all__ = ["Quantity", "plotted_columns", "split_outside_quotes"]

_MAGNITUDE = "phot.mag"
_INTEGERS = frozenset({"unsignedByte", "short", "int", "long"})
_PARTS = re.compile(r'"(?:[^"]|"")*"|.', re.DOTALL)
#: Largest finite double; a value between it and its negative is neither infinite nor NaN.
_HIGHEST = "1.7976931348623157E308"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of numbers, or the difference of two, such as a colour.

    Parameters
    ----------
    columns
        The column, or minuend and subtrahend.
    """

    columns: tuple[Column, ...]

    @classmethod
    def parse(cls, text: str, columns: Mapping[str, Column]) -> "Quantity":
        """Return the quantity of a text such as ``mag_i`` or ``mag_g-"mag r"``.

        Parameters
        ----------
        columns
            Columns of the table by their names.

        Raises
        ------
        InvalidValueError
            A name is not one of the table, or its values are not single numbers.
        """
        if (whole := columns.get(text)) is not None:  # a name that would need quotes in ADQL may come without
            return cls((_number_column(whole),))
        parts = split_outside_quotes(text, "-")
        if not 1 <= len(parts) <= 2:
            raise InvalidValueError(f"'{text[:100]}' is no quantity; write a column, or two columns with a minus sign.")
        return cls(tuple(_number_column(_column_named(part, columns)) for part in parts))

    @property
    def text(self) -> str:
        """The text that `parse` reads, with names as ADQL requires them."""
        return "-".join(identifier(column.name) for column in self.columns)

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
        names = [identifier(column.name) for column in self.columns]
        return names[0] if len(names) == 1 else f"({names[0]} - {names[1]})"

    @property
    def is_finite(self) -> str:
        """The condition in ADQL that the value is there, and neither infinite nor NaN."""
        return f"{self.adql} BETWEEN -{_HIGHEST} AND {_HIGHEST}"


def plotted_columns(columns: Mapping[str, Column]) -> Iterator[Column]:
    """Yield the columns that can be an axis."""
    return (column for column in columns.values() if column.is_numeric)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split a text at a character, except within double quotes."""
    parts = [""]
    for piece in _PARTS.findall(text):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _column_named(text: str, columns: Mapping[str, Column]) -> Column:
    stripped = text.strip()
    is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] == '"'
    name = stripped[1:-1].replace('""', '"') if is_quoted else stripped
    if (found := columns.get(name)) is None:
        raise InvalidValueError(f"The table has no column '{name[:100]}'; choose one of its columns.")
    return found


def _number_column(column: Column) -> Column:
    if not column.is_numeric:
        raise InvalidValueError(f"The column '{column.name}' is not of single numbers; choose a numeric column.")
    return column
