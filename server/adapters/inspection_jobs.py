"""Inspection of uploads as UWS jobs: joins the catalogue and the job library, which do not know each other."""

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

    return JobKind(INSPECT, inspect, retry=True, seconds=seconds, on_end=ended)


class UwsInspectionJobs:
    """Inspection jobs, for ``products.lifecycle.uploads``.

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
