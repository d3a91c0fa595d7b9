"""Schemas, tables and foreign keys that can be queried."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from core.columns import Column
from core.files.kept import HeldFiles
from core.votable import Info
from products.models import ColumnSummary
from tap.adql import CatalogTable, Scan
from tap.engine import EngineTable, UploadedFile

__all__ = ["ForeignKey", "RowFiles", "TapSchema", "TapTable"]

#: Columns that tables of standards have here beyond the standard, which allows them (TAP 1.1 §4, RegTAP 1.1 §4).
_EXTENSIONS = frozenset({"density", "min_value", "max_value", "fill_factor", "null_count", "distinct_count", "nrows"})


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of one table that refer to columns of another (TAP 1.1 §4.4)."""

    key_id: str
    from_table: str
    target_table: str
    columns: tuple[tuple[str, str], ...]
    description: str


@dataclass(frozen=True, slots=True)
class RowFiles:
    """Files of the rows of a metadata table.

    Parameters
    ----------
    block_column
        Column of the files with the numbers of blocks of rows, which the table does not show.
    hidden
        Numbers of the blocks whose rows it does not show.
    """

    files: tuple[Path, ...]
    block_column: str | None = None
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class TapTable:
    """A table that can be queried: its metadata and the location of its rows.

    Parameters
    ----------
    entry
        The table in the catalogue of the translator.
    principal
        Names of the principal columns (TAP 1.1 §4.3).
    files
        Parquet files of the rows, which may not be on this machine; empty when ``rows`` returns them.
    hold
        Brings the files to this machine, where they stay while what it returns is referenced.
    rows
        Returns the rows of a small table that has no files.
    located
        Returns the files of the rows of a metadata table, as they are now.
    order
        Recommended place among the tables of the schema.
    standard
        Whether a standard defines the table.
    more_indexed
        Names of indexed columns in addition to those of the position.
    origin
        Where its rows come from, as results tell it (`tap.metadata.data_origin`).
    summaries
        Statistics of columns by name, as far as they are known.
    upload
        The file of a table that each query reads anew.
    utype
        UType, of a table that a standard defines.
    planned
        Returns the table for the engine, with those of many files that the scans of a query read.
    edition
        A text that changes with the rows of a table whose files are not listed here.
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
    located: Callable[[], RowFiles] | None = None
    order: int = 0
    origin: tuple[Info, ...] = ()
    summaries: Mapping[str, ColumnSummary] = field(default_factory=dict)
    upload: UploadedFile | None = None
    utype: str | None = None
    planned: Callable[[Sequence[Scan]], EngineTable] | None = None
    edition: str = ""
    hold: Callable[[], HeldFiles] | None = None

    @property
    def name(self) -> str:
        """The full name, as in queries."""
        return self.entry.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order."""
        return self.entry.columns

    @property
    def engine_table(self) -> EngineTable:
        """The table for the engine, with its files on this machine; raises the errors of `KeptFiles.hold`."""
        schema, name = self.entry.engine_schema, self.entry.engine_table
        held = None if self.hold is None else self.hold()
        if self.upload is not None:
            return EngineTable(schema, name, upload=self.upload, held=held)
        if self.rows is not None:
            return EngineTable(schema, name, data=self.rows())
        if self.located is None:
            return EngineTable(schema, name, files=self.files, held=held)
        rows = self.located()
        return EngineTable(schema, name, files=rows.files, block_column=rows.block_column, hidden=rows.hidden)

    def is_standard(self, column: str) -> bool:
        """Return whether a standard defines a column."""
        return self.standard and column not in _EXTENSIONS

    def read_by(self, scans: Iterable[Scan]) -> EngineTable:
        """Return the table for the engine, with the files that the scans of a query read; other scans are ignored.

        Raises
        ------
        core.errors.InvalidValueError
            The query would read more than the settings allow.
        """
        if self.planned is None:
            return self.engine_table
        own = (self.entry.engine_schema, self.entry.engine_table)
        return self.planned([scan for scan in scans if (scan.schema, scan.table) == own])

    @property
    def indexed(self) -> frozenset[str]:
        """Names of the indexed columns: those of the position by which rows are sorted, and further ones."""
        position = frozenset(self.entry.position or ()) if self.entry.sorted_by_healpix else frozenset()
        return position | self.more_indexed


@dataclass(frozen=True, slots=True)
class TapSchema:
    """A schema with its tables; it has a UType when a standard defines it."""

    name: str
    description: str
    tables: tuple[TapTable, ...]
    utype: str | None = None
