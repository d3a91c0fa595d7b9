"""Execution of one query in the query process: check the statement, run it within its time, write its batches."""

import math
import signal
import threading
import time
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

_INTERRUPT_SECONDS = 0.02
_BATCH_ROWS = 65_536
_BATCH_BYTES = 8_000_000
_VECTOR_ROWS = 2_048
_TEXT_BYTES = 32


class Clock:
    """Time limit of a query: interrupts it, and after a grace period ends the process by a timer of the kernel.

    The clock is paused while a batch waits for the server to take it, so that a slow network does not count against the
    limit. How long that may be is a matter of the server (`SpoolLimits`).

    One thread watches all queries, and sleeps past the end of a small one: to start a thread for each would take longer
    than some queries.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._ends: float | None = None
        self._looks: float | None = None
        self._cancelled = False
        self.expired = False

    def accept(self) -> None:
        """Forget what was said of the query before, when the next one has arrived; it can be cancelled from then on."""
        with self._changed:
            self.expired = self._cancelled = False

    @contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Run the clock for one query that was accepted, within the block.

        Raises
        ------
        duckdb.InterruptException
            The query was cancelled before it began.
        """
        self.require_running()
        self._start(seconds)
        try:
            yield
        finally:
            self._stop()

    @contextmanager
    def interrupting(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Set the connection that is interrupted, within the block.

        Raises
        ------
        duckdb.InterruptException
            The query was stopped before.
        """
        with self._changed:
            self.require_running()
            self._connection = connection
        try:
            yield
        finally:
            with self._changed:
                self._connection = None
                self._changed.notify_all()

    def require_running(self) -> None:
        """Raise `duckdb.InterruptException` if the query was cancelled or its time is over."""
        if self.stopped:
            raise duckdb.InterruptException("stopped")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause the clock within the block, in which the server takes rows."""
        left = self._stop()
        try:
            yield
        finally:
            self._start(left)

    def cancel(self) -> None:
        """Interrupt the query, if it is not interrupted already; called from another thread, and does not wait."""
        with self._changed:
            is_new, self._cancelled = not self.stopped, True
        if is_new:
            threading.Thread(target=self._interrupt, name="interruption", daemon=True).start()

    @property
    def stopped(self) -> bool:
        """Whether the query was cancelled or its time is over."""
        return self._cancelled or self.expired

    def _start(self, seconds: float) -> None:
        with self._changed:
            self._ends = time.monotonic() + seconds
            if self._looks is None:
                self._looks = self._ends
                threading.Thread(target=self._watch, name="time limit", daemon=True).start()
            elif self._ends < self._looks:
                self._changed.notify_all()
        signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_SECONDS)

    def _stop(self) -> float:
        with self._changed:
            self._ends = None
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        return max(0.001, left - GRACE_SECONDS)

    def _watch(self) -> None:
        """Interrupt each query whose time is over."""
        with self._changed:
            while True:
                now = time.monotonic()
                if self._ends is not None and self._ends <= now:
                    self._ends, self.expired = None, True
                    self._interrupt()
                else:
                    self._looks = math.inf if self._ends is None else self._ends
                    self._changed.wait(None if self._ends is None else self._ends - now)

    def _interrupt(self) -> None:
        """Interrupt the connection until it has no query: the engine forgets what comes before a statement begins."""
        with self._changed:
            while self._connection is not None and self.stopped:
                self._connection.interrupt()
                self._changed.wait(_INTERRUPT_SECONDS)


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
            clock.require_running()
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
