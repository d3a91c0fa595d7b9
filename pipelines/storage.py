"""Queries on the rows of runs, and the conversion of rows to runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from pipelines.models import AnyPipeline, Run, RunRequest
from pipelines.schema import PipelineRunRow
from products.access import readable
from products.schema import ProductRow
from uws import Job, Phase

__all__ = ["RunQuery", "find_run", "list_runs", "run_of_row", "runs_of_products"]


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Conditions and order of a list of runs."""

    numbers: tuple[int, ...] = ()
    pipelines: tuple[str, ...] | None = None
    releases: tuple[int, ...] = ()
    without_release: bool | None = None
    products: tuple[int, ...] = ()
    owners: tuple[int, ...] = ()
    oldest_first: bool = False
    limit: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on rows."""
        choices = (
            (PipelineRunRow.id, self.numbers),
            (PipelineRunRow.release_id, self.releases),
            (PipelineRunRow.product_id, self.products),
            (PipelineRunRow.owner_id, self.owners),
        )
        found: list[ColumnElement[bool]] = [column.in_(values) for column, values in choices if values]
        if self.pipelines is not None:
            found.append(PipelineRunRow.pipeline.in_(self.pipelines))
        if self.without_release is not None:
            found.append(PipelineRunRow.release_id.is_(None) == self.without_release)
        return found


def find_run(session: Session, identity: Identity, number: int) -> PipelineRunRow | None:
    """Return a run whose product the identity can read."""
    return session.scalar(_readable(identity).where(PipelineRunRow.id == number))


def list_runs(session: Session, identity: Identity, query: RunQuery) -> list[PipelineRunRow]:
    """Return the runs whose products the identity can read, newest first by default."""
    order = PipelineRunRow.id if query.oldest_first else PipelineRunRow.id.desc()
    return list(session.scalars(_readable(identity).where(*query.conditions()).order_by(order).limit(query.limit)))


def runs_of_products(session: Session, product_ids: Sequence[int]) -> list[PipelineRunRow]:
    """Return the runs that made given products; the caller must be allowed to read them."""
    return list(session.scalars(select(PipelineRunRow).where(PipelineRunRow.product_id.in_(product_ids))))


def run_of_row(row: PipelineRunRow, job: Job | None, definitions: Mapping[str, AnyPipeline]) -> Run:
    """Convert a row to a run; phase and progress of an active run come from its job."""
    phase, error, started, ended = Phase(row.phase), row.error, row.started, row.ended
    if job is not None and not phase.ended:
        phase, error, started, ended = job.phase, job.error, job.started, job.ended
    return Run(
        id=row.id,
        pipeline=definitions[row.pipeline],
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
