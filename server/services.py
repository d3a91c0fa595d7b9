"""Composition root: the object graph of one process, constructed from its settings."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from core.auth.assembly import AccountServices
from core.database import Database
from core.files import FileStore
from core.files.assembly import file_store
from core.files.remote_files import RemoteFiles
from core.parts import part
from core.settings import Settings
from core.site_texts import SiteTexts
from pipelines.assembly import PipelineServices
from pipelines.challenges.stored_files import stored_file_ids, submitted_bytes
from pipelines.definitions import PIPELINES
from pipelines.models import AnyPipeline
from products.assembly import OtherPackages, ProductServices
from registry.assembly import RegistryServices
from server.adapters.inspection_jobs import UwsInspectionJobs, inspection_kind
from server.adapters.pipeline_inputs import PipelineInputs
from server.adapters.registered_services import registered_services
from server.adapters.upload_sources import UploadSources
from tap.assembly import TapServices
from tap.identifiers import RESERVED_WORDS, identifier
from uws import FairShare, JobKind, JobLimits, JobQueue, JobService, ProcessQueue
from vospace.assembly import VOSpaceServices
from vospace.storage import stored_ids

if TYPE_CHECKING:
    from webui.services import WebServices

__all__ = ["Services", "job_limits", "worker_kinds"]


class Services:
    """The object graph of one process: each part is constructed when it is first used, and once.

    The web application, worker processes, Celery workers and commands use the same class. A test replaces a part by
    assigning to it before its first use.

    Parameters
    ----------
    settings
        Settings of the server.
    definitions
        The pipelines of the server by name.
    """

    def __init__(self, settings: Settings, definitions: Mapping[str, AnyPipeline] = PIPELINES) -> None:
        self.settings = settings
        self.definitions = definitions

    @part
    def database(self) -> Database:
        """The metadata database."""
        return Database(self.settings.sqlalchemy_url)

    @part
    def store(self) -> FileStore:
        """The file store of products and VOSpace homes."""
        return file_store(self.settings, self.database)

    @part
    def accounts(self) -> AccountServices:
        """Accounts, groups, sign-in and the audit log."""
        return AccountServices(self.settings, self.database)

    @part
    def products(self) -> ProductServices:
        """The catalogue of products."""
        others = OtherPackages(
            inspections=self.inspections,
            may_read_file=self.inputs.may_read,
            stored_ids=lambda: (
                stored_ids(self.database) | stored_file_ids(self.database) | self.vospace.uploads.kept_ids()
            ),
            stored_bytes=submitted_bytes,
            reserved_names=RESERVED_WORDS,
        )
        return ProductServices(self.settings, self.database, lambda: self.store, others)

    @part
    def inspections(self) -> UwsInspectionJobs:
        """Inspection of uploaded files as UWS jobs."""
        return UwsInspectionJobs(lambda: self.jobs)

    @part
    def vospace(self) -> VOSpaceServices:
        """The VOSpace."""
        return VOSpaceServices(
            self.settings,
            self.database,
            self.store,
            self.products,
            self.accounts.identity_of,
            self.accounts.is_valid_credential,
        )

    @part
    def inputs(self) -> PipelineInputs:
        """Input files of pipelines."""
        return PipelineInputs(lambda: self.vospace.nodes)

    @part
    def tap(self) -> TapServices:
        """TAP and the protocols on the same tables."""
        return TapServices(
            self.settings,
            self.database,
            self.products,
            self._upload_sources,
            self.accounts.identity_of,
            lambda: self.jobs,
            lambda: self.registry.tables,
            lambda: self.pipelines.challenges.tables,
        )

    @part
    def pipelines(self) -> PipelineServices:
        """The pipelines."""
        return PipelineServices(
            self.settings,
            self.database,
            self.store,
            self.products,
            self.inputs,
            self.accounts.identity_of,
            lambda: self.jobs,
            self.definitions,
        )

    @part
    def registry(self) -> RegistryServices:
        """The registry of public products and of the services of this server."""
        return RegistryServices(
            self.settings,
            self.database,
            self.products.published,
            lambda: registered_services(self.settings, self.definitions),
            identifier,
        )

    @part
    def kinds(self) -> Mapping[str, JobKind]:
        """The job kinds of all packages, by name."""
        kinds = (
            inspection_kind(self.products, self.settings.job_seconds),
            *self.tap.job_kinds(),
            *self.pipelines.job_kinds(),
            *self.vospace.job_kinds(),
        )
        return {kind.name: kind for kind in kinds}

    @part
    def queue(self) -> JobQueue:
        """The job queue that the settings name; nothing runs until ``queue.start()``."""
        settings = self.settings
        if settings.job_queue == "celery":
            from server.broker.job_queue import CeleryQueue

            return CeleryQueue(settings.redis_url, self.database)
        return self.process_queue

    @part
    def process_queue(self) -> ProcessQueue:
        """The queue whose jobs run in child processes of this one."""
        settings = self.settings
        return ProcessQueue(
            self.database,
            partial(worker_kinds, settings, self.definitions),
            kinds=lambda: self.kinds,
            workers=settings.job_workers,
            memory_bytes=settings.job_memory_bytes,
            stored_bytes=settings.job_stored_bytes,
            scratch=settings.scratch_folder,
            on_taken=self._job_taken,
        )

    @part
    def fair_share(self) -> FairShare:
        """The fair-share queue in front of the job queue."""
        return FairShare(self.database, self.queue)

    @part
    def jobs(self) -> JobService:
        """The job service, for all kinds."""
        limits = job_limits(self.settings)
        if self.settings.job_queue == "celery":
            from server.broker.job_queue import RESUBMIT_AFTER

            return JobService(
                self.database,
                self.queue,
                self.kinds,
                fair_share=self.fair_share,
                limits=limits,
                resubmit_after=RESUBMIT_AFTER,
            )
        return JobService(self.database, self.queue, self.kinds, fair_share=self.fair_share, limits=limits)

    @part
    def web(self) -> "WebServices":
        """The services that pages and the REST API use."""
        from webui.services import WebServices

        return WebServices(
            settings=self.settings,
            authenticate=self.accounts.authenticate,
            accounts=self.accounts,
            products=self.products,
            vospace=self.vospace,
            pipelines=self.pipelines,
            jobs=self.jobs,
            tap=self.tap,
            registry=self.registry,
            site_texts=SiteTexts(self.database),
        )

    def drain(self) -> None:
        """Begin to stop: end requests that wait for jobs, and start no further job here."""
        self.jobs.notifier.close()
        if "process_queue" in self.__dict__:
            self.process_queue.drain()

    def close(self) -> None:
        """Close, in reverse order, those parts that were constructed."""
        made = self.__dict__
        if "tap" in made:
            self.tap.close()
        if "queue" in made:
            self.queue.close()
        if "database" in made:
            self.database.close()

    def _job_taken(self, job_id: str) -> None:
        self.fair_share.submit_next(job_id)

    def _upload_sources(self) -> UploadSources:
        settings = self.settings
        remote = RemoteFiles(seconds=settings.table_upload_seconds, networks=settings.table_upload_networks)
        return UploadSources(self.vospace.nodes, remote, settings.public_url)


def worker_kinds(settings: Settings, definitions: Mapping[str, AnyPipeline] = PIPELINES) -> Mapping[str, JobKind]:
    """Return the job kinds in a worker process, which receives settings and definitions alone."""
    return Services(settings, definitions).kinds


def job_limits(settings: Settings) -> JobLimits:
    """Return the limits of jobs that the settings define."""
    return JobLimits(
        seconds=settings.job_seconds,
        longest_seconds=settings.job_seconds_limit,
        days=settings.job_days,
        longest_days=settings.job_days_limit,
        archive_days=settings.job_archive_days,
        active_per_owner=settings.job_active_limit,
        pending_per_owner=settings.job_pending_limit,
        anonymous_pending=timedelta(minutes=settings.job_pending_minutes),
        stored_bytes_per_owner=settings.job_stored_bytes,
    )
