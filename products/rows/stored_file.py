"""Parquet file that is read by the names of its table's columns, whether it has stored names or not."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN
from products.rows.stored_columns import column_names, original_field

__all__ = ["StoredFile"]


class StoredFile:
    """Stored rows of a table, or any other Parquet file, under the names of the table's columns.

    A column of the table that is called like the derived index is left out.

    Parameters
    ----------
    source
        Its path, or an open file, which is closed with this one and of which ranges of bytes are read ahead.

    Raises
    ------
    pyarrow.ArrowInvalid, OSError
        The file cannot be read.
    """

    def __init__(self, source: Path | IO[bytes]) -> None:
        self._file = pq.ParquetFile(source, pre_buffer=not isinstance(source, Path))
        stored = self._file.schema_arrow
        names = column_names(stored)
        indexed = HEALPIX_COLUMN in stored.names
        self._stored = {
            name: stored_name
            for name, stored_name in zip(names, stored.names, strict=True)
            if not (indexed and name == HEALPIX_COLUMN and stored_name != HEALPIX_COLUMN)
        }
        self.schema = pa.schema([original_field(stored.field(stored_name)) for stored_name in self._stored.values()])
        self.metadata = self._file.metadata

    @property
    def num_row_groups(self) -> int:
        """Number of row groups."""
        return int(self._file.num_row_groups)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._stored)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return all rows of some columns, in the order given."""
        return self._renamed(self._file.read(columns=self._chosen(columns)), columns)

    def read_row_group(self, number: int, columns: Sequence[str]) -> pa.Table:
        """Return the rows of a row group, of some columns in the order given."""
        return self._renamed(self._file.read_row_group(number, columns=self._chosen(columns)), columns)

    def iter_batches(
        self, size: int, *, row_groups: Sequence[int] | None = None, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all or some row groups, of some columns in the order given."""
        for batch in self._file.iter_batches(size, row_groups=row_groups, columns=self._chosen(columns)):
            arrays = [batch.column(self._stored[name]) for name in columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=self._schema(columns))

    def statistics(self, group: int, column: str) -> pq.Statistics | None:
        """Return the statistics of a plain column in a row group, if the file has them."""
        place = self._file.schema.names.index(self._stored[column])
        return self.metadata.row_group(group).column(place).statistics

    def close(self) -> None:
        """Close the file."""
        self._file.close(force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _chosen(self, columns: Sequence[str]) -> list[str]:
        return [self._stored[name] for name in columns]

    def _renamed(self, table: pa.Table, columns: Sequence[str]) -> pa.Table:
        arrays = [table.column(self._stored[name]) for name in columns]
        return pa.Table.from_arrays(arrays, schema=self._schema(columns))

    def _schema(self, columns: Sequence[str]) -> pa.Schema:
        return pa.schema([self.schema.field(name) for name in columns])
