"""The seam between jobs and what runs them: worker processes of this machine, or a broker."""

from typing import Protocol, runtime_checkable

from uws.changes import JobChanges

__all__ = ["AnnouncingQueue", "JobQueue"]


class JobQueue(Protocol):
    """Brings the ids of QUEUED jobs to runners. It may lose them: the sweep hands them in again."""

    def submit(self, job_id: str, *, lengthy: bool = False) -> None:
        """Take a QUEUED job; one that is known already is not taken twice. Lengthy ones let the others pass."""

    def cancel(self, job_id: str) -> None:
        """Forget a job that was aborted; when it runs, stop its work at once."""

    def start(self) -> None:
        """Begin to run jobs."""

    def close(self) -> None:
        """Stop within seconds."""


@runtime_checkable
class AnnouncingQueue(Protocol):
    """A queue that knows at once when one of its jobs changed, so that nobody needs to ask again and again."""

    @property
    def changes(self) -> JobChanges:
        """Where the changes are announced."""
