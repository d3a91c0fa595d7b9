"""Inspection of uploads as UWS jobs: adapter between ``products`` and ``uws``, which do not import each other."""

from collections.abc import Callable

from core.errors import ConflictError, NotFoundError
from products.assembly import ProductServices
from uws import Job, JobContext, JobKind, JobService, Phase

__all__ = ["INSPECT", "UwsInspectionJobs", "inspection_kind"]

#: Name of the kind of job that inspects an uploaded file.
INSPECT = "inspect"


def inspection_kind(products: ProductServices, seconds: int) -> JobKind:
    """Return the kind of job that inspects the main file of a product."""

    def inspect(context: JobContext) -> None:
        products.inspector.run(
            int(context.parameters["product"]),
            context.job.id,
            publish=context.parameters["publish"] == "1",
            progress=context.progress,
            scratch=context.scratch,
        )

    def ended(job: Job) -> None:
        if job.phase is not Phase.COMPLETED:
            message = job.error or "Reading the file was stopped; start it again."
            products.housekeeping.fail_inspection(int(job.parameters["product"]), job.id, message)

    return JobKind(INSPECT, inspect, retry=True, seconds=seconds, on_end=ended, label="Inspection of an upload")


class UwsInspectionJobs:
    """Implementation of the inspection jobs of ``products.lifecycle.uploads`` on UWS.

    Parameters
    ----------
    jobs
        Returns the jobs of the server; called when a job is first needed.
    """

    def __init__(self, jobs: Callable[[], JobService]) -> None:
        self._make_jobs = jobs

    @property
    def _jobs(self) -> JobService:
        return self._make_jobs()

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        """Create a PENDING job, and return its id."""
        parameters = {"product": str(product_id), "publish": "1" if publish else "0"}
        return self._jobs.create(INSPECT, parameters, owner=owner, run=False).id

    def run(self, job_id: str, owner: str) -> None:
        """Run a job; one that runs already is left unchanged."""
        try:
            self._jobs.run(job_id, owner=owner)
        except ConflictError:
            if self._jobs.get(job_id, owner=owner).phase is Phase.PENDING:
                raise

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        """Wait until a job has ended, up to a time."""
        self._jobs.wait(job_id, owner=owner, seconds=seconds)

    def reconcile(self, product_id: int, job_id: str, owner: str, fail: Callable[[int, str, str], None]) -> None:
        """Correct a product in inspection whose job never started, or has ended.

        Parameters
        ----------
        fail
            Called with product, job and an error message when the job has ended without a result.
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
