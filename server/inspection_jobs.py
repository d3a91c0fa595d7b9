"""Inspection of uploads as UWS jobs: joins the catalogue and the job library, which do not know each other."""

from collections.abc import Callable

from core.errors import ConflictError, NotFoundError
from server.worker import INSPECT
from uws import JobService, Phase

__all__ = ["UwsInspectionJobs"]


class UwsInspectionJobs:
    """The jobs that look into files, for ``products.uploads``."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        """Make a job that waits to be run, and give its id."""
        parameters = {"product": str(product_id), "publish": "1" if publish else "0"}
        return self._jobs.create(INSPECT, parameters, owner=owner, run=False).id

    def run(self, job_id: str, owner: str) -> None:
        """Let a job run; one that the sweep started already is left alone."""
        try:
            self._jobs.run(job_id, owner=owner)
        except ConflictError:
            if self._jobs.get(job_id, owner=owner).phase is Phase.PENDING:
                raise

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        """Wait until a job has ended, or so many seconds."""
        self._jobs.wait(job_id, owner=owner, seconds=seconds)

    def settle(self, product_id: int, job_id: str, owner: str, fail: Callable[[int, str, str], None]) -> None:
        """Mend a product that says its file is being read although its job never began, or has ended.

        Parameters
        ----------
        fail
            Called with product, job and a sentence when the job has ended without findings.
        """
        try:
            phase = self._jobs.get(job_id, owner=owner).phase
        except NotFoundError:
            fail(product_id, job_id, "Reading the file was interrupted; start it again.")
            return
        if phase is Phase.PENDING:
            self.run(job_id, owner)
        elif phase.ended:
            fail(product_id, job_id, "Reading the file was interrupted; start it again.")
