"""Job kinds, which services register, and the job context, which the function of a job receives."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database, utc_now
from uws.errors import JobCancelled
from uws.leases import Lease
from uws.limits import usage_of
from uws.models import Job, JobResult, Phase
from uws.schema import JobLogRow
from uws.storage import clean_text, move_job

__all__ = ["EXPIRED", "ClientWork", "JobContext", "JobKind"]

#: Error message of a job whose clients did not do their work in time.
EXPIRED = "The client did not do its part of this job in time."

_WRITE_SECONDS = 0.3
_MAX_LOG_LINES = 5000

_logger = logging.getLogger(__name__)


class JobContext:
    """A running job as its function sees it: parameters, scratch folder, progress, log and results.

    The methods may be called from any thread.

    Parameters
    ----------
    scratch
        A private folder, which is removed when the function returns or fails.
    changed
        Called after progress or log lines were stored.
    stored_bytes
        Storage limit of all jobs of one user; None for no limit.
    """

    def __init__(
        self,
        database: Database,
        job: Job,
        lease: Lease,
        scratch: Path,
        changed: Callable[[], None] = lambda: None,
        *,
        stored_bytes: int | None = None,
    ) -> None:
        self.job = job
        self.scratch = scratch
        self._database = database
        self._lease = lease
        self._changed = changed
        self._stored_bytes = stored_bytes
        self._lock = threading.Lock()
        self._results: list[JobResult] = []
        self._progress: tuple[float, str] | None = None
        self._lines: list[tuple[datetime, str]] = []
        self._line_count = 0
        self._written = float("-inf")
        self._timer: threading.Timer | None = None
        self._cancelled = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """The job's parameters."""
        return self.job.parameters

    @property
    def results(self) -> tuple[JobResult, ...]:
        """The results so far; clients see them when the job is COMPLETED."""
        return tuple(self._results)

    def remaining_result_bytes(self) -> int | None:
        """Return the bytes left for the results of this job in the storage limit of its owner; None without a limit.

        The function can limit what it writes by this number. The limit is checked again when the job ends.
        """
        if self._stored_bytes is None:
            return None
        with self._database.read() as session:
            return max(self._stored_bytes - usage_of(session, self.job.owner, self.job.caller).stored_bytes, 0)

    def progress(self, fraction: float, message: str = "") -> None:
        """Report the fraction of the work that is done, 0 to 1, and the present step; cheap enough for a loop.

        Raises
        ------
        JobCancelled
            When the job was aborted, or given to another worker.
        """
        with self._lock:
            self._progress = (min(max(fraction, 0.0), 1.0), message)
            self._write_sometimes()

    def log(self, message: str) -> None:
        """Append a line to the job's log, which its owner can read; raises JobCancelled as `progress` does."""
        with self._lock:
            self._line_count += 1
            if self._line_count <= _MAX_LOG_LINES:
                self._lines.append((utc_now(), clean_text(message)))
            self._write_sometimes()

    def add_result(self, id: str, href: str, mime_type: str | None = None, size: int | None = None) -> None:  # noqa: A002 - the word of UWS
        """Add a result; it replaces an earlier one of the same name.

        Its size counts towards the owner's storage limit. Omit it for bytes that another quota counts.
        """
        with self._lock:
            self._results = [result for result in self._results if result.id != id]
            self._results.append(JobResult(id, href, mime_type, size))

    def close(self) -> None:
        """Store progress and log lines that are not stored yet; nothing is written after that."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if not self._cancelled:
                self._write()
            self._cancelled = True

    def _write_sometimes(self) -> None:
        """Write now, or by a timer soon, so that the last report before a long step is seen, too."""
        if self._timer is None and not self._cancelled:
            left = self._written + _WRITE_SECONDS - time.monotonic()
            if left <= 0:
                self._write()
            else:
                self._timer = threading.Timer(left, self._write_late)
                self._timer.daemon = True
                with suppress(RuntimeError):  # no thread can be started: the next call finds the timer unset
                    self._timer.start()
                    return
                self._timer = None
        if self._cancelled:
            raise JobCancelled

    def _write_late(self) -> None:
        with self._lock:
            self._timer = None
            if not self._cancelled:
                self._write()

    def _write(self) -> None:
        if self._progress is None and not self._lines:
            return
        values = {}
        if self._progress is not None:
            values = {"progress": self._progress[0], "message": clean_text(self._progress[1])}
        lines = [{"job_id": self.job.id, "time": when, "text": text} for when, text in self._lines]
        executing = Phase.EXECUTING
        self._written = time.monotonic()
        try:
            with self._database.write() as session:
                ours = move_job(session, self.job.id, {executing}, executing, lease=self._lease, **values)
                if ours and lines:
                    session.execute(insert(JobLogRow), lines)
        except SQLAlchemyError:  # a failed report does not fail the job; it is written with the next one
            _logger.warning(
                "progress of job %s could not be stored", self.job.id, extra={"job_id": self.job.id}, exc_info=True
            )
            return
        self._progress = None
        self._lines.clear()
        self._cancelled = not ours
        if ours:
            self._changed()


@dataclass(frozen=True, slots=True)
class ClientWork:
    """The part of a job that requests of clients do, for example the upload to an address among its results.

    Parameters
    ----------
    results
        Results of the job, which clients see while it is EXECUTING.
    seconds
        Time until the job ends in ERROR, unless a request renews it; zero when nothing is left to do.
    """

    results: tuple[JobResult, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job.

    Parameters
    ----------
    run
        Does the work. It may be killed at any moment. A ``PhotozError`` ends the job in ERROR with its message, any
        other exception with a message that reveals nothing of the internals.
    retry
        Whether the work may be done twice. A job whose worker died is then run once more.
    seconds
        Execution duration; None for the default of the service.
    long_running
        Whether its jobs commonly take minutes, so that jobs of other kinds should not wait behind them.
    on_end
        Called once after COMPLETED, ERROR or ABORTED was stored, in the process that stored it, so that a service can
        update what depends on the job. When that process dies in between, or the call raises, the recovery of jobs
        calls it once more. The work has stopped by then, except that of a job which was aborted from another process:
        it stops within about a second.
    on_destroy
        Called before a job is removed, to remove the files of its results; it must be idempotent.
    begin
        Called when a job is to run, in the process of the request. When it returns the work of clients, no worker
        takes the job: it is EXECUTING until `uws.lifecycle.client_jobs` ends it. With None the job is QUEUED. A
        ``PhotozError`` ends the job in ERROR. It must change nothing.
    expired
        Error message of a job whose clients did not do their work in time.
    label
        Display name; by default the name.
    path
        Path of the job list at which its jobs are UWS resources; None when they are at none.
    """

    name: str
    run: Callable[[JobContext], None]
    retry: bool = False
    seconds: int | None = None
    long_running: bool = False
    on_end: Callable[[Job], None] | None = None
    on_destroy: Callable[[Job], None] | None = None
    begin: Callable[[Job], ClientWork | None] | None = None
    expired: str = EXPIRED
    label: str = ""
    path: str | None = None
