"""Kinds of job: what other packages give to this library."""

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
from uws.limits import load_of
from uws.models import Job, JobResult, Phase
from uws.schema import JobLogRow
from uws.storage import clean_text, move_job

__all__ = ["JobContext", "JobKind"]

_WRITE_SECONDS = 0.3
_MOST_LOG_LINES = 5000

_logger = logging.getLogger(__name__)


class JobContext:
    """The job, and the ways of its function to tell how it goes. Its methods may be called from any thread.

    Parameters
    ----------
    scratch
        A private folder that is removed afterwards, whatever happens.
    changed
        Called when something new was stored.
    stored_bytes
        What the results of all jobs of one user may take; none for no limit.
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
        """The results so far; others see them when the job is COMPLETED."""
        return tuple(self._results)

    def room_for_results(self) -> int | None:
        """Count the bytes that the results of this job may take beside what its owner's other jobs do.

        What a job writes before its end can be held to it; at the end it is looked at once more, whatever the job did.
        None when there is no limit.
        """
        if self._stored_bytes is None:
            return None
        with self._database.read() as session:
            return max(self._stored_bytes - load_of(session, self.job.owner).stored_bytes, 0)

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how much is done, 0 to 1, and what is being done; cheap enough for a loop.

        Raises
        ------
        JobCancelled
            When the job was aborted, or given to another worker.
        """
        with self._lock:
            self._progress = (min(max(fraction, 0.0), 1.0), message)
            self._write_sometimes()

    def log(self, message: str) -> None:
        """Write a line into the job's log, which its owner can read; raises JobCancelled as `progress` does."""
        with self._lock:
            self._line_count += 1
            if self._line_count <= _MOST_LOG_LINES:
                self._lines.append((utc_now(), clean_text(message)))
            self._write_sometimes()

    def add_result(self, id: str, href: str, mime_type: str | None = None, size: int | None = None) -> None:  # noqa: A002 - the word of UWS
        """Add a result, in the place of an earlier one of the same name.

        Its size counts as room that the owner's results take; it is left out for what is counted elsewhere.
        """
        with self._lock:
            self._results = [result for result in self._results if result.id != id]
            self._results.append(JobResult(id, href, mime_type, size))

    def close(self) -> None:
        """Store what was told and not yet written; nothing is written after that."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if not self._cancelled:
                self._write()
            self._cancelled = True

    def _write_sometimes(self) -> None:
        """Write now, or soon: the last thing that is told before a long silence must be seen, too."""
        if self._timer is None and not self._cancelled:
            left = self._written + _WRITE_SECONDS - time.monotonic()
            if left <= 0:
                self._write()
            else:
                self._timer = threading.Timer(left, self._write_late)
                self._timer.daemon = True
                with suppress(RuntimeError):  # no thread can be had: the next call finds the timer unset
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
        told = {}
        if self._progress is not None:
            told = {"progress": self._progress[0], "message": clean_text(self._progress[1])}
        lines = [{"job_id": self.job.id, "time": when, "text": text} for when, text in self._lines]
        executing = Phase.EXECUTING
        self._written = time.monotonic()
        try:
            with self._database.write() as session:
                ours = move_job(session, self.job.id, {executing}, executing, lease=self._lease, **told)
                if ours and lines:
                    session.execute(insert(JobLogRow), lines)
        except SQLAlchemyError:  # news are not worth the job; they are written with the next ones
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
class JobKind:
    """A kind of job.

    Parameters
    ----------
    run
        Does the work. It may be killed at any moment. A ``PhotozError`` ends the job with its sentence, anything else
        with a sentence that tells nothing of the internals.
    retry
        Whether the work may be done twice: a job whose worker died is then run once more.
    seconds
        Execution duration, when it is not the service's default.
    lengthy
        Whether its jobs commonly take so long that jobs of other kinds should not wait behind them.
    on_end
        Called once after COMPLETED, ERROR or ABORTED was stored, in whichever process stored it, so that the owner of
        a thing can mend its state. When that process dies in between, or the call raises, a sweep calls it once more.
        The work has stopped by then, except that of a job which was aborted from another process: it stops within
        about a second.
    on_destroy
        Called before a job is removed, so that the files of its results go too; it must bear to be called twice.
    """

    name: str
    run: Callable[[JobContext], None]
    retry: bool = False
    seconds: int | None = None
    lengthy: bool = False
    on_end: Callable[[Job], None] | None = None
    on_destroy: Callable[[Job], None] | None = None
