"""Turns: of each user's jobs only the next few are in the queue at once, the others wait in the database.

A queue serves first what came first. With turns, somebody who submits a thousand jobs is before another by a few of
them at most, on any queue and over all machines. As soon as a worker takes a job, the next one of the same user gets
its turn; a sweep gives turns that were missed because a process died.

Lengthy and short jobs have turns of their own, so that a user's own pipelines do not hold up their queries.
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

__all__ = ["TURNS", "Turns", "give_turns"]

#: Jobs of one user, of each sort, that are in the queue at once; those that run do not count.
TURNS = 2

_logger = logging.getLogger(__name__)


def give_turns(session: Session, owner: str | None, *, lengthy: bool) -> list[str]:
    """Let the oldest waiting jobs of a user, or of nobody, have their turns, and give their ids for the queue."""
    lock_owner(session, owner)
    waiting = (JobRow.phase == Phase.QUEUED.value, owned_by(owner), JobRow.lengthy == lengthy)
    in_queue = select(func.count()).where(*waiting, JobRow.submitted.is_not(None))
    free = TURNS - (session.scalar(in_queue) or 0)
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


class Turns:
    """Gives turns when there is room in the queue again.

    Parameters
    ----------
    queue
        Gets the jobs whose turn it is.
    """

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self._database = database
        self._queue = queue

    def after(self, job_id: str) -> None:
        """Let the next job of the owner of this one into the queue, when this one has left it."""
        try:
            with self._database.read() as session:
                row = session.execute(select(JobRow.owner, JobRow.lengthy).where(JobRow.id == job_id)).first()
                waits = row is not None and session.scalar(
                    select(JobRow.id)
                    .where(JobRow.phase == Phase.QUEUED.value, owned_by(row.owner), JobRow.lengthy == row.lengthy)
                    .where(JobRow.submitted.is_(None))
                    .limit(1)
                )
            if row is not None and waits:
                self._give(row.owner, row.lengthy)
        except SQLAlchemyError:  # the sweep looks again
            _logger.warning("no turn could be given after job %s", job_id, extra={"job_id": job_id}, exc_info=True)

    def give_all(self) -> None:
        """Let the next jobs of everybody into the queue."""
        waiting = select(JobRow.owner, JobRow.lengthy).where(
            JobRow.phase == Phase.QUEUED.value, JobRow.submitted.is_(None)
        )
        with self._database.read() as session:
            owners = session.execute(waiting.distinct()).all()
        for owner, lengthy in owners:
            self._give(owner, lengthy)

    def _give(self, owner: str | None, lengthy: bool) -> None:
        with self._database.write() as session:
            ids = give_turns(session, owner, lengthy=lengthy)
        for job_id in ids:
            self._queue.submit(job_id, lengthy=lengthy)
