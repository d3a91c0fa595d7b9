"""Thread that moves the rows of one query from its process into a spool, so that the process is free early."""

import json
import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context

from core.errors import PhotozError
from core.telemetry.traces import begin_span
from tap.engine.duckdb.failures import error_of
from tap.engine.duckdb.frames import Frame, FrameKind, PipeTimeoutError
from tap.engine.duckdb.process import LOOK_SECONDS, QueryProcess
from tap.engine.duckdb.spool import Spool
from tap.engine.errors import QueryCrashedError, QueryTimeoutError, SlowReaderError
from tap.engine.protocol import EngineQuery

__all__ = ["Drain"]

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 3.0  # one second more than that of the process, which can then still report the cause
_SIGALRM = -14


class Drain:
    """Transfer of one query's rows from its process into a spool, in a thread of its own.

    The process is released as soon as the query has run, and before the spool has its end.

    Parameters
    ----------
    release
        Called once, with the process and whether it can run another query.
    """

    def __init__(
        self, process: QueryProcess, query: EngineQuery, spool: Spool, release: Callable[[QueryProcess, bool], None]
    ) -> None:
        self._process = process
        self._query = query
        self._spool = spool
        self._release = release
        self._seconds_left = query.seconds + _GRACE_SECONDS
        self._owning = threading.Lock()
        self._is_released = self._is_killed = False
        self._span = begin_span("query", {"photoz.lane": "long" if query.is_long else "short"})
        # In the context of the request or the job, whose fields the log has.
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="rows of a query", daemon=True)

    def start(self) -> None:
        """Start the transfer.

        Raises
        ------
        QueryCrashedError
            No thread can be started; the process is released.
        """
        try:
            self._thread.start()
        except RuntimeError as e:
            self._spool.drop()
            self._release(self._process, False)
            raise QueryCrashedError("No thread can be started for the rows of this query. Try again later.") from e

    def stop(self) -> None:
        """Stop the query if it still runs, and return when its process is released."""
        self._spool.drop()
        self._while_running(self._process.request_cancel)
        grace = self._process.cancel_grace(self._query.threads)
        while self._thread.is_alive() and not grace.is_over:
            self._thread.join(LOOK_SECONDS)
        self._while_running(self._kill)
        self._thread.join()

    def _while_running(self, stop: Callable[[], object]) -> None:
        """Call a function unless the process is released, which may run another query by now."""
        with self._owning:
            if not self._is_released:
                stop()

    def _kill(self) -> None:
        self._is_killed = True  # it seems alive for a moment
        self._process.kill()

    def _run(self) -> None:
        error: PhotozError | None = QueryCrashedError("The rows of this query were lost. Try again later.")
        usable = False
        try:
            error, usable = self._transfer()
        finally:
            self._query.release_files()
            with self._owning:
                self._is_released = True
                usable = usable and not self._is_killed
            try:
                self._release(self._process, usable)
            finally:
                self._spool.finish(error)
                if error is not None:
                    self._span.fail(type(error).__name__)
                self._span.end()

    def _transfer(self) -> tuple[PhotozError | None, bool]:
        """Move rows until the query ends, and return its error and whether its process can run another query."""
        try:
            while (frame := self._receive())[0] in {FrameKind.SCHEMA, FrameKind.BATCH}:
                if not self._spool.put(frame[1]):
                    return None, self._process.cancel(self._query.threads)
        except SlowReaderError as e:
            return e, self._process.cancel(self._query.threads)
        except PhotozError as e:
            return e, False
        if frame[0] is FrameKind.END:
            return None, True
        failure: dict[str, str] = json.loads(frame[1])
        if not self._spool.is_dropped:
            _log.info("query failed", extra={"failure": failure["kind"], "detail": failure["detail"]})
        # A process that ran out of memory may be fragmented, so it is replaced.
        return error_of(failure, self._query), failure["kind"] != "memory"

    def _receive(self) -> Frame:
        """Return the next frame within the time left; only the time spent waiting for the process is counted."""
        began = time.monotonic()
        try:
            return self._process.receive(max(0.1, self._seconds_left))
        except PipeTimeoutError as e:
            self._process.end()
            raise QueryTimeoutError.after(self._query.seconds) from e
        except (EOFError, OSError) as e:
            status = self._process.end()
            if status == _SIGALRM:
                raise QueryTimeoutError.after(self._query.seconds) from e
            if not self._spool.is_dropped:
                _log.warning("query process ended", extra={"status": status})
            raise QueryCrashedError("The process that ran this query ended unexpectedly. Try again.") from e
        finally:
            self._seconds_left -= time.monotonic() - began
