"""What is stored of a run when its job has ended, in whichever process that is noticed."""

from sqlalchemy import select, update

from core.database import Database, utc_now
from pipelines.schema import PipelineRunRow
from products.lifecycle.job_products import ResultProducts
from uws import Job, Phase

__all__ = ["RunEndings"]


class RunEndings:
    """Store the ends of runs, and let the products fail that they did not make."""

    def __init__(self, database: Database, results: ResultProducts) -> None:
        self._database = database
        self._results = results

    def ended(self, job: Job) -> None:
        """Store the end of the run of a job; may be called twice."""
        sentence, chosen = _sentence(job), PipelineRunRow.job_id == job.id
        with self._database.read() as session:
            product_id = session.scalar(select(PipelineRunRow.product_id).where(chosen))
        # The product comes first: whoever learns that the run has ended finds its product so, too.
        if product_id is not None and sentence is not None:
            self._results.fail(product_id, sentence)
        with self._database.write() as session:
            session.execute(
                update(PipelineRunRow)
                .where(chosen)
                .values(phase=job.phase.value, error=sentence, started=job.started, ended=job.ended or utc_now())
            )

    def end_without_job(self, run_id: int, product_id: int, sentence: str) -> None:
        """Store that a run ended whose job tells nothing."""
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
