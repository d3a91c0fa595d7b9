"""Result table in a Parquet file, for results that are larger than memory."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.outputs.parquet import ROWS_IN_GROUP, parquet_options

__all__ = ["ResultTable", "StoredTable", "TableWriter", "link_parquet"]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table in a Parquet file that has the interface of a table in memory, as far as writers of results need it.

    Parameters
    ----------
    path
        The file, as `write_parquet` writes it.
    """

    path: Path
    schema: pa.Schema
    num_rows: int

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        return list(self.schema.names)

    @property
    def num_columns(self) -> int:
        """Number of the columns."""
        return len(self.schema)

    def select(self, names: Sequence[str]) -> "StoredTable":
        """Return the table with some of its columns."""
        return replace(self, schema=pa.schema([self.schema.field(name) for name in names]))

    def to_batches(self, max_chunksize: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield the rows, so many at most in a batch."""
        # By default all of the file is buffered ahead, and stays in memory until its last row was read.
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            for batch in file.iter_batches(max_chunksize, columns=self.schema.names):
                columns = [batch.column(name) for name in self.schema.names]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def read(self) -> pa.Table:
        """Return the table in memory."""
        return pa.Table.from_batches(self.to_batches(), schema=self.schema)


#: A table of a result: in memory, or on disk. Writers read either in batches.
ResultTable: TypeAlias = pa.Table | StoredTable


def link_parquet(table: StoredTable, path: Path) -> None:
    """Give the file of a table on disk another name as well, or copy it to another file system."""
    try:
        os.link(table.path, path)
    except OSError:
        shutil.copyfile(table.path, path)


class TableWriter:
    """Writer of a `StoredTable`, given its rows part by part.

    Attributes
    ----------
    table
        The table, when the writer is closed and there were any parts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = self._written = 0

    def write(self, part: pa.Table) -> None:
        """Write rows."""
        self._waiting.append(part)
        self._rows += part.num_rows
        if self._rows >= ROWS_IN_GROUP:
            self._flush(whole=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush(whole=True)
        if self._writer is not None:
            self._writer.close()

    def _flush(self, *, whole: bool) -> None:
        """Write what waits: all, or full row groups."""
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        if self._writer is None:
            self._schema = rows.schema
            options = parquet_options(rows)
            options.pop("row_group_size")
            self._writer = pq.ParquetWriter(self._path, rows.schema, **options)
        ready = rows.num_rows if whole else rows.num_rows - rows.num_rows % ROWS_IN_GROUP
        if ready or not self._written:
            self._writer.write_table(rows.slice(0, ready), row_group_size=ROWS_IN_GROUP)
        rest = rows.slice(ready)
        self._waiting, self._rows, self._written = [rest] if len(rest) else [], len(rest), self._written + ready
        self.table = StoredTable(self._path, self._schema, self._written)
