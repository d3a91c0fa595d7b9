"""Fair-share queue: only the next few jobs of each user are in the job queue, the others wait in the database.

Job queues are first-in-first-out. With fair share, a user who submits a thousand jobs is ahead of another by a few of
them at most, on any queue and over all machines. When a worker takes a job, the next one of the same user is
submitted; the recovery of jobs submits those that were missed because a process died.

Long-running and short jobs are counted apart, so that the pipelines of a user do not delay their queries.
"""

import logging

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.database import Database, utc_now
from uws.limits import lock_owner, owned_by
from uws.models import Phase
from uws.queues import JobQueue
from uws.schema import JobRow

__all__ = ["QUEUED_PER_USER", "FairShare", "release_queued"]

#: Long-running jobs, and short jobs, of one user that are in the queue at once; running jobs do not count.
QUEUED_PER_USER = 2

_logger = logging.getLogger(__name__)


def release_queued(session: Session, owner: str | None, caller: str = "", *, long_running: bool) -> list[str]:
    """Mark the oldest waiting jobs of a user, or of one anonymous address, as submitted; return their ids."""
    lock_owner(session, owner, caller)
    waiting = (JobRow.phase == Phase.QUEUED.value, owned_by(owner, caller), JobRow.long_running == long_running)
    in_queue = select(func.count()).where(*waiting, JobRow.submitted.is_not(None))
    free = QUEUED_PER_USER - (session.scalar(in_queue) or 0)
    if free <= 0:
        return []
    oldest = select(JobRow.id).where(*waiting, JobRow.submitted.is_(None)).order_by(JobRow.created, JobRow.id)
    ids = list(session.scalars(oldest.limit(free)))
    if ids:
        session.execute(
            update(JobRow)
            .where(JobRow.id.in_(ids))
            .values(submitted=utc_now())
            .execution_options(synchronize_session=False)
        )
    return ids


class FairShare:
    """Scheduler that submits the waiting jobs of each user to the job queue, a few at a time."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self._database = database
        self._queue = queue

    def submit_next(self, job_id: str) -> None:
        """Submit the next job of the owner of a job that has left the queue."""
        try:
            with self._database.read() as session:
                row = session.execute(
                    select(JobRow.owner, JobRow.caller, JobRow.long_running).where(JobRow.id == job_id)
                ).first()
                waits = row is not None and session.scalar(
                    select(JobRow.id)
                    .where(
                        JobRow.phase == Phase.QUEUED.value,
                        owned_by(row.owner, row.caller),
                        JobRow.long_running == row.long_running,
                    )
                    .where(JobRow.submitted.is_(None))
                    .limit(1)
                )
            if row is not None and waits:
                self._submit(row.owner, row.caller, row.long_running)
        except SQLAlchemyError:  # the recovery of jobs tries again
            _logger.warning("the job after %s could not be submitted", job_id, extra={"job_id": job_id}, exc_info=True)

    def submit_all(self) -> None:
        """Submit the next jobs of all users."""
        waiting = select(JobRow.owner, JobRow.caller, JobRow.long_running).where(
            JobRow.phase == Phase.QUEUED.value, JobRow.submitted.is_(None)
        )
        with self._database.read() as session:
            owners = session.execute(waiting.distinct()).all()
        for owner, caller, long_running in owners:
            self._submit(owner, caller, long_running)

    def _submit(self, owner: str | None, caller: str, long_running: bool) -> None:
        with self._database.write() as session:
            ids = release_queued(session, owner, caller, long_running=long_running)
        for job_id in ids:
            self._queue.submit(job_id, long_running=long_running)
