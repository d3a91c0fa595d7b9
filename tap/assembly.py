"""Construction of the services of this package from the settings."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from core.auth.models import ANONYMOUS, Identity, Scope
from core.database import Database
from core.errors import ServiceBusyError
from core.files import FileStore
from core.files.assembly import kept_files, upload_store
from core.files.kept import KeptFiles
from core.parts import part
from core.settings import Settings
from products.assembly import ProductServices
from products.lifecycle.change_log import ANY_USER_TABLE, catalogue_version
from tap.async_queries.result_files import QUERY_JOB, ResultFiles
from tap.uploads.user_table_jobs import TableJobs
from uws import Job, JobContext, JobKind, JobService, Phase

if TYPE_CHECKING:
    from tap.async_queries.cluster_lane import ClusterLane
    from tap.async_queries.jobs import QueryJobList
    from tap.conesearch import ConeSearch
    from tap.datalink import LinkService
    from tap.engine import DuckDBEngine
    from tap.hats.service import HatsService
    from tap.metadata.catalog import TableCatalog
    from tap.metadata.challenge_tables import ChallengeSource
    from tap.metadata.metadata_files import MetadataFiles
    from tap.metadata.registry_tables import RegistrySource
    from tap.metadata.survey_catalogues.copies import PartitionCopies
    from tap.metadata.survey_catalogues.plans import CataloguePlans
    from tap.metadata.survey_catalogues.service import SurveyCatalogues
    from tap.queues.exchange import WaitingQueries
    from tap.service import TapService
    from tap.uploads.tap_upload import TableSource, Uploads
    from tap.uploads.user_tables import TableChanges

__all__ = ["TapServices"]

#: Schemas whose rows describe products and services.
_METADATA_SCHEMAS = frozenset({"photoz", "rr", "tap_schema"})
_POLL_SECONDS = 0.2


class TapServices:
    """The services of TAP, cone search, DataLink and user tables of one process, each constructed on first use.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    products
        The services of the products whose tables are queried.
    sources
        Returns the source from which tables are fetched that a query names by their URI.
    identity_of
        Returns the identity of an account with a scope.
    jobs
        Returns the job service; called on the first use of user tables.
    registry
        Returns the records of the registry.
    challenges
        Returns the challenges that identities may see.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        products: ProductServices,
        sources: "Callable[[], TableSource]",
        identity_of: Callable[[str, Scope], Identity],
        jobs: Callable[[], JobService],
        registry: "Callable[[], RegistrySource]",
        challenges: "Callable[[], ChallengeSource]",
    ) -> None:
        self._settings = settings
        self._database = database
        self._products = products
        self._sources = sources
        self._identity_of = identity_of
        self._jobs = jobs
        self._registry = registry
        self._challenges = challenges

    @part
    def catalog(self) -> "TableCatalog":
        """The table sets of identities."""
        return self._catalog_with(self._catalogue_plans)

    def _catalog_with(self, plans: "CataloguePlans") -> "TableCatalog":
        from tap.async_queries.result_tables import ResultTables
        from tap.metadata.catalog import TableCatalog
        from tap.metadata.challenge_tables import ChallengeTables
        from tap.metadata.product_tables import ProductTables
        from tap.metadata.registry_tables import RegistryTables
        from tap.metadata.survey_catalogues.tables import SurveyTables
        from tap.metadata.user_schemas import UserTables

        settings, products, files = self._settings, self._products, self.metadata_files
        challenges = ChallengeTables(self._challenges, files)
        return TableCatalog(
            (
                ProductTables(products.published, products.rows, settings, files, challenges),
                SurveyTables(self.catalogues, plans),
                UserTables(products.user_tables, products.user_rows),
                RegistryTables(self._registry, self.metadata_files),
                ResultTables(self.results, self._jobs, self._is_readable, max_columns=settings.max_columns),
            ),
            self.metadata_files,
        )

    @part
    def catalogues(self) -> "SurveyCatalogues":
        """Survey catalogues."""
        from tap.metadata.survey_catalogues.places import CataloguePlaces
        from tap.metadata.survey_catalogues.service import SurveyCatalogues

        settings = self._settings
        datasets = () if settings.datasets is None else (str(settings.datasets.resolve()),)
        places = CataloguePlaces((*settings.catalogue_places, *datasets))
        return SurveyCatalogues(self._database, places, self._listings, max_columns=settings.max_columns)

    @part
    def _listings(self) -> KeptFiles:
        """The lists of the partitions of survey catalogues."""
        return kept_files(self._settings, "catalogues")

    @part
    def partition_copies(self) -> "PartitionCopies":
        """Copies of the partitions of remote survey catalogues."""
        from tap.metadata.survey_catalogues.copies import PartitionCopies

        return PartitionCopies(self._settings.catalogue_copies_folder, self._settings.hats_cache_bytes)

    @part
    def _catalogue_plans(self) -> "CataloguePlans":
        from tap.metadata.survey_catalogues.plans import CataloguePlans

        settings = self._settings
        return CataloguePlans(self._listings, self.partition_copies, most_bytes=settings.catalogue_query_bytes)

    @part
    def _cluster(self) -> "ClusterLane | None":
        from tap.async_queries.cluster_lane import ClusterLane
        from tap.metadata.survey_catalogues.plans import CataloguePlans

        settings = self._settings
        if settings.spark_remote is None or settings.spark_results is None:
            return None
        plans = CataloguePlans(
            self._listings, self.partition_copies, most_bytes=settings.spark_query_bytes, in_place=True
        )
        return ClusterLane(settings.spark_remote, settings.spark_results, self._catalog_with(plans))

    def _is_readable(self, identity: Identity, name: str) -> bool:
        return self.catalog.lookup(identity).get(name) is not None

    @part
    def metadata_files(self) -> "MetadataFiles":
        """The files of the rows of TAP_SCHEMA and ``photoz``."""
        from tap.metadata.metadata_files import MetadataFiles
        from tap.metadata.stored_segments import StoredSegments, edition_of

        settings = self._settings
        stored = StoredSegments(settings.metadata_folder, partial(edition_of, settings), self._catalogue_version)
        return MetadataFiles(settings.scratch_folder, stored)

    def _catalogue_version(self) -> int:
        with self._database.read() as session:
            return max(catalogue_version(session), catalogue_version(session, ANY_USER_TABLE))

    def prepare_metadata(self, stop: Event) -> None:
        """Make the rows of TAP_SCHEMA, ``photoz`` and ``rr`` that everybody may read, if that takes long.

        One of the web processes makes them, and the others take over what it has stored.
        """
        from tap.metadata.stored_segments import FEW_BLOCKS

        files = self.metadata_files
        if files.stored is None or len(self._products.published.visible(ANONYMOUS).blocks) <= FEW_BLOCKS:
            return
        files.is_stopping = stop.is_set
        is_made = False
        while not (is_made or stop.wait(_POLL_SECONDS)):
            with files.stored.making() as is_alone, suppress(ServiceBusyError):  # raised when the process ends
                if is_alone:
                    self.catalog.prepare(_METADATA_SCHEMAS)
                    is_made = True

    @part
    def waiting_queries(self) -> "WaitingQueries":
        """The exchange with the queues of other web processes."""
        from tap.queues.exchange import WaitingQueries

        return WaitingQueries(self._database)

    @part
    def engine(self) -> "DuckDBEngine":
        """The engine of synchronous queries; its processes are started with it."""
        from tap.engine import DuckDBEngine, SpoolLimits

        settings = self._settings
        return DuckDBEngine(
            workers=settings.query_workers,
            waiting=settings.query_waiting,
            waiting_of_owner=settings.query_waiting_user,
            temp_folder=settings.scratch_folder,
            spool_limits=SpoolLimits(
                disk_bytes=settings.query_spool_bytes,
                disk_total_bytes=settings.query_spool_total_bytes,
                min_free=settings.min_free_bytes,
                answers=settings.query_answers,
                answers_of_owner=settings.query_answers_user,
            ),
            exchange=self.waiting_queries,
        )

    @part
    def service(self) -> "TapService":
        """The service of synchronous queries."""
        from tap.service import TapService

        return TapService(self._settings, self.catalog, self.engine, self.uploads)

    @part
    def conesearch(self) -> "ConeSearch":
        """The service of cone searches."""
        from tap.conesearch import ConeSearch

        return ConeSearch(self._settings, self.catalog, self.engine)

    @part
    def datalink(self) -> "LinkService":
        """The service of links of products."""
        from tap.datalink import LinkService

        return LinkService(
            self._products.service,
            self._products.provenance,
            authority=self._settings.authority,
            public_url=self._settings.public_url,
        )

    @part
    def hats(self) -> "HatsService":
        """Tables as HATS catalogues."""
        from tap.hats.archives import ArchivedCatalogues
        from tap.hats.cuts import CutFiles
        from tap.hats.service import HatsService

        settings, products = self._settings, self._products
        cuts = CutFiles(settings.hats_folder, settings.hats_cache_bytes)
        return HatsService(
            products.service,
            products.rows,
            cuts,
            ArchivedCatalogues(
                products.downloads.local_path,
                products.service.has_stored_file,
                cuts,
                most_bytes=settings.hats_cache_bytes,
            ),
            most_rows=settings.hats_partition_rows,
            margin_arcsec=settings.hats_margin_arcsec,
        )

    @part
    def uploads(self) -> "Uploads":
        """The service of TAP_UPLOAD."""
        from tap.uploads.tap_upload import Uploads

        return Uploads(
            self.upload_store,
            self._sources(),
            max_bytes=self._settings.max_table_upload_bytes,
            max_columns=self._settings.max_columns,
        )

    @part
    def upload_store(self) -> FileStore:
        """The file store of uploads."""
        return upload_store(self._settings)

    @part
    def user_tables(self) -> "TableChanges":
        """The service that creates, loads, shares and removes user tables."""
        from tap.uploads.user_tables import TableChanges

        return TableChanges(
            self._settings,
            self._products.user_tables,
            self._products.table_loader,
            self._jobs(),
            self.upload_store,
            self.catalog,
        )

    @part
    def results(self) -> ResultFiles:
        """The stored results of asynchronous queries."""
        settings = self._settings
        files = kept_files(settings, "results", self._result_checksum)
        return ResultFiles(files, max_bytes=settings.max_result_bytes, min_free=settings.min_free_bytes)

    def _result_checksum(self, name: str) -> str | None:
        return self.results.checksum(name)

    def job_kinds(self) -> Iterator[JobKind]:
        """Yield the job kinds of this package."""
        yield JobKind(
            QUERY_JOB,
            self._query,
            retry=True,
            seconds=self._settings.query_async_seconds,
            on_end=self._query_ended,
            on_destroy=self._query_destroyed,
            label="TAP query",
            path="/tap/async",
        )
        yield from self._table_jobs.kinds(self._settings.job_seconds)

    def close(self) -> None:
        """Close the engine, if it was started, and remove the files of metadata."""
        if "engine" in self.__dict__:
            self.engine.close()
            self.waiting_queries.close()
        if "metadata_files" in self.__dict__:
            self.metadata_files.close()

    def _query(self, context: JobContext) -> None:
        self._query_jobs.run(context)

    @part
    def _query_jobs(self) -> "QueryJobList":
        # Imported when the first query runs: commands and workers with other jobs do not need it.
        from tap.async_queries.jobs import QueryJobList

        return QueryJobList(self._settings, self.catalog, self.results, self._identity_of, self.uploads, self._cluster)

    def _query_ended(self, job: Job) -> None:
        self._remove_uploads(job)
        if job.phase is not Phase.COMPLETED:
            self.results.delete(job.id)

    def _query_destroyed(self, job: Job) -> None:
        self._remove_uploads(job)
        self.results.delete(job.id)

    def _remove_uploads(self, job: Job) -> None:
        if files := job.files:
            self.uploads.remove(files.values())

    @part
    def _table_jobs(self) -> TableJobs:
        return TableJobs(lambda: self._products.table_loader, lambda: self.upload_store, self._identity_of)
