"""All services of one process, put together from its settings."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from core.audit import AuditLog
from core.auth.administration import AccountAdministration
from core.auth.groups import GroupService
from core.auth.service import AccountService
from core.database import Database
from core.settings import Settings
from pipelines.known import PIPELINES
from pipelines.models import AnyPipeline
from pipelines.service import PipelineService
from products.associations import AssociationService
from products.downloads import DownloadService
from products.housekeeping import Housekeeping
from products.life import LifeService
from products.links import LinkService
from products.provenance import ProvenanceService
from products.releases import ReleaseAdministration
from products.results import ResultProducts
from products.service import ProductService
from products.sharing import SharingService
from products.type_administration import TypeAdministration
from products.uploads import UploadService
from server.input_nodes import SpaceInputs
from server.inspection_jobs import UwsInspectionJobs
from server.worker import file_store, housekeeping, job_kinds, quota_rule, run_checker, vospace
from uws import JobKind, JobLimits, JobQueue, JobService, ProcessQueue
from vospace.space import VOSpace

__all__ = ["Services", "build_jobs", "build_services", "job_limits"]


@dataclass(frozen=True, slots=True)
class Services:
    """What the web application and the commands call."""

    settings: Settings
    database: Database
    accounts: AccountService
    products: ProductService
    groups: GroupService
    sharing: SharingService
    life: LifeService
    links: LinkService
    audit: AuditLog
    administration: AccountAdministration
    releases: ReleaseAdministration
    types: TypeAdministration
    uploads: UploadService
    associations: AssociationService
    downloads: DownloadService
    provenance: ProvenanceService
    queue: JobQueue
    jobs: JobService
    pipelines: PipelineService
    inspections: UwsInspectionJobs
    housekeeping: Housekeeping
    space: VOSpace

    def close(self) -> None:
        """Stop the workers and close the database."""
        self.queue.close()
        self.database.close()


def build_services(settings: Settings, definitions: Mapping[str, AnyPipeline] = PIPELINES) -> Services:
    """Put the services together, for the pipelines given; nothing runs until ``queue.start()``."""
    database = Database(settings.sqlalchemy_url)
    store = file_store(settings)
    queue, jobs = build_jobs(settings, database, definitions)
    inspections = UwsInspectionJobs(jobs)
    quota, space = quota_rule(settings), vospace(settings, database)
    accounts = AccountService(database, session_hours=settings.session_hours, login_attempts=settings.login_attempts)
    return Services(
        settings=settings,
        database=database,
        accounts=accounts,
        products=ProductService(database),
        groups=GroupService(database),
        sharing=SharingService(database, quota),
        life=LifeService(database, quota, days=settings.deleted_days),
        links=LinkService(database),
        audit=AuditLog(database),
        administration=AccountAdministration(database, accounts),
        releases=ReleaseAdministration(database),
        types=TypeAdministration(database),
        uploads=UploadService(database, store, inspections, max_bytes=settings.max_upload_bytes, quota=quota),
        associations=AssociationService(database),
        downloads=DownloadService(database, store),
        provenance=ProvenanceService(database, SpaceInputs(space.nodes).may_read),
        queue=queue,
        jobs=jobs,
        pipelines=PipelineService(
            database,
            jobs,
            ProductService(database),
            ResultProducts(database, store, max_bytes=settings.max_result_bytes, quota=quota),
            run_checker(settings, database),
            definitions,
        ),
        inspections=inspections,
        housekeeping=housekeeping(settings, database),
        space=space,
    )


def build_jobs(
    settings: Settings, database: Database, definitions: Mapping[str, AnyPipeline] = PIPELINES
) -> tuple[JobQueue, JobService]:
    """Give the queue that the settings choose, and the service over it."""
    kinds, limits = job_kinds(settings, definitions), job_limits(settings)
    if settings.job_queue == "celery":
        return _celery_jobs(settings, database, kinds, limits)
    queue = ProcessQueue(
        settings.sqlalchemy_url,
        functools.partial(job_kinds, settings, definitions),
        workers=settings.job_workers,
        memory_bytes=settings.job_memory_bytes,
        stored_bytes=settings.job_stored_bytes,
        scratch=settings.data / "scratch",
    )
    return queue, JobService(database, queue, kinds, limits=limits)


def job_limits(settings: Settings) -> JobLimits:
    """Give what jobs may use."""
    return JobLimits(
        seconds=settings.job_seconds,
        longest_seconds=settings.job_seconds_limit,
        days=settings.job_days,
        longest_days=settings.job_days_limit,
        archive_days=settings.job_archive_days,
        active_per_owner=settings.job_active_limit,
        pending_per_owner=settings.job_pending_limit,
        stored_bytes_per_owner=settings.job_stored_bytes,
    )


def _celery_jobs(
    settings: Settings, database: Database, kinds: Mapping[str, JobKind], limits: JobLimits
) -> tuple[JobQueue, JobService]:
    from server.celery_queue import RESUBMIT_AFTER, CeleryQueue

    queue = CeleryQueue(settings.redis_url, database)
    return queue, JobService(database, queue, kinds, limits=limits, resubmit_after=RESUBMIT_AFTER)
