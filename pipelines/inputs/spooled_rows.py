"""Tables that are read again after their source was read once: in memory, and from so many rows on, on disk."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

__all__ = ["SpooledTables"]


class SpooledTables:
    """Writer and reader of tables with the same columns, which are removed at the end.

    Parameters
    ----------
    folder
        Folder for a file, which is created when there are more rows than fit; None to hold all in memory.
    rows_in_memory
        Most rows that are held in memory.

    Attributes
    ----------
    rows
        Number of rows so far.
    """

    def __init__(self, folder: Path | None, rows_in_memory: int) -> None:
        self._folder, self._most = folder, rows_in_memory
        self._held: list[pa.Table] = []
        self._writer: pa.RecordBatchStreamWriter | None = None
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Add the next rows."""
        self.rows += table.num_rows
        if self._writer is None and (self._folder is None or self.rows <= self._most):
            self._held.append(table)
            return
        for each in (*self._held, table):
            self._write(each)
        self._held = []

    def __iter__(self) -> Iterator[pa.Table]:
        """Yield the tables in their order."""
        yield from self._held
        if self._writer is not None:
            self._writer.close()
            with pa.OSFile(str(self._path), "rb") as file, pa.ipc.open_stream(file) as reader:
                for batch in reader:
                    yield pa.Table.from_batches([batch])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
            self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        if self._folder is None:
            raise ValueError("the tables are held in memory")
        return self._folder / "rows.arrow"

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # A stream, not a file: the dictionaries of its parts may differ.
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_stream(str(self._path), table.schema, options=options)
        for batch in table.combine_chunks().to_batches():
            self._writer.write_batch(batch)
