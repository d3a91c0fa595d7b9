"""Completion of jobs: store COMPLETED, ERROR or ABORTED once, and call ``on_end`` of the kind at least once.

Workers, queues, users and the recovery of jobs end jobs. Storing the final phase is a compare-and-set, so only one of
them succeeds, and that one calls ``on_end``. The number of calls that may still be needed is stored with the phase:
when the process dies before the call, or the call raises, the recovery calls once more.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, literal, update
from sqlalchemy.orm import Session

from core.database import Database, utc_now
from uws.kinds import JobKind
from uws.leases import Lease
from uws.limits import lock_owner, size_text, usage_of
from uws.models import Job, JobResult, Phase
from uws.schema import JobRow
from uws.storage import clean_text, find_job, move_job, results_value

__all__ = ["MAX_ATTEMPTS", "JobCompletion"]

#: Attempts at a job whose worker died, when its kind allows a retry.
MAX_ATTEMPTS = 2

_NO_LEASE: Mapping[str, None] = {"lease_owner": None, "lease_until": None}

_logger = logging.getLogger(__name__)


class JobCompletion:
    """Transitions of jobs to their final phases.

    Parameters
    ----------
    kind
        Returns a job kind by name; None when this process does not have it.
    stored_bytes
        Storage limit of all jobs of one user; None for no limit.
    """

    def __init__(
        self, database: Database, kind: Callable[[str], JobKind | None], *, stored_bytes: int | None = None
    ) -> None:
        self._database = database
        self._kind = kind
        self._stored_bytes = stored_bytes

    def complete(self, job: Job, lease: Lease, results: Collection[JobResult]) -> Job | None:
        """Store COMPLETED with the results; return the job, or None when the lease was lost.

        When the results exceed the storage limit of the owner, ERROR is stored instead.
        """
        size = sum(result.size or 0 for result in results)
        phase, values = Phase.COMPLETED, {"results": results_value(results), "result_bytes": size, "progress": 1.0}
        with self._database.write() as session:
            if error := self._storage_error(session, job, size):
                phase, values = Phase.ERROR, {"error": error}
            return self._store(session, job.id, job.kind, {Phase.EXECUTING}, phase, lease, values)

    def fail(self, job: Job, lease: Lease, error: str) -> Job | None:
        """Store ERROR with a message; return the job, or None when the lease was lost."""
        values = {"error": clean_text(error)}
        with self._database.write() as session:
            return self._store(session, job.id, job.kind, {Phase.EXECUTING}, Phase.ERROR, lease, values)

    def abort(
        self,
        job_id: str,
        kind: str,
        sources: Collection[Phase],
        *,
        lease: Lease | None = None,
        error: str | None = None,
    ) -> Job | None:
        """Store ABORTED; return the job, or None when it was in none of these phases."""
        values = {} if error is None else {"error": clean_text(error)}
        with self._database.write() as session:
            return self._store(session, job_id, kind, sources, Phase.ABORTED, lease, values)

    def lose(self, job: Job, lease: Lease, error: str, *, counted: bool = True) -> bool:
        """End or retry a job whose worker died; return whether it is QUEUED again, otherwise it is in ERROR.

        Parameters
        ----------
        counted
            Whether the attempt counts; it does not when the server was stopped.
        """
        kind = self._kind(job.kind)
        if kind is not None and kind.retry and (not counted or lease.attempt < MAX_ATTEMPTS):
            values = {**_NO_LEASE, "progress": 0.0, "message": "", "started": None}
            attempts = lease.attempt if counted else lease.attempt - 1
            with self._database.write() as session:
                return move_job(
                    session, job.id, {Phase.EXECUTING}, Phase.QUEUED, lease=lease, attempts=attempts, **values
                )
        ended = self.fail(job, lease, error)
        if ended is not None:
            self.notify_end(ended)
        return False

    def notify_end(self, job: Job) -> None:
        """Call the kind's ``on_end`` for a job whose final phase is stored, and record the call."""
        kind = self._kind(job.kind)
        if kind is None or kind.on_end is None:
            return
        try:
            kind.on_end(job)
        except Exception:
            _logger.exception("on_end of job %s failed", job.id, extra={"job_id": job.id, "kind": job.kind})
            left: ColumnElement[int] = JobRow.end_calls - 1
        else:
            left = literal(0)
        with self._database.write() as session:
            session.execute(update(JobRow).where(JobRow.id == job.id, JobRow.end_calls > 0).values(end_calls=left))

    def _store(
        self,
        session: Session,
        job_id: str,
        kind_name: str,
        sources: Collection[Phase],
        phase: Phase,
        lease: Lease | None,
        values: Mapping[str, Any],
    ) -> Job | None:
        kind = self._kind(kind_name)
        values = {"file_bytes": 0, **values}
        calls = 2 if kind is not None and kind.on_end is not None else 0
        stored = move_job(
            session, job_id, sources, phase, lease=lease, ended=utc_now(), end_calls=calls, **_NO_LEASE, **values
        )
        return find_job(session, job_id) if stored else None

    def _storage_error(self, session: Session, job: Job, size: int) -> str | None:
        """Return the error message when the results exceed the storage limit."""
        if self._stored_bytes is None or not size:
            return None
        lock_owner(session, job.owner, job.caller)
        used = usage_of(session, job.owner, job.caller).stored_bytes
        if used + size <= self._stored_bytes:
            return None
        return (
            f"The results of this job need {size_text(size)}, but your jobs already use {size_text(used)} of the "
            f"{size_text(self._stored_bytes)} allowed. Delete jobs that you no longer need, and run this one again."
        )
