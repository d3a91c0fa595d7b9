"""Between runs and what the database stores of them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from pipelines.known import PIPELINES
from pipelines.models import Run, RunRequest
from pipelines.schema import PipelineRunRow
from products.access import readable
from products.schema import ProductRow
from uws import Job, Phase

__all__ = ["find_run", "list_runs", "run_of_row", "runs_of_products"]


def find_run(session: Session, identity: Identity, number: int) -> PipelineRunRow | None:
    """Find a run whose product the identity may read."""
    return session.scalar(_readable(identity).where(PipelineRunRow.id == number))


def list_runs(session: Session, identity: Identity, conditions: Sequence[ColumnElement[bool]]) -> list[PipelineRunRow]:
    """List the runs whose products the identity may read, newest first."""
    statement = _readable(identity).where(*conditions).order_by(PipelineRunRow.created.desc(), PipelineRunRow.id.desc())
    return list(session.scalars(statement))


def runs_of_products(session: Session, product_ids: Sequence[int]) -> list[PipelineRunRow]:
    """List the runs that made some products, which the caller may read."""
    return list(session.scalars(select(PipelineRunRow).where(PipelineRunRow.product_id.in_(product_ids))))


def run_of_row(row: PipelineRunRow, job: Job | None) -> Run:
    """Give the value of a stored run; while it is active, its job knows how far it is."""
    phase, error, started, ended = Phase(row.phase), row.error, row.started, row.ended
    if job is not None and not phase.ended:
        phase, error, started, ended = job.phase, job.error, job.started, job.ended
    return Run(
        id=row.id,
        pipeline=PIPELINES[row.pipeline],
        version=row.version,
        display_name=row.display_name,
        owner_id=row.owner_id,
        owner=row.owner.name,
        product_id=row.product_id,
        job_id=row.job_id,
        release_id=row.release_id,
        inputs=tuple(row.inputs),
        settings=RunRequest.model_validate(row.settings),
        phase=phase,
        error=error,
        progress=1.0 if phase is Phase.COMPLETED else job.progress if job else 0.0,
        message=job.message if job and not phase.ended else "",
        created=row.created,
        started=started,
        ended=ended,
    )


def _readable(identity: Identity) -> Select[PipelineRunRow]:
    return select(PipelineRunRow).join(ProductRow, ProductRow.id == PipelineRunRow.product_id).where(readable(identity))
