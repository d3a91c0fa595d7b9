"""What the function of a job is given."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert

from core.database import Database, utc_now
from uws.errors import JobCancelled
from uws.leases import Lease
from uws.models import Job, JobResult, Phase
from uws.schema import JobLogRow
from uws.storage import clean_text, move_job

__all__ = ["JobContext"]

_WRITE_SECONDS = 0.3
_MOST_LOG_LINES = 5000


class JobContext:
    """The job, and the ways of its function to tell how it goes. Its methods may be called from any thread.

    Parameters
    ----------
    scratch
        A private folder that is removed afterwards, whatever happens.
    changed
        Called when something new was stored.
    """

    def __init__(
        self, database: Database, job: Job, lease: Lease, scratch: Path, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.job = job
        self.scratch = scratch
        self._database = database
        self._lease = lease
        self._changed = changed
        self._lock = threading.Lock()
        self._results: list[JobResult] = []
        self._progress: tuple[float, str] | None = None
        self._lines: list[tuple[datetime, str]] = []
        self._line_count = 0
        self._written = float("-inf")
        self._cancelled = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """The job's parameters."""
        return self.job.parameters

    @property
    def results(self) -> tuple[JobResult, ...]:
        """The results so far; others see them when the job is COMPLETED."""
        return tuple(self._results)

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
        """Add a result, in the place of an earlier one of the same name."""
        with self._lock:
            self._results = [result for result in self._results if result.id != id]
            self._results.append(JobResult(id, href, mime_type, size))

    def flush(self) -> None:
        """Store what was told and not yet written."""
        with self._lock:
            self._write()

    def _write_sometimes(self) -> None:
        if self._cancelled:
            raise JobCancelled
        if time.monotonic() - self._written >= _WRITE_SECONDS:
            self._write()

    def _write(self) -> None:
        if self._progress is None and not self._lines:
            return
        told = {}
        if self._progress is not None:
            told = {"progress": self._progress[0], "message": clean_text(self._progress[1])}
        lines = [{"job_id": self.job.id, "time": when, "text": text} for when, text in self._lines]
        executing = Phase.EXECUTING
        with self._database.write() as session:
            ours = move_job(session, self.job.id, {executing}, executing, lease=self._lease, **told)
            if ours and lines:
                session.execute(insert(JobLogRow), lines)
        self._written, self._progress = time.monotonic(), None
        self._lines.clear()
        if not ours:
            self._cancelled = True
            raise JobCancelled
        self._changed()
