"""The sweep: finds what a lost message or a dead process left behind, and puts it right.

Several servers may sweep at once: whatever it changes is a compare-and-set.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.database import Database, utc_now
from uws.kinds import JobKind
from uws.leases import Lease, lease_is_lost
from uws.lifecycle.completion import Endings
from uws.lifecycle.destruction import Removal
from uws.lifecycle.fair_share import Turns
from uws.models import Phase
from uws.queues import JobQueue
from uws.schema import JobRow
from uws.storage import job_of_row

__all__ = ["Sweep"]

_TOLD_AFTER = timedelta(seconds=30)

_logger = logging.getLogger(__name__)


class Sweep:
    """One pass over the jobs of the database.

    Parameters
    ----------
    resubmit_after
        How long a QUEUED job is left to the queue that it was given to, before it is given to this one.
    archive_for
        How long what is known of a job outlasts its results.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        kinds: Mapping[str, JobKind],
        turns: Turns,
        removal: Removal,
        *,
        resubmit_after: timedelta,
        archive_for: timedelta,
    ) -> None:
        self._database = database
        self._queue = queue
        self._endings = Endings(database, kinds.get)
        self._turns = turns
        self._resubmit_after = resubmit_after
        self._archive_for = archive_for
        self._removal = removal

    def run(self) -> int:
        """Do everything once; give the number of jobs that were retried, ended, told, archived or removed."""
        now = utc_now()
        done = self._settle_lost(now) + self._tell_ends(now) + self._clear_away(now)
        self._resubmit(now)
        self._turns.give_all()
        return done

    def _settle_lost(self, now: datetime) -> int:
        """Retry or end jobs that nobody answers for any more."""
        with self._database.read() as session:
            rows = session.scalars(select(JobRow).where(JobRow.phase == Phase.EXECUTING.value)).all()
        lost = [row for row in rows if lease_is_lost(row.lease_owner, row.lease_until, now)]
        for row in lost:
            sentence = f"The worker or the server stopped while it ran this job. The id of the job is {row.id}."
            _logger.warning("job %s lost its worker", row.id, extra={"job_id": row.id, "lease_owner": row.lease_owner})
            self._endings.lose(job_of_row(row), Lease(row.lease_owner or "", row.attempts), sentence)
        return len(lost)

    def _tell_ends(self, now: datetime) -> int:
        """Call ``on_end`` where the process that ended a job could not, or it raised."""
        query = select(JobRow).where(JobRow.end_calls > 0, JobRow.ended < now - _TOLD_AFTER)
        with self._database.read() as session:
            jobs = [job_of_row(row) for row in session.scalars(query)]
        for job in jobs:
            self._endings.tell(job)
        return len(jobs)

    def _clear_away(self, now: datetime) -> int:
        """Archive jobs past their destruction time, and remove those that were archived long enough."""
        archived = JobRow.phase == Phase.ARCHIVED.value
        with self._database.read() as session:
            old = list(session.scalars(select(JobRow).where(JobRow.destruction <= now, ~archived)))
            oldest = select(JobRow).where(JobRow.destruction <= now - self._archive_for, archived)
            due = [(row, self._removal.archive) for row in old]
            due += [(row, self._removal.destroy) for row in session.scalars(oldest)]
        for row, clear in due:
            try:
                clear(job_of_row(row))
            except Exception:  # one that cannot be removed must not keep the others
                _logger.exception("job %s could not be cleared away", row.id, extra={"job_id": row.id})
        return len(due)

    def _resubmit(self, now: datetime) -> None:
        """Give QUEUED jobs to the queue that it may not know, oldest first."""
        query = select(JobRow.id, JobRow.lengthy).where(JobRow.phase == Phase.QUEUED.value)
        due = query.where(JobRow.submitted <= now - self._resubmit_after).order_by(JobRow.submitted)
        with self._database.read() as session:
            rows = session.execute(due).all()
        if self._resubmit_after and rows:  # a queue that forgets nothing is simply asked each time
            ids = [row.id for row in rows]
            with self._database.write() as session:
                session.execute(update(JobRow).where(JobRow.id.in_(ids)).values(submitted=now))
        for row in rows:
            self._queue.submit(row.id, lengthy=row.lengthy)
