"""A table that is in memory already, offered as readers of files offer theirs."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import pyarrow as pa

__all__ = ["MemoryReader"]


class MemoryReader:
    """The table of a file that this server writes itself, so that it need not be read back.

    Parameters
    ----------
    format
        Name of the format in which the file is.
    details
        Particulars of the format, as a reader of the file would tell them.
    """

    def __init__(self, table: pa.Table, format: str, details: Mapping[str, object] | None = None) -> None:  # noqa: A002 - as readers call it
        self.format = format
        self.schema: pa.Schema = table.schema
        self.rows: int | None = table.num_rows
        self.notes: tuple[str, ...] = ()
        self.details: Mapping[str, object] = details or {}
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
