"""What we talk about: tables of users, and what is said of one before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.columns import Column

__all__ = ["TableDefinition", "TablePart", "TablePermissions", "UserTable"]


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table that is to be made: what it holds, and its columns."""

    description: str
    columns: tuple[Column, ...]

    @property
    def position(self) -> tuple[str, str] | None:
        """The columns of right ascension and declination, by their UCDs; those of the main position come first."""
        found = [_by_ucd(self.columns, word) for word in ("pos.eq.ra", "pos.eq.dec")]
        return (found[0], found[1]) if found[0] and found[1] else None

    def described_as(self, other: "TableDefinition") -> "TableDefinition":
        """Take over what may be changed later of a table: descriptions, units, UCDs and utypes, by column names."""
        said = {column.name: column for column in other.columns}
        columns = tuple(
            replace(
                column, unit=new.unit, ucd=new.ucd, utype=new.utype, description=new.description
            ) if (new := said.get(column.name)) else column
            for column in self.columns
        )  # fmt: skip
        return TableDefinition(other.description, columns)


@dataclass(frozen=True, slots=True)
class TablePart:
    """Rows that were loaded at once: a Parquet file, sorted by position when the table has one."""

    id: int
    stored_id: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class TablePermissions:
    """Who else may read a table, and add rows to it: everybody, or a group of users."""

    public: bool = False
    read_group: str | None = None
    write_group: str | None = None


@dataclass(frozen=True, slots=True)
class UserTable:
    """A table of a user.

    Parameters
    ----------
    indexed
        Columns for which its owner asked for an index.
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

    @property
    def full_name(self) -> str:
        """The name that people write after FROM."""
        return f"{self.schema}.{self.name}"

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(part.rows for part in self.parts)


def _by_ucd(columns: Sequence[Column], word: str) -> str | None:
    numbers = [column for column in columns if column.datatype in {"float", "double"} and column.arraysize is None]
    by_ucd = {(column.ucd or "").lower(): column.name for column in reversed(numbers)}
    return by_ucd.get(f"{word};meta.main") or by_ucd.get(word)
