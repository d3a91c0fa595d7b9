"""External sort of rows: sorted runs in Arrow IPC files, merged by slices; the sort is stable."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.rows.background import Background

__all__ = ["RowSorter"]

_RUN_BATCH_BYTES = 2_000_000
_SMALLEST_RUN_BATCH = 256
_LARGEST_RUN_BATCH = 65_536
_LAST = np.iinfo(np.int64).max


class RowSorter:
    """External sorter of record batches by an int64 column, nulls last, stable.

    Parameters
    ----------
    key
        Name of the column; without one, rows keep their order.
    scratch
        Folder for the runs; they are removed by ``close``.
    memory_bytes
        Memory for rows. A quarter of it is for incoming rows, another for those being written to the folder; the rest
        is for joining and ordering them.
    """

    def __init__(self, schema: pa.Schema, key: str | None, *, scratch: Path, memory_bytes: int) -> None:
        self._schema, self._key = schema, None if key is None else schema.names.index(key)
        self._scratch, self._limit = scratch, memory_bytes // 4
        self._pending: list[list[pa.Array]] = [[] for _ in schema]
        self._bytes = 0
        self._files: list[Path] = []
        self._spilling = Background()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch."""
        if self._bytes and self._bytes + batch.nbytes > self._limit:
            self._spill()
        for pending, array in zip(self._pending, batch.columns, strict=True):
            pending.append(array)
        self._bytes += batch.nbytes

    def sorted_batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows in order, so many in each batch but the last; call it once, after the last ``add``."""
        self._spilling.wait()
        last = self._run_of(*self._take_pending())
        if not self._files:
            yield from last.batches(rows)
            return
        cursors = [_Cursor(rank, _FileRun(path), self._key) for rank, path in enumerate(self._files)]
        last.batch_rows = _run_batch_rows(last.mean_row_bytes)
        cursors.append(_Cursor(len(cursors), last, self._key))
        yield from _gathered(_merged(cursors), rows, self._key)

    def close(self) -> None:
        """Remove the runs."""
        self._spilling.close()
        for path in self._files:
            path.unlink(missing_ok=True)
        self._files.clear()

    def _spill(self) -> None:
        """Write the pending rows as a run while the next ones are read."""
        path = self._scratch / f"rows-{len(self._files)}.arrow"
        self._files.append(path)
        self._spilling.run(self._write_run, path, *self._take_pending())

    def _write_run(self, path: Path, pending: list[list[pa.Array]], size: int) -> None:
        run = self._run_of(pending, size)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            for batch in run.batches(_run_batch_rows(run.mean_row_bytes)):
                writer.write_batch(batch)
        del run
        pa.default_memory_pool().release_unused()

    def _take_pending(self) -> tuple[list[list[pa.Array]], int]:
        pending, self._pending = self._pending, [[] for _ in self._schema]
        size, self._bytes = self._bytes, 0
        return pending, size

    def _run_of(self, pending: list[list[pa.Array]], size: int) -> "_MemoryRun":
        """Join rows column by column, releasing the pieces of each column before the next is joined."""
        columns: list[pa.Array] = []
        for field, pieces in zip(self._schema, pending, strict=True):
            columns.append(pa.concat_arrays(pieces) if pieces else pa.array([], field.type))
            pieces.clear()
        return _MemoryRun(pa.RecordBatch.from_arrays(columns, schema=self._schema), self._key, size)


class _Run(Protocol):
    """Rows in order, in batches."""

    @property
    def count(self) -> int:
        """Number of batches."""

    def batch(self, number: int) -> pa.RecordBatch:
        """Return one of them."""


class _MemoryRun:
    """Rows in memory, sorted batch by batch on request."""

    def __init__(self, rows: pa.RecordBatch, key: int | None, size: int) -> None:
        self._rows = rows
        self._order = np.argsort(_keys(rows, key), kind="stable")
        self.mean_row_bytes = size // max(1, rows.num_rows)
        self.batch_rows = _LARGEST_RUN_BATCH

    @property
    def count(self) -> int:
        rows: int = self._rows.num_rows
        return math.ceil(rows / self.batch_rows)

    def batch(self, number: int) -> pa.RecordBatch:
        return self._taken(number * self.batch_rows, self.batch_rows)

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        for start in range(0, self._rows.num_rows, rows):
            yield self._taken(start, rows)

    def _taken(self, start: int, rows: int) -> pa.RecordBatch:
        return self._rows.take(pa.array(self._order[start : start + rows]))


class _FileRun:
    """Rows in a file, read batch by batch and not mapped, so that memory stays bounded."""

    def __init__(self, path: Path) -> None:
        self._reader = pa.ipc.open_file(pa.OSFile(str(path), "rb"))

    @property
    def count(self) -> int:
        return int(self._reader.num_record_batches)

    def batch(self, number: int) -> pa.RecordBatch:
        return self._reader.get_batch(number)


class _Cursor:
    """Cursor in a run: the current batch, from ``start`` on."""

    _batch: pa.RecordBatch

    def __init__(self, rank: int, run: _Run, key: int | None) -> None:
        self.rank = rank
        self._run, self._key = run, key
        self._next, self._start = 0, 0
        self._keys = np.empty(0, dtype=np.int64)

    @property
    def has_more(self) -> bool:
        """Whether batches follow the current one."""
        return self._next < self._run.count

    @property
    def end(self) -> tuple[int, int]:
        """The last key of the current batch, and the rank that orders equal keys."""
        return int(self._keys[-1]), self.rank

    def taken_until(self, limit: tuple[int, int] | None) -> pa.RecordBatch | None:
        """Take the rows up to a place in the order, or all of the current batch."""
        stop = len(self._keys)
        if limit is not None:
            stop = int(np.searchsorted(self._keys, limit[0], side="right" if self.rank <= limit[1] else "left"))
        start, self._start = self._start, max(stop, self._start)
        return self._batch.slice(start, stop - start) if stop > start else None

    def advance(self) -> bool:
        """Go to the next batch if the current one is used up; False when there is none."""
        if self._start < len(self._keys):
            return True
        if not self.has_more:
            return False
        self._batch, self._start = self._run.batch(self._next), 0
        self._keys = _keys(self._batch, self._key)
        self._next += 1
        return True


def _merged(cursors: list[_Cursor]) -> Iterator[list[pa.RecordBatch]]:
    """Yield the rows in steps: no row of a step sorts after one of a later step, and pieces are in order of rank.

    Each step takes from every run the rows up to the smallest end of a current batch that has successors: no row
    that is still to be read comes before these.
    """
    cursors = [cursor for cursor in cursors if cursor.advance()]
    while cursors:
        limit = min((cursor.end for cursor in cursors if cursor.has_more), default=None)
        yield [piece for cursor in cursors if (piece := cursor.taken_until(limit)) is not None]
        cursors = [cursor for cursor in cursors if cursor.advance()]


def _gathered(steps: Iterator[list[pa.RecordBatch]], rows: int, key: int | None) -> Iterator[pa.RecordBatch]:
    """Sort the steps of a merge, joined until they hold enough, into batches of so many rows."""
    pieces: list[pa.RecordBatch] = []
    count = 0
    for step in steps:
        pieces += step
        count += sum(piece.num_rows for piece in step)
        if count >= rows:
            batch = _joined(pieces, key)
            done = count - count % rows
            for start in range(0, done, rows):
                yield batch.slice(start, rows)
            pieces, count = [batch.slice(done)], count - done
    if count:
        yield _joined(pieces, key)


def _joined(pieces: list[pa.RecordBatch], key: int | None) -> pa.RecordBatch:
    batch = pa.concat_batches(pieces)
    return batch.take(pa.array(np.argsort(_keys(batch, key), kind="stable")))


def _keys(batch: pa.RecordBatch, key: int | None) -> np.ndarray:
    """Return the keys with the largest number for null; without a column all are alike, so that rows stay in order."""
    if key is None:
        return np.zeros(batch.num_rows, dtype=np.int64)
    keys: np.ndarray = pc.fill_null(batch.column(key), int(_LAST)).to_numpy(zero_copy_only=False)
    return keys


def _run_batch_rows(row_bytes: int) -> int:
    return min(_LARGEST_RUN_BATCH, max(_SMALLEST_RUN_BATCH, _RUN_BATCH_BYTES // max(1, row_bytes)))
