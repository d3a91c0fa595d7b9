"""Rows of a table that are read in batches, as often as needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import pyarrow as pa

from products.adjustments.options import AS_GIVEN, TableOptions
from products.adjustments.reader import open_adjusted

__all__ = ["OpenRows", "Projection", "RowSource", "TableRows", "open_file_rows", "projected", "table_of", "tables_of"]

#: Returns the columns to read, given the names of all columns.
Projection = Callable[[Sequence[str]], list[str]]


class RowSource(Protocol):
    """Protocol of a table whose rows are read in batches, as often as needed."""

    @property
    def schema(self) -> pa.Schema:
        """The columns, with their metadata."""

    @property
    def rows(self) -> int | None:
        """Number of rows, or None when it is unknown before reading."""

    @property
    def details(self) -> Mapping[str, object]:
        """Properties of the format; ``left_out`` has the columns that cannot be read, each with the reason."""

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield all rows in their order, of all or some columns."""


def open_file_rows(path: Path, name: str) -> AbstractContextManager[RowSource]:
    """Open a local file whose rows are read in batches; positions stay as they are."""
    return open_adjusted(path, name, TableOptions(position=AS_GIVEN))


#: Opens a table whose rows are read in batches.
OpenRows: TypeAlias = Callable[[], AbstractContextManager[RowSource]]


class TableRows:
    """`RowSource` of a table in memory."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.schema: pa.Schema = table.schema
        self.rows: int | None = table.num_rows
        self.details: Mapping[str, object] = {}

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield all rows in their order, of all or some columns."""
        table = self._table if columns is None else self._table.select(list(columns))
        yield from table.to_batches(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the table in memory."""


@contextmanager
def projected(opened: AbstractContextManager[RowSource], projection: Projection) -> Iterator[RowSource]:
    """Open a table with the columns that a projection chooses."""
    with opened as source:
        yield _ChosenColumns(source, projection(source.schema.names))


class _ChosenColumns:
    """`RowSource` of some columns of another."""

    def __init__(self, source: RowSource, names: Sequence[str]) -> None:
        self._source = source
        self.schema = pa.schema([source.schema.field(name) for name in names])
        self.rows = source.rows
        self.details = source.details

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        yield from self._source.batches(self.schema.names if columns is None else columns, size=size)


def table_of(source: RowSource) -> pa.Table:
    """Read all rows of a source into memory."""
    return pa.Table.from_batches(source.batches(), schema=source.schema).combine_chunks()


def tables_of(source: RowSource, rows: int) -> Iterator[pa.Table]:
    """Yield all rows of a source in tables of so many rows, of which the last has fewer; at least one table."""
    waiting: list[pa.RecordBatch] = []
    number, is_first = 0, True
    for batch in source.batches(size=min(rows, 65_536)):
        waiting.append(batch)
        number += batch.num_rows
        if number < rows:
            continue
        table = pa.Table.from_batches(waiting, schema=source.schema)
        whole = number - number % rows
        for start in range(0, whole, rows):
            yield table.slice(start, rows).combine_chunks()
        waiting, number = table.slice(whole).to_batches(), number - whole
        is_first = False
    if number or is_first:
        yield pa.Table.from_batches(waiting, schema=source.schema).combine_chunks()
