"""A job service that runs nothing, for what happens between the making of a job and its run."""

from collections.abc import Callable
from typing import Any, cast

from pipelines.challenges.files import ChallengeFiles
from pipelines.challenges.submissions import SubmissionService
from products.readers import ReadLimits
from tests.webui.api.challenges.conftest import Arena
from uws import Job, JobService

__all__ = ["HeldJobs", "submissions_with"]


class HeldJobs:
    """Jobs that are created and deleted by a job service, and never run.

    Parameters
    ----------
    meanwhile
        Called before a job is created.
    """

    def __init__(self, jobs: JobService, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._jobs = jobs
        self._meanwhile = meanwhile
        #: Identifiers of the jobs that were created.
        self.created: list[str] = []

    def create(self, kind: str, parameters: dict[str, str], **options: Any) -> Job:
        self._meanwhile()
        job = self._jobs.create(kind, parameters, **options)
        self.created.append(job.id)
        return job

    def run(self, job_id: str, *, owner: str | None) -> Job:
        return self._jobs.get(job_id, owner=owner)

    def delete(self, job_id: str, *, owner: str | None) -> None:
        self._jobs.delete(job_id, owner=owner)


def submissions_with(arena: Arena, jobs: HeldJobs) -> SubmissionService:
    """Return the service of submissions with another job service."""
    services = arena.app.services
    files = ChallengeFiles(services.database, services.store, ReadLimits(), arena.folder / "scratch")
    return SubmissionService(
        services.database, services.store, files, services.products.service, cast("JobService", jobs)
    )
