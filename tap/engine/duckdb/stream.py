"""Result stream of one query, read from its process."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import pyarrow as pa

from core.errors import PhotozError
from tap.engine.duckdb.failures import error_of
from tap.engine.duckdb.frames import FrameKind, PipeTimeoutError
from tap.engine.duckdb.process import QueryProcess
from tap.engine.errors import QueryCrashedError, QueryTimeoutError
from tap.engine.protocol import EngineQuery

__all__ = ["ProcessStream"]

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 3.0  # one second more than that of the process, which can then still report the cause
_CANCEL_SECONDS = 0.2
_SIGALRM = -14


class ProcessStream:
    """`ResultStream` read from a `QueryProcess`.

    Parameters
    ----------
    release
        Called once, with the process and whether it can run another query.
    """

    schema: pa.Schema

    def __init__(
        self, process: QueryProcess, query: EngineQuery, release: Callable[[QueryProcess, bool], None]
    ) -> None:
        self._process = process
        self._query = query
        self._release = release
        self._seconds_left = query.seconds + _GRACE_SECONDS
        self._reading = threading.RLock()
        self._closing = threading.Event()
        self._ready = False  # the process has reported the end of the query
        self._released = False
        self._first: pa.RecordBatch | None = None

    def start(self) -> None:
        """Wait for the schema and the first batch.

        Raises
        ------
        core.errors.PhotozError
            The query failed before that.
        """
        content = self._next()
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
        """Stop the query if it still runs, and release its process."""
        self._closing.set()
        if not self._reading.acquire(blocking=False):  # another thread waits for rows: end its wait
            self._process.kill()
            self._reading.acquire()
        try:
            if self._released:
                return
            self._released = True
            usable = self._ready or (self._process.alive and self._process.cancel(_CANCEL_SECONDS))
            self._release(self._process, usable)
        finally:
            self._reading.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A request that is cancelled between its steps does not close the stream.
        if not self._released:
            self.close()

    def _batch(self) -> pa.RecordBatch | None:
        content = self._next()
        return None if content is None else pa.ipc.read_record_batch(pa.py_buffer(content), self.schema)

    def _next(self) -> bytearray | None:
        """Return the content of the next frame, None at the end; release the process as soon as it is done."""
        with self._reading:
            if self._released:
                if self._closing.is_set() and not self._ready:
                    raise QueryCrashedError("The query was stopped because its client disconnected.")
                return None
            try:
                kind, content = self._receive()
            except PhotozError:
                self.close()
                raise
            if kind in {FrameKind.SCHEMA, FrameKind.BATCH}:
                return content
            error = error_of(failure := _json(content), self._query) if kind is FrameKind.ERROR else None
            # A process that ran out of memory may be fragmented, so it is replaced.
            self._ready = error is None or failure["kind"] != "memory"
            self.close()
            if error is None:
                return None
            _log.info("query failed", extra={"failure": failure["kind"], "detail": failure["detail"]})
            raise error

    def _receive(self) -> tuple[FrameKind, bytearray]:
        """Return the next frame within the time left; only the time spent waiting is counted."""
        began = time.monotonic()
        try:
            return self._process.receive(max(0.1, self._seconds_left))
        except PipeTimeoutError as e:
            self._process.end()
            raise QueryTimeoutError.after(self._query.seconds) from e
        except (EOFError, OSError) as e:
            status = self._process.end()
            _log.warning("query process ended", extra={"status": status})
            if status == _SIGALRM:
                raise QueryTimeoutError.after(self._query.seconds) from e
            raise QueryCrashedError("The process that ran this query ended unexpectedly. Try again.") from e
        finally:
            self._seconds_left -= time.monotonic() - began


def _json(content: bytearray) -> dict[str, str]:
    failure: dict[str, str] = json.loads(content)
    return failure
