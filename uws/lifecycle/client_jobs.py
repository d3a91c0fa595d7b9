"""Jobs whose work requests of clients do: EXECUTING without a worker, under a lease that those requests renew.

The lease has a deadline, so that no job stays EXECUTING when its clients vanish or the server is killed: the recovery
of jobs ends it then.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from core.database import Database, utc_now
from core.errors import PhotozError
from uws.kinds import EXPIRED, ClientWork, JobKind
from uws.leases import CLIENT_OWNER, Lease
from uws.lifecycle.completion import JobCompletion
from uws.models import Job, Phase
from uws.queues import JobNotifier
from uws.schema import JobRow
from uws.storage import job_of_row, move_job, results_value

__all__ = ["ClientJobs", "start_client_job"]

#: Deadline of a job that ends at once, in case the process dies in between.
_AT_ONCE_SECONDS = 30.0


def start_client_job(session: Session, job_id: str, sources: Collection[Phase], work: ClientWork | PhotozError) -> bool:
    """Store EXECUTING under the lease of clients if a job is in one of these phases; return whether it was."""
    begun = ClientWork((), 0.0) if isinstance(work, PhotozError) else work
    now = utc_now()
    return move_job(
        session,
        job_id,
        sources,
        Phase.EXECUTING,
        started=now,
        attempts=JobRow.attempts + 1,
        lease_owner=CLIENT_OWNER,
        lease_until=now + timedelta(seconds=begun.seconds or _AT_ONCE_SECONDS),
        results=results_value(begun.results),
    )


class ClientJobs:
    """Transitions of the jobs whose work requests of clients do."""

    def __init__(self, database: Database, kinds: Mapping[str, JobKind], notifier: JobNotifier) -> None:
        self._database = database
        self._kinds = kinds
        self._completion = JobCompletion(database, kinds.get)
        self._notifier = notifier

    def work_of(self, job: Job) -> ClientWork | PhotozError | None:
        """Return what clients have to do for a job, or why the job fails; None when a worker runs it."""
        kind = self._kinds.get(job.kind)
        if kind is None or kind.begin is None:
            return None
        try:
            return kind.begin(job)
        except PhotozError as e:
            return e

    def end_at_once(self, job_id: str, work: ClientWork | PhotozError) -> None:
        """End a job that fails or has nothing left to do, after it became EXECUTING."""
        if isinstance(work, PhotozError):
            self.fail(job_id, work.message)
        elif not work.seconds:
            self.complete(job_id)

    def renew(self, job_id: str, seconds: float) -> bool:
        """Postpone the deadline of a job, within its execution duration; return whether it is still EXECUTING."""
        now = utc_now()
        with self._database.write() as session:
            row = session.get(JobRow, job_id)
            if row is None or row.started is None:
                return False
            until = now + timedelta(seconds=seconds)
            if row.execution_duration:
                until = min(until, row.started + timedelta(seconds=row.execution_duration))
            if row.lease_until is not None:
                until = max(until, row.lease_until)
            statement = update(JobRow).where(
                JobRow.id == job_id,
                JobRow.phase == Phase.EXECUTING.value,
                JobRow.lease_owner == CLIENT_OWNER,
                JobRow.lease_until > now,
            )
            result = session.execute(statement.values(lease_until=until).execution_options(synchronize_session=False))
            return isinstance(result, CursorResult) and result.rowcount == 1

    def complete(self, job_id: str) -> bool:
        """Store COMPLETED with the results that the job has; return whether it was EXECUTING."""
        return self._end(job_id, None)

    def fail(self, job_id: str, error: str) -> bool:
        """Store ERROR with a message; return whether the job was EXECUTING."""
        return self._end(job_id, error)

    def expire(self, job: Job) -> None:
        """Store ERROR for a job whose deadline is over, with the message of its kind."""
        kind = self._kinds.get(job.kind)
        self.fail(job.id, EXPIRED if kind is None else kind.expired)

    def _end(self, job_id: str, error: str | None) -> bool:
        with self._database.read() as session:
            row = session.get(JobRow, job_id)
            if row is None or row.lease_owner != CLIENT_OWNER:
                return False
            job, lease = job_of_row(row), Lease(CLIENT_OWNER, row.attempts)
        if error is None:
            ended = self._completion.complete(job, lease, job.results)
        else:
            ended = self._completion.fail(job, lease, error)
        if ended is None:
            return False
        self._completion.notify_end(ended)
        self._notifier.notify(job_id)
        return True
