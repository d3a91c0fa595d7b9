"""What worker processes can do: the kinds of job of this server."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from core.auth.service import AccountService
from core.database import Database
from core.files import FileStore, FolderStore
from core.settings import Settings
from pipelines.checks import RunChecker
from pipelines.endings import RunEndings
from pipelines.known import PIPELINES
from pipelines.models import AnyPipeline
from products.files import ProductFiles
from products.housekeeping import Housekeeping
from products.inspector import Inspector
from products.quotas import QuotaRule
from products.results import ResultProducts
from products.service import ProductService
from server.input_nodes import SpaceInputs
from server.user_tables import table_catalog, table_kinds
from tap.result_files import QUERY_JOB, ResultFiles
from uws import Job, JobContext, JobKind, Phase
from uws.job_files import files_of_job
from vospace.space import VOSpace, build_vospace
from vospace.storage import stored_ids

if TYPE_CHECKING:
    from pipelines.jobs import PipelineJobs
    from tap.jobs import QueryJobs
    from tap.uploads import Uploads

__all__ = ["INSPECT", "file_store", "housekeeping", "job_kinds", "quota_rule", "result_files", "run_checker", "vospace"]

#: Name of the kind of job that looks into an uploaded file.
INSPECT = "inspect"


def file_store(settings: Settings) -> FileStore:
    """Give the store of the files that users sent."""
    if settings.files_url is not None:
        from core.object_store import ObjectStore

        return ObjectStore.at(
            settings.files_url, settings.staging_folder, settings.copies_folder, min_free=settings.min_free_bytes
        )
    return FolderStore(settings.files_folder, settings.staging_folder, min_free=settings.min_free_bytes)


def housekeeping(settings: Settings, database: Database) -> Housekeeping:
    """Give what removes the files that nothing refers to."""
    return Housekeeping(
        database,
        file_store(settings),
        settings.tables_folder,
        draft_days=settings.draft_days,
        deleted_days=settings.deleted_days,
        also_known=lambda: stored_ids(database),
    )


def result_files(settings: Settings) -> ResultFiles:
    """Give the results of queries that ran as jobs."""
    return ResultFiles(settings.results_folder, max_bytes=settings.max_result_bytes, min_free=settings.min_free_bytes)


def job_kinds(settings: Settings, definitions: Mapping[str, AnyPipeline] = PIPELINES) -> Mapping[str, JobKind]:
    """Give every kind of job by its name, with one for each pipeline."""
    database = Database(settings.sqlalchemy_url)
    kinds = (
        _inspections(settings, database),
        _queries(settings, database),
        *_pipelines(settings, database, definitions),
        *_nodes(settings, database),
        *table_kinds(settings, database),
    )
    return {kind.name: kind for kind in kinds}


def run_checker(settings: Settings, database: Database) -> RunChecker:
    """Give what checks runs of pipelines before they are queued, and again when they begin."""
    return RunChecker(ProductService(database), SpaceInputs(vospace(settings, database).nodes), settings.datasets)


def quota_rule(settings: Settings) -> QuotaRule:
    """Give what people may keep in products."""
    return QuotaRule(settings.user_quota_bytes or None, settings.max_product_files)


def vospace(settings: Settings, database: Database) -> VOSpace:
    """Give the VOSpace, for the server and for the jobs on its nodes."""
    store = file_store(settings)
    files = ProductFiles(database, store, max_bytes=settings.max_upload_bytes, quota=quota_rule(settings))
    return build_vospace(settings, database, store, files, AccountService(database).identity_of_user)


def _nodes(settings: Settings, database: Database) -> Iterator[JobKind]:
    yield from vospace(settings, database).jobs.kinds()


def _pipelines(settings: Settings, database: Database, definitions: Mapping[str, AnyPipeline]) -> Iterator[JobKind]:
    store = file_store(settings)
    results = ResultProducts(database, store, max_bytes=settings.max_result_bytes, quota=quota_rule(settings))
    endings = RunEndings(database, results)

    @cache
    def pipeline_jobs() -> "PipelineJobs":
        from pipelines.jobs import PipelineJobs

        checker = run_checker(settings, database)
        identity_of = AccountService(database).identity_of_user
        return PipelineJobs(settings, database, store, checker, results, identity_of, definitions)

    for name in definitions:
        yield JobKind(
            name,
            lambda context: pipeline_jobs().run(context),
            retry=True,
            seconds=settings.job_seconds,
            lengthy=True,
            on_end=endings.ended,
        )


def _inspections(settings: Settings, database: Database) -> JobKind:
    store, tables = file_store(settings), settings.tables_folder
    inspector = Inspector(database, store, tables, max_columns=settings.max_columns)
    keeper = housekeeping(settings, database)

    def inspect(context: JobContext) -> None:
        inspector.run(
            int(context.parameters["product"]),
            context.job.id,
            publish=context.parameters["publish"] == "1",
            progress=context.progress,
            scratch=context.scratch,
        )

    def ended(job: Job) -> None:
        if job.phase is not Phase.COMPLETED:
            message = job.error or "Reading the file was stopped; start it again."
            keeper.fail_inspection(int(job.parameters["product"]), job.id, message)

    return JobKind(INSPECT, inspect, retry=True, seconds=settings.job_seconds, on_end=ended)


def _queries(settings: Settings, database: Database) -> JobKind:
    results = result_files(settings)

    @cache
    def query_jobs() -> "QueryJobs":
        # Imported and made when the first query runs: commands, and workers with other jobs, do without.
        from tap.jobs import QueryJobs

        catalog = table_catalog(settings, database)
        return QueryJobs(settings, catalog, results, AccountService(database).identity_of_user, uploads())

    @cache
    def uploads() -> "Uploads":
        from server.table_sources import query_uploads

        return query_uploads(settings, database)

    def ended(job: Job) -> None:
        if files := files_of_job(job):
            uploads().remove(files.values())
        if job.phase is not Phase.COMPLETED:
            results.delete(job.id)

    def destroyed(job: Job) -> None:
        if files := files_of_job(job):
            uploads().remove(files.values())
        results.delete(job.id)

    return JobKind(
        QUERY_JOB,
        lambda context: query_jobs().run(context),
        retry=True,
        seconds=settings.query_async_seconds,
        on_end=ended,
        on_destroy=destroyed,
    )
