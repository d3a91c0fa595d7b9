"""How a job ends, whoever brings it about: worker, queue, user or sweep.

Storing the end is a compare-and-set, so only one of them succeeds, and that one calls the kind's ``on_end``. How many
calls may still be needed is stored together with the end: when the process dies before the call, or the call raises,
the sweep makes it once more.
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

__all__ = ["MOST_ATTEMPTS", "JobCompletion"]

#: A job whose worker died is run once more when its kind says so.
MOST_ATTEMPTS = 2

_NO_LEASE: Mapping[str, None] = {"lease_owner": None, "lease_until": None}

_logger = logging.getLogger(__name__)


class JobCompletion:
    """Ends jobs.

    Parameters
    ----------
    kind
        Gives a kind of job by its name; none when this server does not have it.
    stored_bytes
        What the results of all jobs of one user may take; none for no limit.
    """

    def __init__(
        self, database: Database, kind: Callable[[str], JobKind | None], *, stored_bytes: int | None = None
    ) -> None:
        self._database = database
        self._kind = kind
        self._stored_bytes = stored_bytes

    def complete(self, job: Job, lease: Lease, results: Collection[JobResult]) -> Job | None:
        """Store COMPLETED with the results; give the job as it is then, or none when it was taken away.

        When the results have no room beside those of the owner's other jobs, it is ERROR instead.
        """
        size = sum(result.size or 0 for result in results)
        phase, values = Phase.COMPLETED, {"results": results_value(results), "result_bytes": size, "progress": 1.0}
        with self._database.write() as session:
            if sentence := self._lack_of_room(session, job, size):
                phase, values = Phase.ERROR, {"error": sentence}
            return self._store(session, job.id, job.kind, {Phase.EXECUTING}, phase, lease, values)

    def fail(self, job: Job, lease: Lease, sentence: str) -> Job | None:
        """Store ERROR with a sentence; give the job as it is then, or none when it was taken away."""
        values = {"error": clean_text(sentence)}
        with self._database.write() as session:
            return self._store(session, job.id, job.kind, {Phase.EXECUTING}, Phase.ERROR, lease, values)

    def abort(
        self,
        job_id: str,
        kind: str,
        sources: Collection[Phase],
        *,
        lease: Lease | None = None,
        sentence: str | None = None,
    ) -> Job | None:
        """Store ABORTED; give the job as it is then, or none when it was in none of these phases."""
        values = {} if sentence is None else {"error": clean_text(sentence)}
        with self._database.write() as session:
            return self._store(session, job_id, kind, sources, Phase.ABORTED, lease, values)

    def lose(self, job: Job, lease: Lease, sentence: str, *, blamed: bool = True) -> bool:
        """Deal with a job whose worker is gone: tell whether it is QUEUED again, else it ends in ERROR.

        Parameters
        ----------
        blamed
            Whether the attempt counts; it does not when the server was stopped.
        """
        kind = self._kind(job.kind)
        if kind is not None and kind.retry and (not blamed or lease.attempt < MOST_ATTEMPTS):
            values = {**_NO_LEASE, "progress": 0.0, "message": "", "started": None}
            attempts = lease.attempt if blamed else lease.attempt - 1
            with self._database.write() as session:
                return move_job(
                    session, job.id, {Phase.EXECUTING}, Phase.QUEUED, lease=lease, attempts=attempts, **values
                )
        ended = self.fail(job, lease, sentence)
        if ended is not None:
            self.notify_end(ended)
        return False

    def notify_end(self, job: Job) -> None:
        """Call the kind's ``on_end`` for a job whose end was stored, and note that it was called."""
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

    def _lack_of_room(self, session: Session, job: Job, size: int) -> str | None:
        """Return the sentence for results that have no room; none when they have."""
        if self._stored_bytes is None or not size:
            return None
        lock_owner(session, job.owner)
        taken = usage_of(session, job.owner).stored_bytes
        if taken + size <= self._stored_bytes:
            return None
        return (
            f"The results of this job take {size_text(size)}, and have no room beside the {size_text(taken)} that your "
            f"jobs take already: {size_text(self._stored_bytes)} is what all may take. Delete jobs that you no longer "
            "need, and run this one again."
        )
