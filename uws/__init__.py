"""Universal Worker Service 1.1: jobs, phases, queue, runner. Other packages give it kinds of job."""

from uws.context import JobContext
from uws.errors import JobCancelled, JobPhaseError, JobSpaceError, TooManyJobsError, UnknownJobError
from uws.kinds import JobKind
from uws.models import ACTIVE_PHASES, Job, JobEntry, JobLimits, JobLogLine, JobResult, Phase
from uws.process_queue import ProcessQueue
from uws.queues import AnnouncingQueue, JobQueue
from uws.runner import JobRunner
from uws.service import JobService
from uws.standing import run_forever

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
