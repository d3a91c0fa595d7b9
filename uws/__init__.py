"""Universal Worker Service 1.1: jobs, phases, queue, runner. Other packages give it kinds of job."""

from uws.errors import JobCancelled, JobPhaseError, JobSpaceError, TooManyJobsError, UnknownJobError
from uws.execution.process_queue import ProcessQueue
from uws.execution.runner import JobRunner
from uws.execution.standalone import run_forever
from uws.kinds import JobContext, JobKind
from uws.models import ACTIVE_PHASES, Job, JobEntry, JobLimits, JobLogLine, JobResult, Phase
from uws.queues import AnnouncingQueue, JobQueue
from uws.service import JobService

__all__ = [
    "ACTIVE_PHASES",
    "AnnouncingQueue",
    "Job",
    "JobCancelled",
    "JobContext",
    "JobEntry",
    "JobKind",
    "JobLimits",
    "JobLogLine",
    "JobPhaseError",
    "JobQueue",
    "JobResult",
    "JobRunner",
    "JobService",
    "JobSpaceError",
    "Phase",
    "ProcessQueue",
    "TooManyJobsError",
    "UnknownJobError",
    "run_forever",
]
