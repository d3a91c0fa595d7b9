"""Universal Worker Service (UWS 1.1): jobs, their phases, queues and workers, for any service that has kinds of job."""

from uws.errors import JobCancelled, JobPhaseError, JobStorageLimitError, TooManyJobsError, UnknownJobError
from uws.execution.process_queue import ProcessQueue
from uws.execution.runner import JobRunner
from uws.execution.standalone import poll_jobs
from uws.kinds import ClientWork, JobContext, JobKind
from uws.lifecycle.client_jobs import ClientJobs
from uws.lifecycle.fair_share import FairShare
from uws.models import (
    ACTIVE_PHASES,
    Job,
    JobEntry,
    JobFiles,
    JobLimits,
    JobLogLine,
    JobPage,
    JobResult,
    Phase,
    files_parameter,
    scope_of_request,
)
from uws.queues import JobNotifier, JobQueue, NotifyingQueue
from uws.service import JobService

__all__ = [
    "ACTIVE_PHASES",
    "ClientJobs",
    "ClientWork",
    "FairShare",
    "Job",
    "JobCancelled",
    "JobContext",
    "JobEntry",
    "JobFiles",
    "JobKind",
    "JobLimits",
    "JobLogLine",
    "JobNotifier",
    "JobPage",
    "JobPhaseError",
    "JobQueue",
    "JobResult",
    "JobRunner",
    "JobService",
    "JobStorageLimitError",
    "NotifyingQueue",
    "Phase",
    "ProcessQueue",
    "TooManyJobsError",
    "UnknownJobError",
    "files_parameter",
    "poll_jobs",
    "scope_of_request",
]
