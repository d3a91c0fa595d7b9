"""Job runner: claim a job, call the function of its kind, store the final phase.

The runner works in any process that receives the id of a job. Another thread or process renews the lease meanwhile
(``uws.execution.lease_renewal``).
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from core.errors import PhotozError, is_out_of_memory
from core.telemetry.logs import log_fields
from core.telemetry.traces import OpenSpan, span
from uws.errors import JobCancelled
from uws.execution.memory_limit import limited_address_space
from uws.kinds import JobContext, JobKind
from uws.leases import Lease
from uws.lifecycle.completion import JobCompletion
from uws.models import Job
from uws.storage import claim_job

__all__ = ["JobRunner", "RunnerEvent"]

_STORE_SECONDS = 20.0

_logger = logging.getLogger(__name__)


class RunnerEvent(StrEnum):
    """Events that a runner reports while it runs a job."""

    EXECUTING = "executing"
    PROGRESS = "progress"
    ENDED = "ended"


class JobRunner:
    """Runner of jobs, one at a time.

    Parameters
    ----------
    owner
        Owner of the leases: the process that is responsible for the jobs.
    scratch
        Folder in which the private folder of each job is created.
    memory_bytes
        Address space that a job may use; None for no limit.
    stored_bytes
        Storage limit of all jobs of one user; None for no limit.
    notify
        Called at each event of a job.
    """

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, JobKind],
        *,
        owner: str,
        scratch: Path,
        memory_bytes: int | None = None,
        stored_bytes: int | None = None,
        notify: Callable[[RunnerEvent, Job, Lease], None] = lambda _event, _job, _lease: None,
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._completion = JobCompletion(database, kinds.get, stored_bytes=stored_bytes)
        self._owner = owner
        self._scratch = scratch
        self._memory_bytes = memory_bytes
        self._stored_bytes = stored_bytes
        self._notify = notify
        self.strained = False

    def run(self, job_id: str) -> bool:
        """Run a job to its end; return whether it could be claimed.

        Afterwards ``strained`` is true when the job may have damaged this process, which should run no further one.
        """
        with self._database.write() as session:
            claimed = claim_job(session, job_id, self._owner)
        if claimed is None:
            return False
        job = claimed[0]
        of_job = {"photoz.job_id": job_id, "photoz.job_kind": job.kind, "enduser.id": job.owner}
        with (
            log_fields(lambda: {"job_id": job_id, "job_kind": job.kind, "user": job.owner}),
            span(f"job {job.kind}", of_job) as traced,
        ):
            self._run(*claimed, traced)
        return True

    def _run(self, job: Job, lease: Lease, traced: OpenSpan) -> None:
        started = time.monotonic()
        _logger.info("job started", extra={"attempt": lease.attempt})
        self._notify(RunnerEvent.EXECUTING, job, lease)
        folder = self._scratch / f"{job.id}-{lease.attempt}"
        context = JobContext(
            self._database,
            job,
            lease,
            folder,
            lambda: self._notify(RunnerEvent.PROGRESS, job, lease),
            stored_bytes=self._stored_bytes,
        )
        try:
            error = self._call(job, context, folder)
        except JobCancelled:
            traced.fail("cancelled")
            _logger.info("job cancelled", extra={"seconds": round(time.monotonic() - started, 3)})
            return
        ended = self._store(job, lease, context, error)
        if error is not None:
            traced.fail("error")
        _logger.info(
            "job ended",
            extra={"phase": ended and ended.phase, "error": error, "seconds": round(time.monotonic() - started, 3)},
        )
        self._notify(RunnerEvent.ENDED, job, lease)
        if ended is not None:
            self._completion.notify_end(ended)

    def _call(self, job: Job, context: JobContext, folder: Path) -> str | None:
        """Call the function of the kind; return the error message when it failed."""
        kind = self._kinds.get(job.kind)
        if kind is None:
            return f"This server cannot run jobs of the kind '{job.kind}'."
        outer, tempfile.tempdir = tempfile.tempdir, str(folder)  # temporary files of libraries go there
        try:
            folder.mkdir(parents=True)
            with limited_address_space(self._memory_bytes):
                kind.run(context)
        except PhotozError as e:
            return e.message
        except (Exception, SystemExit) as e:
            self.strained = True
            if is_out_of_memory(e):
                _logger.warning(
                    "job %s is out of memory", job.id, extra={"job_id": job.id, "kind": job.kind}, exc_info=True
                )
                limit = "" if self._memory_bytes is None else f" the {self._memory_bytes / 1e9:.3g} GB that"
                return f"This job needed more memory than{limit} it may use. Try it with fewer data."
            _logger.exception("job %s failed", job.id, extra={"job_id": job.id, "kind": job.kind})
            return f"An internal error stopped this job; its id is {job.id}."
        finally:
            context.close()
            tempfile.tempdir = outer
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def _store(self, job: Job, lease: Lease, context: JobContext, error: str | None) -> Job | None:
        """Store the final phase; try again while the database is unavailable, so that the work is not lost."""
        deadline = time.monotonic() + _STORE_SECONDS
        while True:
            try:
                if error is None:
                    return self._completion.complete(job, lease, context.results)
                return self._completion.fail(job, lease, error)
            except SQLAlchemyError:
                if time.monotonic() > deadline:
                    raise
                _logger.warning(
                    "the end of job %s could not be stored yet", job.id, extra={"job_id": job.id}, exc_info=True
                )
                time.sleep(0.5)
