"""Columns of a product's table as typed records, shown as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import overload

__all__ = ["Column", "ColumnList"]

_FIELDS = ("name", "datatype", "unit", "ucd", "meaning", "description")


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``meaning`` is what the owner says that it is, such as ``RA`` or ``z``."""

    name: str
    datatype: str | None
    unit: str | None
    ucd: str | None
    meaning: str | None
    description: str | None


class ColumnList(Sequence[Column]):
    """Columns in their order, also by name."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)

    @overload
    def __getitem__(self, key: int | str) -> Column: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Column]: ...
    def __getitem__(self, key: int | str | slice) -> Column | Sequence[Column]:
        if isinstance(key, str):
            for column in self._columns:
                if column.name == key:
                    return column
            message = f"There is no column '{key}'; there are {', '.join(self.names)}."
            raise KeyError(message)
        return self._columns[key]

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        rows = [_FIELDS, *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_FIELDS))]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in _FIELDS)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self._rows())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self._columns)

    def _rows(self) -> list[tuple[str, ...]]:
        return [tuple(getattr(column, name) or "" for name in _FIELDS) for column in self._columns]
