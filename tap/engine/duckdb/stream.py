"""Result stream of one query, read from the spool of its rows."""

import contextlib
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pyarrow as pa

from tap.engine.duckdb.drain import Drain
from tap.engine.duckdb.spool import Spool
from tap.engine.errors import QueryCrashedError

__all__ = ["SpooledStream"]


class SpooledStream:
    """`ResultStream` read from a `Spool` that a `Drain` fills."""

    schema: pa.Schema

    def __init__(self, spool: Spool, drain: Drain) -> None:
        self._spool = spool
        self._drain = drain
        self._first: pa.RecordBatch | None = None
        self._closed = False

    def start(self) -> None:
        """Wait for the schema and the first batch.

        Raises
        ------
        core.errors.PhotozError
            The query failed before that.
        """
        content = self._spool.get()
        if content is None:  # the process sends a schema first, or an error
            raise QueryCrashedError("The query process did not respond. Try again.")
        self.schema = pa.ipc.read_schema(pa.py_buffer(content))
        self._first = self._batch()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches once, in order."""
        if self._first is not None:
            batch, self._first = self._first, None
            yield batch
        while (batch := self._batch()) is not None:
            yield batch

    def close(self) -> None:
        """Stop the query if it still runs, and release its process, its memory and its disk."""
        self._drain.stop()
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A request that is cancelled between its steps does not close the stream. The garbage collector runs in any
        # thread, with any lock held, so that nothing may be waited for here.
        if not self._closed:
            with contextlib.suppress(RuntimeError):  # the interpreter ends, and the process with its pipe
                threading.Thread(target=self._drain.stop, name="forgotten query", daemon=True).start()

    def _batch(self) -> pa.RecordBatch | None:
        content = self._spool.get()
        return None if content is None else pa.ipc.read_record_batch(pa.py_buffer(content), self.schema)
