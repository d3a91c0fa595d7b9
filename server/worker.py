"""What worker processes can do: the kinds of job of this server."""

from collections.abc import Mapping

from core.database import Database
from core.files import FileStore, FolderStore
from core.settings import Settings
from products.housekeeping import Housekeeping
from products.inspector import Inspector
from uws import Job, JobContext, JobKind, Phase

__all__ = ["INSPECT", "file_store", "job_kinds"]

#: Name of the kind of job that looks into an uploaded file.
INSPECT = "inspect"


def file_store(settings: Settings) -> FileStore:
    """Give the store of the files that users sent."""
    return FolderStore(settings.files_folder, settings.staging_folder, min_free=settings.min_free_bytes)


def job_kinds(settings: Settings) -> Mapping[str, JobKind]:
    """Give every kind of job by its name."""
    database, store, tables = Database(settings.sqlalchemy_url), file_store(settings), settings.tables_folder
    inspector = Inspector(database, store, tables, max_columns=settings.max_columns)
    housekeeping = Housekeeping(database, store, tables, draft_days=settings.draft_days)

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
            housekeeping.fail_inspection(int(job.parameters["product"]), job.id, message)

    return {INSPECT: JobKind(INSPECT, inspect, retry=True, seconds=settings.job_seconds, on_end=ended)}
