"""Errors of jobs. The job service raises them, and each router renders them in its own protocol."""

from core.errors import ConflictError, NotFoundError, ServiceBusyError, StorageFullError

__all__ = ["JobCancelled", "JobPhaseError", "JobStorageLimitError", "TooManyJobsError", "UnknownJobError"]


class UnknownJobError(NotFoundError):
    """The job does not exist, or belongs to another user; the message is the same in both cases."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job '{job_id[:100]}', or it is not yours.", field="job")


class JobPhaseError(ConflictError):
    """The phase of the job does not allow the operation."""


class TooManyJobsError(ServiceBusyError):
    """The caller has reached the limit of PENDING jobs, or of QUEUED and EXECUTING ones."""

    code = "TooManyJobs"
    status = 429


class JobStorageLimitError(StorageFullError):
    """The jobs of the caller have reached their storage limit."""

    code = "JobSpace"


class JobCancelled(BaseException):
    """The job was aborted, or given to another worker, while its function ran.

    The methods of ``JobContext`` raise it. It is no ``Exception``, so a function that handles errors does not go on
    with a job that has ended.
    """
