"""One query in the query process: it is checked, run under a clock, and its batches are written out."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from tap.engine.duckdb.frames import FrameKind, write_frame
from tap.engine.duckdb.sandbox import Sandbox
from tap.engine.duckdb.statements import refusal

__all__ = ["GRACE_SECONDS", "READER_SECONDS", "Clock", "run_query"]

#: Time between asking the engine to stop and killing its process.
GRACE_SECONDS = 2.0

#: Time in which a reader must take a batch, and in which it must take them all: else it would keep the process.
READER_SECONDS = 120.0
READERS_SECONDS = 3600.0

_BATCH_ROWS = 65_536
_BATCH_BYTES = 8_000_000
_VECTOR_ROWS = 2_048
_TEXT_BYTES = 32


class Clock:
    """Ends a query at its time: first by asking the engine, then, by a timer of the kernel, without asking.

    It stands still while the reader takes no rows, so a slow network does not cost a user the answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._timer: threading.Timer | None = None
        self._cancelled = False
        self._patience = READERS_SECONDS
        self.expired = False

    @contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Let the clock run for one query."""
        self.expired = self._cancelled = False
        self._patience = READERS_SECONDS
        self._start(seconds)
        try:
            yield
        finally:
            self._stop()
            with self._lock:
                self._connection = None

    @contextmanager
    def watching(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Say which connection is to be interrupted."""
        with self._lock:
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Do not count the time of the block, in which a reader takes rows, unless it never ends."""
        left = self._stop()
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, max(0.001, min(READER_SECONDS, self._patience)))
        try:
            yield
        finally:
            self._patience -= time.monotonic() - began
            self._start(left)

    def cancel(self) -> None:
        """Ask the engine to stop, from another thread."""
        with self._lock:
            self._cancelled = True
            if self._connection is not None:
                self._connection.interrupt()

    @property
    def stopped(self) -> bool:
        """Whether the query has been cancelled or its time is over."""
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
        Whatever the engine has to say, and `duckdb.PermissionException` for a statement that is not run here.
    """
    sandbox.provide_functions(sql)
    with sandbox.cursor() as connection, clock.watching(connection):
        if reason := refusal(connection, sql, sandbox.tables):
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
                with clock.standing_still():
                    write_frame(output, FrameKind.BATCH, [content])


def _batch_rows(types: list[str]) -> int:
    width = sum(8 if kind[0] in "BTSIUFDH" and "[" not in kind else _TEXT_BYTES for kind in types)
    rows = min(_BATCH_ROWS, _BATCH_BYTES // max(1, width))
    return max(_VECTOR_ROWS, rows // _VECTOR_ROWS * _VECTOR_ROWS)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch whose texts or arrays are longer than expected."""
    count = max(1, -(-batch.nbytes // (2 * _BATCH_BYTES)))
    step = max(1, -(-batch.num_rows // count))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Name the types that travel as single messages: enumerations become their values."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema
    ]
    return pa.schema(fields)
