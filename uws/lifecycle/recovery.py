"""Periodic recovery of jobs: resubmit lost messages, retry or end jobs of dead workers, archive old jobs.

Several servers may run it at once: every change is a compare-and-set.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.database import Database, utc_now
from uws.kinds import JobKind
from uws.leases import CLIENT_OWNER, Lease, lease_is_lost
from uws.lifecycle.client_jobs import ClientJobs
from uws.lifecycle.completion import JobCompletion
from uws.lifecycle.destruction import JobDestruction
from uws.lifecycle.fair_share import FairShare
from uws.models import Phase
from uws.queues import JobQueue
from uws.schema import JobRow
from uws.storage import job_of_row

__all__ = ["JobRecovery"]

_END_CALL_DELAY = timedelta(seconds=30)

_logger = logging.getLogger(__name__)


class JobRecovery:
    """One pass over the jobs of the database.

    Parameters
    ----------
    resubmit_after
        Time after which a QUEUED job is submitted to the queue again.
    archive_for
        Time for which the metadata of a job are kept when its results are removed.
    anonymous_pending
        Time after which an anonymous job that is PENDING is removed: nobody can list it, so most are forgotten.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        kinds: Mapping[str, JobKind],
        fair_share: FairShare,
        destruction: JobDestruction,
        client_jobs: ClientJobs,
        *,
        resubmit_after: timedelta,
        archive_for: timedelta,
        anonymous_pending: timedelta,
    ) -> None:
        self._database = database
        self._queue = queue
        self._completion = JobCompletion(database, kinds.get)
        self._fair_share = fair_share
        self._resubmit_after = resubmit_after
        self._archive_for = archive_for
        self._anonymous_pending = anonymous_pending
        self._destruction = destruction
        self._client_jobs = client_jobs

    def run(self) -> int:
        """Run one pass; return how many jobs were retried, ended, archived, removed, or had ``on_end`` called."""
        now = utc_now()
        done = self._recover_lost(now) + self._repeat_end_calls(now) + self._remove_expired(now)
        self._resubmit(now)
        self._fair_share.submit_all()
        return done

    def _recover_lost(self, now: datetime) -> int:
        """Retry or end jobs whose lease is lost."""
        with self._database.read() as session:
            rows = session.scalars(select(JobRow).where(JobRow.phase == Phase.EXECUTING.value)).all()
        lost = [row for row in rows if lease_is_lost(row.lease_owner, row.lease_until, now)]
        for row in lost:
            if row.lease_owner == CLIENT_OWNER:
                self._client_jobs.expire(job_of_row(row))
                continue
            error = f"The worker or the server stopped while it ran this job. The id of the job is {row.id}."
            _logger.warning("job %s lost its worker", row.id, extra={"job_id": row.id, "lease_owner": row.lease_owner})
            self._completion.lose(job_of_row(row), Lease(row.lease_owner or "", row.attempts), error)
        return len(lost)

    def _repeat_end_calls(self, now: datetime) -> int:
        """Call ``on_end`` for jobs whose process died before the call, or for which it raised."""
        query = select(JobRow).where(JobRow.end_calls > 0, JobRow.ended < now - _END_CALL_DELAY)
        with self._database.read() as session:
            jobs = [job_of_row(row) for row in session.scalars(query)]
        for job in jobs:
            self._completion.notify_end(job)
        return len(jobs)

    def _remove_expired(self, now: datetime) -> int:
        """Archive jobs past their destruction time; remove those whose archive time is over, and forgotten ones."""
        archived = JobRow.phase == Phase.ARCHIVED.value
        with self._database.read() as session:
            old = list(session.scalars(select(JobRow).where(JobRow.destruction <= now, ~archived)))
            oldest = select(JobRow).where(JobRow.destruction <= now - self._archive_for, archived)
            forgotten = select(JobRow).where(
                JobRow.owner.is_(None),
                JobRow.phase == Phase.PENDING.value,
                JobRow.created <= now - self._anonymous_pending,
            )
            old += [row for row in session.scalars(forgotten) if row not in old]
            due = [(row, self._destruction.archive) for row in old]
            due += [(row, self._destruction.destroy) for row in session.scalars(oldest)]
        for row, clear in due:
            try:
                clear(job_of_row(row))
            except Exception:  # a job that cannot be removed must not block the others
                _logger.exception("job %s could not be removed", row.id, extra={"job_id": row.id})
        return len(due)

    def _resubmit(self, now: datetime) -> None:
        """Submit QUEUED jobs again that the queue may have lost, oldest first."""
        query = select(JobRow.id, JobRow.long_running).where(JobRow.phase == Phase.QUEUED.value)
        due = query.where(JobRow.submitted <= now - self._resubmit_after).order_by(JobRow.submitted)
        with self._database.read() as session:
            rows = session.execute(due).all()
        if self._resubmit_after and rows:  # a queue that loses nothing gets them each time
            ids = [row.id for row in rows]
            with self._database.write() as session:
                session.execute(update(JobRow).where(JobRow.id.in_(ids)).values(submitted=now))
        for row in rows:
            self._queue.submit(row.id, long_running=row.long_running)
