"""What a user may query: schemas, tables and keys, with everything that their descriptions say."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.columns import Column
from tap.adql import CatalogTable
from tap.engine import EngineTable

__all__ = ["ForeignKey", "TapSchema", "TapTable"]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of one table that refer to columns of another (TAP 1.1 §4.4)."""

    key_id: str
    from_table: str
    target_table: str
    columns: tuple[tuple[str, str], ...]
    description: str


@dataclass(frozen=True, slots=True)
class TapTable:
    """A table that a user may query, and where its rows are.

    Parameters
    ----------
    entry
        The table as the translator of ADQL sees it.
    principal
        Names of the columns that a short view of the table shows.
    files
        Parquet files of the rows; none when ``rows`` makes them.
    rows
        Makes the rows of a metadata table.
    standard
        Whether a standard defines the table.
    more_indexed
        Columns with an index beside those of the position.
    """

    schema: str
    entry: CatalogTable
    description: str
    principal: frozenset[str]
    files: tuple[Path, ...] = ()
    rows: Callable[[], pa.Table] | None = None
    row_count: int | None = None
    standard: bool = False
    foreign_keys: tuple[ForeignKey, ...] = ()
    more_indexed: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The full name, as a user types it."""
        return self.entry.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order."""
        return self.entry.columns

    @property
    def engine_table(self) -> EngineTable:
        """The table as the engine reads it."""
        schema, name = self.entry.engine_schema, self.entry.engine_table
        if self.rows is not None:
            return EngineTable(schema, name, data=self.rows())
        return EngineTable(schema, name, files=self.files)

    @property
    def indexed(self) -> frozenset[str]:
        """Names of the columns by which the engine finds rows fast: those of the position."""
        places = frozenset(self.entry.position or ()) if self.entry.sorted_by_healpix else frozenset()
        return places | self.more_indexed


@dataclass(frozen=True, slots=True)
class TapSchema:
    """A schema with its tables."""

    name: str
    description: str
    tables: tuple[TapTable, ...]
