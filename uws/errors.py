"""Errors of jobs; services of jobs raise them, each router dresses them."""

from core.errors import ConflictError, NotFoundError, ServiceBusyError, StorageFullError

__all__ = ["JobCancelled", "JobPhaseError", "JobStorageLimitError", "TooManyJobsError", "UnknownJobError"]


class UnknownJobError(NotFoundError):
    """There is no such job, or it is another's: the words are the same."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job '{job_id[:100]}', or it is not yours.", field="job")


class JobPhaseError(ConflictError):
    """The job is in a phase in which this cannot be done."""


class TooManyJobsError(ServiceBusyError):
    """The caller has as many jobs waiting, or queued and running, as the service allows."""

    code = "TooManyJobs"
    status = 429


class JobStorageLimitError(StorageFullError):
    """The results of the caller's jobs take as much room as the service allows."""

    code = "JobSpace"


class JobCancelled(BaseException):
    """The job was aborted or taken away while its function ran.

    It is raised by the methods of ``JobContext`` and passes ``except Exception``, so that a function which mends
    errors does not go on with a job that is over.
    """
