"""Storage of the final state of runs, by the process that notices the end of a job."""

from sqlalchemy import select, update

from core.database import Database, utc_now
from pipelines.schema import PipelineRunRow
from products.lifecycle.job_products import JobProductService
from uws import Job, Phase

__all__ = ["RunCompletion"]


class RunCompletion:
    """Service that stores the final phase of runs, and marks the products of failed runs as failed."""

    def __init__(self, database: Database, results: JobProductService) -> None:
        self._database = database
        self._results = results

    def ended(self, job: Job) -> None:
        """Store the final phase of the run of a job; idempotent."""
        sentence, chosen = _sentence(job), PipelineRunRow.job_id == job.id
        with self._database.read() as session:
            product_id = session.scalar(select(PipelineRunRow.product_id).where(chosen))
        # The product comes first, so that a client that sees the final phase sees the final product as well.
        if product_id is not None and sentence is not None:
            self._results.fail(product_id, sentence)
        with self._database.write() as session:
            session.execute(
                update(PipelineRunRow)
                .where(chosen)
                .values(phase=job.phase.value, error=sentence, started=job.started, ended=job.ended or utc_now())
            )

    def end_without_job(self, run_id: int, product_id: int, sentence: str) -> None:
        """Store an error for a run whose job is unknown."""
        self._results.fail(product_id, sentence)
        with self._database.write() as session:
            session.execute(
                update(PipelineRunRow)
                .where(PipelineRunRow.id == run_id)
                .values(phase=Phase.ERROR.value, error=sentence, ended=utc_now())
            )


def _sentence(job: Job) -> str | None:
    if job.phase is Phase.COMPLETED:
        return None
    return job.error or ("The run was aborted." if job.phase is Phase.ABORTED else "The run failed.")
