"""Rows of a table that are read in batches, as often as needed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from products.adjustments.options import AS_GIVEN, TableOptions
from products.adjustments.reader import open_adjusted

__all__ = ["RowSource", "open_file_rows"]


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
