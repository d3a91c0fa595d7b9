"""Job service: create, change, run, abort, delete and wait for jobs (UWS 1.1 §2.2).

The owner of a job is the name of a user. An anonymous job is open to everyone who knows its id, and in no list.
"""

import logging
import time
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select

from core.database import Database
from core.errors import InvalidValueError, PhotozError
from core.telemetry.logs import add_log_field
from uws.errors import JobPhaseError, UnknownJobError
from uws.kinds import JobKind
from uws.lifecycle.client_jobs import ClientJobs, start_client_job
from uws.lifecycle.destruction import JobDestruction
from uws.lifecycle.fair_share import FairShare, release_queued
from uws.lifecycle.new_jobs import new_job
from uws.lifecycle.recovery import JobRecovery
from uws.limits import (
    alterable_phases,
    altered_values,
    check_job_count,
    check_parameters,
    check_stored_bytes,
    lock_owner,
    usage_of,
)
from uws.models import Job, JobEntry, JobLimits, JobLogLine, JobPage, Phase
from uws.queues import JobNotifier, JobQueue, NotifyingQueue
from uws.schema import JobLogRow, JobRow
from uws.storage import alter_job, find_job, job_of_row, move_job, select_entries, select_jobs

__all__ = ["JobService"]

_RUNNABLE = frozenset({Phase.PENDING, Phase.HELD})
_LONGEST_WAIT = 300.0
_FIRST_POLL, _LAST_POLL, _NOTIFIED_POLL = 0.05, 1.0, 2.0

_log = logging.getLogger(__name__)


class JobService:
    """Operations on the jobs of all kinds.

    Parameters
    ----------
    kinds
        Kinds of job by their names.
    fair_share
        The fair-share queue in front of ``queue``; constructed here when it is not given.
    limits
        Limits of each user and each job.
    resubmit_after
        Time after which a QUEUED job is submitted to the queue again; zero for queues that ignore ids they hold.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        kinds: Mapping[str, JobKind],
        *,
        fair_share: FairShare | None = None,
        limits: JobLimits | None = None,
        resubmit_after: timedelta = timedelta(0),
    ) -> None:
        self._database = database
        self._queue = queue
        self.kinds = kinds
        self._limits = limits or JobLimits()
        self._notified = isinstance(queue, NotifyingQueue)
        self._notifier = queue.notifier if isinstance(queue, NotifyingQueue) else JobNotifier()
        fair_share, archive_for = fair_share or FairShare(database, queue), timedelta(days=self._limits.archive_days)
        self._destruction = JobDestruction(
            database, queue, kinds, self._notifier, fair_share, keep_archived=archive_for > timedelta(0)
        )
        self._client_jobs = ClientJobs(database, kinds, self._notifier)
        self._recovery = JobRecovery(
            database,
            queue,
            kinds,
            fair_share,
            self._destruction,
            self._client_jobs,
            resubmit_after=resubmit_after,
            archive_for=archive_for,
            anonymous_pending=self._limits.anonymous_pending,
        )

    @property
    def client_jobs(self) -> ClientJobs:
        """Transitions of the jobs whose work requests of clients do."""
        return self._client_jobs

    @property
    def notifier(self) -> JobNotifier:
        """Notifier of job changes."""
        return self._notifier

    @property
    def is_notified(self) -> bool:
        """Whether the notifier also learns of changes that running jobs make."""
        return self._notified

    @property
    def poll_seconds(self) -> float:
        """Seconds between polls of a request that waits for a change."""
        return _NOTIFIED_POLL if self._notified else _LAST_POLL

    def create(
        self,
        kind: str,
        parameters: Mapping[str, str],
        *,
        owner: str | None,
        run: bool = True,
        run_id: str | None = None,
        file_bytes: int = 0,
        caller: str = "",
    ) -> Job:
        """Create a job, and by default run it.

        Parameters
        ----------
        caller
            Key of the address of the request, by which anonymous jobs are counted.
        file_bytes
            Size of the files that came with the parameters.

        Raises
        ------
        InvalidValueError
            There is no such kind, or the parameters are too long.
        TooManyJobsError
            The owner has reached the limit of queued and running jobs, or else of PENDING ones.
        JobStorageLimitError
            The owner's jobs have reached their storage limit.
        """
        known = self.kinds.get(kind)
        if known is None:
            raise InvalidValueError(f"There is no kind of job '{kind}', only {', '.join(sorted(self.kinds))}.")
        check_parameters(parameters, self._limits)
        row = new_job(known, parameters, self._limits, owner=owner, run_id=run_id, file_bytes=file_bytes, caller=caller)
        if not run or known.begin is None:
            return self._add(row, run=run)
        pending = self._add(row, run=False)  # it may not need a worker, which its stored form decides
        try:
            return self.run(pending.id, owner=owner)
        except PhotozError:
            self._destruction.destroy(pending)
            raise

    def get(self, job_id: str, *, owner: str | None, kind: str | None = None) -> Job:
        """Return a job, of the given kind if there is one.

        Raises
        ------
        UnknownJobError
            The job does not exist, belongs to another user, or is of another kind.
        """
        with self._database.read() as session:
            job = find_job(session, job_id)
        if job is None or job.owner not in {None, owner} or kind not in {None, job.kind}:
            raise UnknownJobError(job_id)
        return job

    def list(
        self,
        owner: str | None,
        phases: Collection[Phase] = (),
        after: datetime | None = None,
        last: int | None = None,
        *,
        kind: str | None = None,
    ) -> tuple[JobEntry, ...]:
        """Return a user's jobs, oldest first; with ``last`` only that many of the newest, newest first.

        ARCHIVED jobs are returned only when ``phases`` names that phase. The list of an anonymous caller is empty.
        """
        if owner is None:
            return ()
        with self._database.read() as session:
            rows = session.execute(select_entries(owner, phases, after, last, kind))
            return tuple(JobEntry(row.id, row.owner, Phase(row.phase), row.run_id, row.created) for row in rows)

    def page(
        self,
        owner: str | None,
        *,
        kinds: Collection[str] = (),
        phases: Collection[Phase] = (),
        offset: int = 0,
        limit: int = 50,
    ) -> JobPage:
        """Return jobs of all kinds, or of some, the newest first.

        Parameters
        ----------
        owner
            Name of their owner; None for the jobs of all users, which administrators alone may see.
        """
        query = select_jobs(owner, kinds, phases)
        with self._database.read() as session:
            count = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
            rows = session.scalars(query.offset(offset).limit(limit))
            return JobPage(tuple(job_of_row(row) for row in rows), count)

    def find(self, job_id: str) -> Job:
        """Return a job of any user, for administrators; raise UnknownJobError when there is none."""
        with self._database.read() as session:
            job = find_job(session, job_id)
        if job is None:
            raise UnknownJobError(job_id)
        return job

    def log(self, job_id: str, *, owner: str | None) -> tuple[JobLogLine, ...]:
        """Return the lines of a job's log."""
        self.get(job_id, owner=owner)
        query = select(JobLogRow).where(JobLogRow.job_id == job_id).order_by(JobLogRow.id)
        with self._database.read() as session:
            return tuple(JobLogLine(row.time, row.text) for row in session.scalars(query))

    def change(
        self,
        job_id: str,
        *,
        owner: str | None,
        parameters: Mapping[str, str] | None = None,
        run_id: str | None = None,
        execution_duration: int | None = None,
        destruction: datetime | None = None,
        file_bytes: int = 0,
    ) -> Job:
        """Change what a client may change of a job; values beyond the limits are reduced to the limits.

        Parameters
        ----------
        parameters
            Added to the parameters of the job, replacing those of the same name; only while the job is PENDING.
        file_bytes
            Size of the files that came with the parameters.

        Raises
        ------
        JobPhaseError
            The phase of the job does not allow the change.
        JobStorageLimitError
            The owner's jobs have reached their storage limit.
        """
        owned = self.get(job_id, owner=owner)
        with self._database.write() as session:
            lock_owner(session, owned.owner, owned.caller)
            job = find_job(session, job_id)
            if job is None:
                raise UnknownJobError(job_id)
            values = altered_values(
                job,
                self._limits,
                parameters=parameters,
                run_id=run_id,
                execution_duration=execution_duration,
                destruction=destruction,
            )
            if values and not alter_job(session, job_id, alterable_phases(values), values, file_bytes):
                if values.keys() <= {"destruction"}:
                    raise JobPhaseError("The destruction time of an ARCHIVED job cannot be changed.")
                raise JobPhaseError("The parameters of a job can be changed only while it is PENDING.")
            if parameters:
                check_stored_bytes(usage_of(session, job.owner, job.caller).stored_bytes, self._limits)
        return self.get(job_id, owner=owner)

    def run(self, job_id: str, *, owner: str | None) -> Job:
        """Run a PENDING or HELD job.

        Raises
        ------
        JobPhaseError
            The job was run before.
        TooManyJobsError
            The owner has reached the limit of queued and running jobs.
        JobStorageLimitError
            The owner's jobs have reached their storage limit.
        """
        job = self.get(job_id, owner=owner)
        work = self._client_jobs.work_of(job) if job.phase in _RUNNABLE else None
        long_running, ready = self._is_long_running(job.kind), []
        with self._database.write() as session:
            lock_owner(session, job.owner, job.caller)
            usage = usage_of(session, job.owner, job.caller)
            if work is not None:
                is_run = start_client_job(session, job_id, _RUNNABLE, work)
            else:
                is_run = move_job(session, job_id, _RUNNABLE, Phase.QUEUED, submitted=None)
            if not is_run:
                raise JobPhaseError(f"Only a job that is PENDING can be run; this one is {job.phase}.")
            check_job_count(usage, self._limits, run=True)
            if work is None:
                ready = release_queued(session, job.owner, job.caller, long_running=long_running)
        for ready_id in ready:
            self._queue.submit(ready_id, long_running=long_running)
        if work is not None:
            self._client_jobs.end_at_once(job_id, work)
        self._notifier.notify(job_id)
        return self.get(job_id, owner=owner)

    def abort(self, job_id: str, *, owner: str | None) -> Job:
        """Abort a job; aborting it again has no effect.

        When this returns, work on this machine has stopped; work on another machine stops within seconds.

        Raises
        ------
        JobPhaseError
            The job has ended.
        """
        job = self.get(job_id, owner=owner)
        if self._destruction.abort(job):
            return self.get(job_id, owner=owner)
        job = self.get(job_id, owner=owner)
        if job.phase is not Phase.ABORTED:
            raise JobPhaseError(f"This job ended before it could be aborted: it is {job.phase}.")
        return job

    def delete(self, job_id: str, *, owner: str | None) -> None:
        """Remove a job with its results; one that has not ended is aborted first."""
        self._destruction.destroy(self.get(job_id, owner=owner))

    def wait(self, job_id: str, *, owner: str | None, seconds: float, phase: Phase | None = None) -> Job:
        """Wait until a job has ended, and return its state.

        Parameters
        ----------
        seconds
            Longest time to wait; negative for the longest wait of the service.
        phase
            Wait only while the job is in this phase. The ``WAIT`` of UWS 1.1 §2.2.1.1 without a phase means the
            present one.
        """
        deadline = time.monotonic() + (min(seconds, _LONGEST_WAIT) if seconds >= 0 else _LONGEST_WAIT)
        pause = _NOTIFIED_POLL if self._notified else _FIRST_POLL
        with self._notifier.subscribe(job_id) as changed:
            while True:
                changed.clear()
                job = self.get(job_id, owner=owner)
                left = deadline - time.monotonic()
                if job.phase.ended or phase not in {None, job.phase} or left <= 0:
                    return job
                changed.wait(min(left, pause))
                pause = max(pause, min(pause * 1.5, _LAST_POLL))

    def sweep(self) -> int:
        """Recover jobs of lost messages and dead processes, and archive old ones; return the number of jobs changed."""
        return self._recovery.run()

    def _add(self, row: JobRow, *, run: bool) -> Job:
        """Store a new job, PENDING or QUEUED."""
        row.phase = (Phase.QUEUED if run else Phase.PENDING).value
        with self._database.write() as session:
            lock_owner(session, row.owner, row.caller)
            check_job_count(usage_of(session, row.owner, row.caller), self._limits, run=run)
            session.add(row)
            session.flush()
            job = job_of_row(row)
            ready = release_queued(session, job.owner, job.caller, long_running=row.long_running) if run else []
        add_log_field("job_id", job.id)
        _log.info("job created", extra={"job_id": job.id, "job_kind": job.kind, "phase": job.phase})
        for job_id in ready:
            self._queue.submit(job_id, long_running=row.long_running)
        return job

    def _is_long_running(self, kind: str) -> bool:
        known = self.kinds.get(kind)
        return known is not None and known.long_running
