"""Models of tables of users and of their definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.columns import Column
from products.models import ColumnSummary

__all__ = ["TableDefinition", "TablePart", "TablePermissions", "UserTable"]


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """Definition of a table: its description and columns."""

    description: str
    columns: tuple[Column, ...]

    @property
    def position(self) -> tuple[str, str] | None:
        """Columns of right ascension and declination by their UCDs, ``meta.main`` preferred."""
        found = [_by_ucd(self.columns, word) for word in ("pos.eq.ra", "pos.eq.dec")]
        return (found[0], found[1]) if found[0] and found[1] else None

    def described_as(self, other: "TableDefinition") -> "TableDefinition":
        """Return this definition with the descriptions, units, UCDs and utypes of another one, by column names."""
        updated = {column.name: column for column in other.columns}
        columns = tuple(
            replace(
                column, unit=new.unit, ucd=new.ucd, utype=new.utype, description=new.description
            ) if (new := updated.get(column.name)) else column
            for column in self.columns
        )  # fmt: skip
        return TableDefinition(other.description, columns)


@dataclass(frozen=True, slots=True)
class TablePart:
    """Rows from one load: a Parquet file, sorted by position when the table has one.

    Parameters
    ----------
    summaries
        Statistics of the columns by name, unless the rows were loaded by an earlier version.
    """

    id: int
    stored_id: str
    rows: int
    size: int
    sha256: str | None = None
    summaries: Mapping[str, ColumnSummary] | None = None


@dataclass(frozen=True, slots=True)
class TablePermissions:
    """Access to a table for users beside its owner: everybody, or groups."""

    public: bool = False
    read_group: str | None = None
    write_group: str | None = None


@dataclass(frozen=True, slots=True)
class UserTable:
    """A table of a user.

    Parameters
    ----------
    indexed
        Columns for which the owner requested an index.
    unique
        Those of them whose values must be unique.
    """

    id: int
    owner_id: int
    owner: str
    schema: str
    name: str
    definition: TableDefinition
    permissions: TablePermissions
    parts: tuple[TablePart, ...]
    indexed: tuple[str, ...]
    created_at: datetime
    unique: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Qualified name of the table in ADQL."""
        return f"{self.schema}.{self.name}"

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(part.rows for part in self.parts)

    @property
    def summaries(self) -> dict[str, ColumnSummary]:
        """Statistics of the columns by name; none if they are not known of all rows."""
        parts = [part.summaries for part in self.parts if part.summaries is not None]
        if not parts or len(parts) < len(self.parts):
            return {}
        names = [column.name for column in self.definition.columns]
        return {
            name: _combined([part[name] for part in parts]) for name in names if all(name in part for part in parts)
        }


def _combined(known: Sequence[ColumnSummary]) -> ColumnSummary:
    """Return the statistics of a column from those of the parts; values that differ cannot be added up."""
    lowest = [each.minimum for each in known if each.minimum is not None]
    highest = [each.maximum for each in known if each.maximum is not None]
    return ColumnSummary(
        sum(each.nulls for each in known),
        min(lowest, default=None),
        max(highest, default=None),
        known[0].distinct if len(known) == 1 else None,
    )


def _by_ucd(columns: Sequence[Column], word: str) -> str | None:
    numbers = [column for column in columns if column.datatype in {"float", "double"} and column.arraysize is None]
    by_ucd = {(column.ucd or "").lower(): column.name for column in reversed(numbers)}
    return by_ucd.get(f"{word};meta.main") or by_ucd.get(word)
