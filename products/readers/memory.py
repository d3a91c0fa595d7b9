"""Reader of a table in memory, with the interface of the readers of files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from products.readers.limits import TableChoice

__all__ = ["MemoryReader", "TableRows"]


class TableRows(Protocol):
    """Protocol of a table in memory, or of one that is read in batches."""

    @property
    def schema(self) -> pa.Schema:
        """The columns."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""

    @property
    def num_columns(self) -> int:
        """Number of columns."""

    def select(self, names: list[str]) -> "TableRows":
        """Return the table with some of its columns."""

    def to_batches(self, max_chunksize: int) -> Iterable[pa.RecordBatch]:
        """Return the rows, so many at most in a batch."""


class MemoryReader:
    """Reader of a table that this server has also written to a file, so that the file need not be read back.

    Parameters
    ----------
    table
        The table, or one that is read in batches.
    format
        Name of the file's format.
    details
        Properties of the format that a reader of the file would find.
    """

    def __init__(self, table: TableRows, format: str, details: Mapping[str, object] | None = None) -> None:  # noqa: A002 - as readers call it
        self.format = format
        self.schema: pa.Schema = table.schema
        self.rows: int | None = table.num_rows
        self.notes: tuple[str, ...] = ()
        self.details: Mapping[str, object] = details or {}
        self.tables = (TableChoice(format, table.num_rows, table.num_columns, is_read=True),)
        self._table = table

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65536) -> Iterator[pa.RecordBatch]:
        """Yield the rows from the beginning, ``size`` rows at most in a batch."""
        table = self._table if columns is None else self._table.select(list(columns))
        yield from table.to_batches(max_chunksize=size)

    def close(self) -> None:
        """Do nothing: there is no file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
