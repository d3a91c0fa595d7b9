"""The parts of the product catalogue, each constructed from the settings when it is first used."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database
from core.files import FileStore
from core.files.assembly import kept_files
from core.files.kept import KeptFiles
from core.parts import part
from core.settings import Settings
from products.files.download_counts import DownloadCounts
from products.files.downloads import DownloadService
from products.lifecycle.column_meanings import ColumnMeaningService
from products.lifecycle.housekeeping import Housekeeping
from products.lifecycle.inspector import Inspector
from products.lifecycle.job_products import JobProductService
from products.lifecycle.partial_uploads import PartialUploads
from products.lifecycle.published import PublishedProducts
from products.lifecycle.releases import ReleaseAdministration
from products.lifecycle.row_checksums import part_checksum, row_checksum
from products.lifecycle.uploads import InspectionJobs, UploadService
from products.lifecycle.versions import ProductVersionService
from products.product_types import TypeAdministration
from products.provenance import DescriptionService, DisclosureService, LineageService, ProvenanceService
from products.provenance.further_products import FurtherProductService
from products.quotas import QuotaRule
from products.search.coverage import CoverageService
from products.search.facets import FacetService
from products.search.names import ObjectNames
from products.search.positions import PositionReader, position_of_text
from products.service import ProductService
from products.sharing.attribution import RelationService
from products.sharing.links import LinkService
from products.sharing.service import SharingService
from products.user_tables.service import UserTableService

if TYPE_CHECKING:
    from products.user_tables.loading import TableLoader

__all__ = ["OtherPackages", "ProductServices"]


@dataclass(frozen=True, slots=True)
class OtherPackages:
    """Functions and services of other packages that the catalogue uses without importing them.

    Parameters
    ----------
    inspections
        Runs the inspection of a file as a job.
    may_read_file
        Whether an identity may read the file at a ``vos:`` address.
    stored_ids
        Ids of the stored files that belong to other packages, which housekeeping keeps.
    stored_bytes
        Bytes that other packages store for a user, which count for the quota.
    reserved_names
        Names that user tables may not have.
    """

    inspections: InspectionJobs
    may_read_file: Callable[[Identity, str], bool]
    stored_ids: Callable[[], frozenset[str]]
    stored_bytes: Callable[[Session, int], int] = lambda _session, _user_id: 0
    reserved_names: Collection[str] = ()


class ProductServices:
    """The catalogue of products of one process.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    store
        Returns the file store of products; called when files are first needed, because opening it creates folders.
    others
        Functions and services of other packages.
    """

    def __init__(
        self, settings: Settings, database: Database, store: Callable[[], FileStore], others: OtherPackages
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._others = others

    @part
    def rows(self) -> KeptFiles:
        """The Parquet files of the rows of products."""
        return kept_files(self._settings, "tables", partial(row_checksum, self._database))

    @part
    def user_rows(self) -> KeptFiles:
        """The Parquet files of the rows of tables of users."""
        return kept_files(self._settings, "user_tables", partial(part_checksum, self._database))

    @part
    def service(self) -> ProductService:
        """Products: create, read, list, change, delete."""
        return ProductService(self._database)

    @part
    def quota(self) -> QuotaRule:
        """The storage quota of users."""
        return QuotaRule(
            self._settings.user_quota_bytes or None,
            self._settings.max_product_files,
            lambda account, without: self._store().staged_bytes(account, without=without),
            self._others.stored_bytes,
        )

    @part
    def uploads(self) -> UploadService:
        """Drafts, their files, inspection and publication."""
        return UploadService(
            self._database,
            self._store(),
            self._others.inspections,
            max_bytes=self._settings.max_upload_bytes,
            quota=self.quota,
        )

    @part
    def partial_uploads(self) -> PartialUploads:
        """Uploads of files in parts."""
        return PartialUploads(self._database, self._store(), self.uploads, self.quota)

    @part
    def column_meanings(self) -> ColumnMeaningService:
        """Meanings of columns."""
        return ColumnMeaningService(self._database)

    @part
    def downloads(self) -> DownloadService:
        """Files, and products as zip archives."""
        return DownloadService(self.service, self._store(), self.download_counts)

    @part
    def download_counts(self) -> DownloadCounts:
        """How often products were downloaded."""
        return DownloadCounts(self._database)

    @part
    def sharing(self) -> SharingService:
        """Co-owners, and changes of owner."""
        return SharingService(self._database, self.quota)

    @part
    def relations(self) -> RelationService:
        """Related resources of products."""
        return RelationService(self._database)

    @part
    def links(self) -> LinkService:
        """Links to products for people without an account."""
        return LinkService(self._database)

    @part
    def versions(self) -> ProductVersionService:
        """New versions, deletion and restoration."""
        return ProductVersionService(self._database, self.quota, days=self._settings.deleted_days)

    @part
    def releases(self) -> ReleaseAdministration:
        """Data releases."""
        return ReleaseAdministration(self._database)

    @part
    def types(self) -> TypeAdministration:
        """Administration of product types."""
        return TypeAdministration(self._database)

    @part
    def provenance(self) -> ProvenanceService:
        """Provenance of products."""
        return ProvenanceService(self._database, self.service, self._others.may_read_file)

    @part
    def descriptions(self) -> DescriptionService:
        """Descriptions of public products for machines."""
        return DescriptionService(
            self._database,
            self.relations,
            self.versions,
            publisher=self._settings.site_name,
            url=self._settings.public_url,
        )

    @part
    def lineage(self) -> LineageService:
        """Graphs of the provenance of products."""
        return LineageService(self._database, self.provenance, self.relations)

    @part
    def disclosures(self) -> DisclosureService:
        """Inputs that are disclosed to readers of a product."""
        return DisclosureService(self._database, self._others.may_read_file)

    @part
    def facets(self) -> FacetService:
        """Counts of products by type, release and so on, for search pages."""
        return FacetService(self._database)

    @part
    def position_of_text(self) -> PositionReader:
        """Reader of positions that people type; names of objects are looked up where the settings name a service."""
        url = self._settings.name_resolver_url
        return position_of_text if url is None else partial(position_of_text, look_up=ObjectNames(url).position)

    @part
    def coverage(self) -> CoverageService:
        """Search of products by the region that they cover."""
        return CoverageService(self._database)

    @part
    def published(self) -> PublishedProducts:
        """The published products, for the VO services."""
        return PublishedProducts(self._database, self.service)

    @part
    def job_products(self) -> JobProductService:
        """Products that are made by jobs."""
        return JobProductService(
            self._database, self._store(), max_bytes=self._settings.max_result_bytes, quota=self.quota
        )

    @part
    def further_products(self) -> FurtherProductService:
        """Products that jobs make beside their main one."""
        return FurtherProductService(
            self._store(),
            self.rows,
            max_bytes=self._settings.max_result_bytes,
            max_columns=self._settings.max_columns,
            quota=self.quota,
        )

    @part
    def inspector(self) -> Inspector:
        """The function of inspection jobs."""
        return Inspector(self._database, self._store(), self.rows, max_columns=self._settings.max_columns)

    @part
    def housekeeping(self) -> Housekeeping:
        """Removal of orphaned files, old drafts and deleted products."""
        return Housekeeping(
            self._database,
            self._store(),
            self.rows,
            draft_days=self._settings.draft_days,
            deleted_days=self._settings.deleted_days,
            other_stored_ids=self._others.stored_ids,
        )

    @part
    def user_tables(self) -> UserTableService:
        """Tables of users."""
        return UserTableService(self._database, self.quota, reserved=self._others.reserved_names)

    @part
    def table_loader(self) -> "TableLoader":
        """Loader of rows into tables of users."""
        from products.user_tables.loading import TableLoader

        return TableLoader(self.user_tables, self.user_rows, self._settings.max_columns)
