"""The table that the data explorer shows: its columns as ADQL names them, and what may be asked of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from core.columns import Column
from core.errors import InvalidValueError
from tap.identifiers import identifier
from tap.models import TapTable

__all__ = ["DescribedTable"]

_POSITION = ("pos.eq.ra;meta.main", "pos.eq.dec;meta.main")
_IDENTIFIERS = ("meta.id;meta.main", "meta.id")


@dataclass(frozen=True)
class DescribedTable:
    """Name and columns of a table.

    Parameters
    ----------
    name
        The full name in ADQL, delimited where needed.
    position
        Names of the columns of right ascension and declination (ICRS, degrees), if the table has them.
    rows
        Number of rows, where the catalogue knows it.
    """

    name: str
    columns: tuple[Column, ...]
    position: tuple[str, str] | None = None
    rows: int | None = None
    description: str = ""

    @classmethod
    def of(cls, table: TapTable) -> "DescribedTable":
        """Return the description of a table of the catalogue."""
        position = table.entry.position or _position_by_ucd(table.columns)
        return cls(table.name, table.columns, position, table.row_count, table.description)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the column of a name.

        Raises
        ------
        InvalidValueError
            The table has no such column.
        """
        found = self.by_name.get(name)
        if found is None:
            message = f"The table {self.name} has no column '{name[:60]}'. Choose one of its {len(self.columns)}."
            raise InvalidValueError(message, field="column")
        return found

    def quoted(self, name: str) -> str:
        """Return the name of a column for ADQL: delimited where it must be, or where another differs only in case."""
        written = identifier(name)
        if written == name and self._lower_names[name.lower()] > 1:
            return f'"{name}"'
        return written

    @cached_property
    def text_columns(self) -> tuple[Column, ...]:
        """The columns of plain text, which a search reads."""
        return tuple(column for column in self.columns if column.is_text and column.xtype is None)

    @cached_property
    def identifying(self) -> tuple[str, ...]:
        """Names of the columns by which equal rows of a sorted table are ordered: the identifier, else the position."""
        for ucd in _IDENTIFIERS:
            for column in self.columns:
                if (column.ucd or "").lower() == ucd and (column.is_numeric or column.is_text):
                    return (column.name,)
        if self.position is not None:
            return self.position
        return tuple(column.name for column in self.columns if column.is_numeric)[:2]

    @cached_property
    def _lower_names(self) -> Counter[str]:
        return Counter(column.name.lower() for column in self.columns)


def _position_by_ucd(columns: tuple[Column, ...]) -> tuple[str, str] | None:
    """Return the columns that say to be the position in degrees; those of results do, by which rows are not sorted."""
    found = [
        next((one.name for one in columns if one.is_numeric and one.ucd == ucd and one.unit == "deg"), None)
        for ucd in _POSITION
    ]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None
