"""Columns of a table as typed records, shown as a table."""

from dataclasses import dataclass

from pzserver.tables.records import RecordList

__all__ = ["Column", "ColumnList"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``meaning`` is what the owner says that it is, such as ``RA`` or ``z``."""

    name: str
    datatype: str | None
    unit: str | None
    ucd: str | None
    meaning: str | None
    description: str | None


class ColumnList(RecordList[Column]):
    """Columns in their order, also by name."""

    _fields = ("name", "datatype", "unit", "ucd", "meaning", "description")
    _noun = "column"
