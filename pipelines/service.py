"""`PipelineService`: submit, list and stop runs of pipelines."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import InvalidValueError, NotFoundError, PhotozError
from pipelines.definitions import PIPELINES
from pipelines.models import AnyPipeline, Run, RunRequest
from pipelines.runs.checks import CheckedRun, RunChecker
from pipelines.runs.completion import RunCompletion
from pipelines.runs.description import description_of, name_of
from pipelines.runs.requests import job_parameters
from pipelines.schema import PipelineRunRow
from pipelines.storage import RunQuery, find_run, list_runs, run_of_row, runs_of_products
from products.access import require_change
from products.lifecycle.job_products import JobProductService
from products.models import ProductStatus, Visibility
from products.product_types import product_type_by_name
from products.schema import ProductRow
from products.service import NewProduct, ProductService
from uws import Job, JobPhaseError, JobService, Phase, UnknownJobError, scope_of_request

__all__ = ["PipelineService"]

#: Age after which a run without a queued job is considered interrupted during submission.
_UNQUEUED = timedelta(minutes=2)
_GONE = "The job of this run is gone; run the pipeline again."
_NEVER_QUEUED = "This run was never queued; run the pipeline again."
_ACTIVE = [phase.value for phase in (Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.HELD, Phase.SUSPENDED)]


class PipelineService:
    """Service for runs of pipelines.

    Parameters
    ----------
    checker
        Checks requests before they are queued.
    results
        Service for the products of runs.
    definitions
        The pipelines that can be run, by name.
    clock
        Returns the current time, by which a run that was never queued is ended.
    """

    def __init__(
        self,
        database: Database,
        jobs: JobService,
        products: ProductService,
        results: JobProductService,
        checker: RunChecker,
        completion: RunCompletion,
        definitions: Mapping[str, AnyPipeline] = PIPELINES,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._products = products
        self._results = results
        self._completion = completion
        self.checker = checker
        self.definitions = definitions
        self._clock = clock

    def submit(self, identity: Identity, pipeline: AnyPipeline, request: RunRequest) -> Run:
        """Check a request, create its product, and queue its job.

        Raises
        ------
        InvalidValueError
            Names the parameter that is not valid.
        """
        identity.require(Scope.WRITE)
        checked = self.checker.check(identity, pipeline, request)
        parameters = job_parameters(checked.request) | scope_of_request(identity)
        job = self._jobs.create(pipeline.name, parameters, owner=identity.name, run=False)
        return self._start(identity, checked, job)

    def start(self, identity: Identity, pipeline: AnyPipeline, request: RunRequest, job: Job) -> Run:
        """Check a request with an existing PENDING job, create its product, and queue the job."""
        identity.require(Scope.WRITE)
        return self._start(identity, self.checker.check(identity, pipeline, request), job)

    def get(self, identity: Identity, number: int) -> Run:
        """Return a run whose product the identity can read, or raise NotFoundError."""
        with self._database.read() as session:
            row = find_run(session, identity, number)
        if row is None:
            raise NotFoundError(f"There is no run with the number {number}.")
        return self._run(row)

    def list(self, identity: Identity, query: RunQuery) -> tuple[Run, ...]:
        """Return the runs whose products the identity can read."""
        with self._database.read() as session:
            rows = list_runs(session, identity, query)
        return tuple(self._run(row) for row in rows)

    def of_products(self, product_ids: Sequence[int]) -> dict[int, Run]:
        """Return the runs that made given products by product id; the caller must be allowed to read them."""
        with self._database.read() as session:
            rows = runs_of_products(session, product_ids)
        return {row.product_id: self._run(row) for row in rows}

    def of_job(self, job_id: str) -> Run | None:
        """Return the run of a job that the caller may see, unless it was never run or its product is deleted."""
        with self._database.read() as session:
            row = session.scalar(
                select(PipelineRunRow)
                .join(ProductRow, ProductRow.id == PipelineRunRow.product_id)
                .where(PipelineRunRow.job_id == job_id, ProductRow.status != ProductStatus.DELETED)
            )
        return None if row is None else self._run(row)

    def stop(self, identity: Identity, number: int) -> Run:
        """Abort a run; a finished run does not change.

        Raises
        ------
        PermissionDeniedError
            The product belongs to another user.
        """
        run = self.get(identity, number)
        require_change(identity, self._products.get(identity, run.product_id))
        with contextlib.suppress(JobPhaseError, UnknownJobError):
            self._jobs.abort(run.job_id, owner=run.owner)
        return self.get(identity, number)

    def log(self, identity: Identity, number: int) -> tuple[str, ...]:
        """Return the log lines of a run, as long as its job exists."""
        run = self.get(identity, number)
        try:
            lines = self._jobs.log(run.job_id, owner=run.owner)
        except UnknownJobError:
            return ()
        return tuple(f"{line.time:%Y-%m-%d %H:%M:%S} {line.text}" for line in lines)

    def reconcile(self) -> None:
        """Store the final state of runs whose jobs ended, were destroyed, or were never queued."""
        unqueued = self._clock() - _UNQUEUED
        with self._database.read() as session:
            rows = list(session.scalars(select(PipelineRunRow).where(PipelineRunRow.phase.in_(_ACTIVE))))
            orphans = list(
                session.scalars(
                    select(ProductRow.id)
                    .outerjoin(PipelineRunRow, PipelineRunRow.product_id == ProductRow.id)
                    .where(ProductRow.status == ProductStatus.PROCESSING, PipelineRunRow.id.is_(None))
                    .where(ProductRow.inspection_job.is_(None), ProductRow.updated_at < unqueued)
                )
            )
        for product_id in orphans:
            self._results.fail(product_id, _NEVER_QUEUED)
        for row in rows:
            job = self._job(row)
            if job is None:
                self._completion.end_without_job(row.id, row.product_id, _GONE)
            elif job.phase.ended:
                self._completion.ended(job)
            elif job.phase is Phase.PENDING and row.created < unqueued:
                self._completion.end_without_job(row.id, row.product_id, _NEVER_QUEUED)

    def _start(self, identity: Identity, checked: CheckedRun, job: Job) -> Run:
        self._require_open(checked.pipeline.further_type)
        new = self._new_product(checked)
        product = self._products.create(identity, new, made_by=checked.pipeline.display_name)
        now = utc_now()
        row = PipelineRunRow(
            pipeline=checked.pipeline.name,
            version=checked.pipeline.version,
            display_name=product.display_name,
            owner_id=product.owner_id,
            product_id=product.id,
            job_id=job.id,
            release_id=None if checked.inputs.release is None else checked.inputs.release.id,
            inputs=[each.product.id for each in checked.inputs.all if each.product is not None],
            settings=checked.request.model_dump(mode="json"),
            phase=Phase.PENDING.value,
            created=now,
        )
        try:
            with self._database.write() as session:
                session.add(row)
                session.flush()
                number = row.id
            self._jobs.run(job.id, owner=identity.name)
        except IntegrityError as error:
            self._results.discard(product.id)
            raise JobPhaseError("This job was run before.") from error
        except PhotozError:
            self._results.discard(product.id)
            with self._database.write() as session:
                session.execute(delete(PipelineRunRow).where(PipelineRunRow.id == number))
            raise
        return self.get(identity, number)

    def _require_open(self, further_type: str | None) -> None:
        """Raise InvalidValueError if no products are made of the type of what a run makes beside its result."""
        kind = next((each for each in self._products.types() if each.name == further_type), None)
        if kind is not None and not kind.is_open:
            raise InvalidValueError(
                f"The run makes a product of the type '{kind.display_name}' as well, and no new ones are made here."
            )

    def _new_product(self, checked: CheckedRun) -> NewProduct:
        kind, request = product_type_by_name(checked.pipeline.product_type), checked.request
        wanted, release = request.visibility or Visibility.REGISTERED, checked.inputs.release
        return NewProduct(
            display_name=name_of(checked)[:255],
            product_type=kind.id,
            release=release.id if release is not None and kind.has_release else None,
            description=description_of(checked),
            visibility=Visibility.PRIVATE if checked.must_be_private else wanted,
        )

    def _run(self, row: PipelineRunRow) -> Run:
        job = None if Phase(row.phase).ended else self._job(row)
        if job is not None and job.phase.ended:
            # The product must be final when a client sees that the run ended; the worker may not have stored it yet.
            self._completion.ended(job)
        return run_of_row(row, job, self.definitions)

    def _job(self, row: PipelineRunRow) -> Job | None:
        try:
            return self._jobs.get(row.job_id, owner=row.owner.name, kind=self.definitions[row.pipeline].name)
        except UnknownJobError:
            return None
