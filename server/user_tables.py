"""The tables of users, put together from the settings for the server and for its workers."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from core.auth.models import ANONYMOUS
from core.auth.service import AccountService
from core.database import Database
from core.files import FileStore, FolderStore
from core.settings import Settings
from products.published import PublishedProducts
from products.quotas import QuotaRule
from products.user_tables.service import UserTableService
from tap.adql.words import RESERVED_WORDS
from tap.table_jobs import LOAD_JOB, PART, UPDATE_JOB, TableJobs
from uws import Job, JobContext, JobKind
from uws.job_files import files_of_job
from uws.scopes import scope_of_job

if TYPE_CHECKING:
    from products.user_tables.loading import TableLoader
    from tap.tables import TableCatalog

__all__ = ["sweep_tables", "table_catalog", "table_kinds", "table_loader", "upload_store", "user_tables"]

_SWEPT_AFTER = 3600.0
_DAY = 24 * 3600.0


def user_tables(settings: Settings, database: Database) -> UserTableService:
    """Give what may be done with tables of users."""
    quota = QuotaRule(settings.user_quota_bytes or None, settings.max_product_files)
    return UserTableService(database, quota, reserved=RESERVED_WORDS)


def table_loader(settings: Settings, database: Database) -> "TableLoader":
    """Give what adds rows to them."""
    from products.user_tables.loading import TableLoader

    return TableLoader(user_tables(settings, database), settings.user_tables_folder, settings.max_columns)


def table_catalog(settings: Settings, database: Database) -> "TableCatalog":
    """Give the tables of products and of users that queries may read."""
    from tap.product_tables import ProductTables
    from tap.tables import TableCatalog
    from tap.user_schemas import UserTables

    return TableCatalog(
        [
            ProductTables(PublishedProducts(database), settings.tables_folder, settings.public_url),
            UserTables(user_tables(settings, database), settings.user_tables_folder),
        ]
    )


def upload_store(settings: Settings) -> FileStore:
    """Give the store of what comes with queries and requests, until it was read."""
    return FolderStore(settings.uploads_folder, settings.staging_folder, min_free=settings.min_free_bytes)


def sweep_tables(settings: Settings, database: Database) -> None:
    """Remove files that no table and no query needs: a crash leaves some behind."""
    table_loader(settings, database).sweep(older_than=_SWEPT_AFTER)
    # What came with a job goes with it, so only what is older than any job is left over.
    upload_store(settings).sweep(frozenset(), older_than=(settings.job_days_limit + 1) * _DAY)


def table_kinds(settings: Settings, database: Database) -> Iterator[JobKind]:
    """Give the kinds of job that work on tables of users."""
    store = upload_store(settings)

    @cache
    def jobs() -> TableJobs:
        return TableJobs(table_loader(settings, database), store)

    def load(context: JobContext) -> None:
        jobs().load(context, files_of_job(context.job)[PART])

    def update(context: JobContext) -> None:
        owner = context.job.owner
        accounts = AccountService(database)
        identity = ANONYMOUS if owner is None else accounts.identity_of_user(owner, scope_of_job(context.job))
        name = context.parameters.get("TABLE", "").strip()
        table = user_tables(settings, database).require_room(identity, name)
        jobs().update(context, table.id)

    def ended(job: Job) -> None:
        for stored_id in files_of_job(job).values():
            store.delete(stored_id)

    yield JobKind(LOAD_JOB, load, retry=True, seconds=settings.job_seconds, on_end=ended, on_destroy=ended)
    yield JobKind(UPDATE_JOB, update, retry=True, seconds=settings.job_seconds)
