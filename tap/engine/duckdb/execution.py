"""Execution of one query in the query process: check the statement, run it within its time, write its batches."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from tap.engine.duckdb.frames import FrameKind, write_frame
from tap.engine.duckdb.sandbox import Sandbox
from tap.engine.duckdb.statements import refusal_reason

__all__ = ["GRACE_SECONDS", "Clock", "run_query"]

#: Time between the interruption of a query and the end of its process.
GRACE_SECONDS = 2.0

_BATCH_ROWS = 65_536
_BATCH_BYTES = 8_000_000
_VECTOR_ROWS = 2_048
_TEXT_BYTES = 32


class Clock:
    """Time limit of a query: interrupts it, and after a grace period ends the process by a timer of the kernel.

    The clock is paused while a batch waits for the server to take it, so that a slow network does not count against the
    limit. How long that may be is a matter of the server (`SpoolLimits`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._timer: threading.Timer | None = None
        self._cancelled = False
        self.expired = False

    @contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Run the clock for one query, within the block."""
        self.expired = self._cancelled = False
        self._start(seconds)
        try:
            yield
        finally:
            self._stop()
            with self._lock:
                self._connection = None

    @contextmanager
    def interrupting(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Set the connection that is interrupted, within the block."""
        with self._lock:
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause the clock within the block, in which the server takes rows."""
        left = self._stop()
        try:
            yield
        finally:
            self._start(left)

    def cancel(self) -> None:
        """Interrupt the query; called from another thread."""
        with self._lock:
            self._cancelled = True
            if self._connection is not None:
                self._connection.interrupt()

    @property
    def stopped(self) -> bool:
        """Whether the query was cancelled or its time is over."""
        return self._cancelled or self.expired

    def _start(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()
        signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_SECONDS)

    def _stop(self) -> float:
        if self._timer is not None:
            self._timer.cancel()
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        return max(0.001, left - GRACE_SECONDS)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._connection is not None:
                self._connection.interrupt()


def run_query(sandbox: Sandbox, sql: str, clock: Clock, output: int) -> None:
    """Run one SELECT and write its schema and batches as frames.

    Raises
    ------
    duckdb.Error
        The query failed; `duckdb.PermissionException` for a statement that is refused.
    """
    sandbox.provide_kernels(sql)
    with sandbox.cursor() as connection, clock.interrupting(connection):
        if reason := refusal_reason(connection, sql, sandbox.tables):
            raise duckdb.PermissionException(f"The statement was refused: {reason}")
        relation = connection.sql(sql)
        reader = relation.to_arrow_reader(_batch_rows([str(kind) for kind in relation.types]))
        schema = _plain(reader.schema)
        write_frame(output, FrameKind.SCHEMA, [memoryview(schema.serialize())])
        for batch in reader:
            if clock.stopped:
                raise duckdb.InterruptException("stopped")
            for part in _parts(batch):
                content = memoryview((part if part.schema == schema else part.cast(schema)).serialize())
                with clock.paused():
                    write_frame(output, FrameKind.BATCH, [content])


def _batch_rows(types: list[str]) -> int:
    width = sum(8 if kind[0] in "BTSIUFDH" and "[" not in kind else _TEXT_BYTES for kind in types)
    rows = min(_BATCH_ROWS, _BATCH_BYTES // max(1, width))
    return max(_VECTOR_ROWS, rows // _VECTOR_ROWS * _VECTOR_ROWS)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in smaller slices when its texts or arrays are longer than expected."""
    count = max(1, -(-batch.nbytes // (2 * _BATCH_BYTES)))
    step = max(1, -(-batch.num_rows // count))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema without dictionaries, so that each batch is a single message."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema
    ]
    return pa.schema(fields)
