"""Housekeeping: remove orphaned files, expired drafts, and products deleted longer than the grace time."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, select, update

from core.database import Database, utc_now
from core.files import FileStore
from core.files.kept import KeptFiles
from products.models import InspectionState, ProductStatus
from products.schema import (
    ProductColumnRow,
    ProductFileRow,
    ProductRow,
    ProductTableRow,
    ProductUploadRow,
)
from products.sharing.schema import ProductLinkRow

__all__ = ["Housekeeping"]

_GRACE_SECONDS = 3600.0
#: Time for which an incomplete upload can be continued.
_UPLOAD_LIFE = timedelta(days=7)


class Housekeeping:
    """Periodic clean-up of the catalogue and its folders; safe to run at any time and concurrently.

    Parameters
    ----------
    tables
        The derived Parquet files.
    draft_days
        Days after which an unfinished upload is discarded.
    deleted_days
        Days in which a deleted product can be restored.
    other_stored_ids
        Returns the ids of stored files that belong to other packages.
    """

    def __init__(
        self,
        database: Database,
        store: FileStore,
        tables: KeptFiles,
        *,
        draft_days: int,
        deleted_days: int,
        other_stored_ids: Callable[[], frozenset[str]],
    ) -> None:
        self._database = database
        self._store = store
        self._tables = tables
        self._draft_life = timedelta(days=draft_days)
        self._deleted_life = timedelta(days=deleted_days)
        self._other_stored_ids = other_stored_ids

    def sweep(self, *, older_than: float = _GRACE_SECONDS) -> int:
        """Remove files that nothing refers to and that are older than so many seconds; return their number."""
        self._discard_drafts()
        self._forget_deleted()
        self._forget_uploads()
        with self._database.read() as session:
            stored = frozenset(session.scalars(select(ProductFileRow.stored_id)))
            stored |= frozenset(session.scalars(select(ProductUploadRow.staged_id)))
            derived = frozenset(session.scalars(select(ProductTableRow.stored_id)))
        removed = self._store.sweep(stored | self._other_stored_ids(), older_than=older_than)
        return removed + self._tables.sweep(derived, older_than=older_than)

    def running_inspections(self) -> tuple[tuple[int, str, str], ...]:
        """Return the running inspections as product, job and owner."""
        with self._database.read() as session:
            rows = session.scalars(select(ProductRow).where(ProductRow.inspection_state == InspectionState.RUNNING))
            return tuple((row.id, row.inspection_job or "", row.owner.name) for row in rows)

    def fail_inspection(self, product_id: int, job_id: str, message: str) -> None:
        """Record that an inspection job failed; the product becomes a draft again."""
        with self._database.write() as session:
            session.execute(
                update(ProductRow)
                .where(ProductRow.id == product_id, ProductRow.inspection_job == job_id)
                .where(ProductRow.inspection_state == InspectionState.RUNNING)
                .values(inspection_state=InspectionState.FAILED, inspection_error=message, updated_at=utc_now())
            )
            session.execute(
                update(ProductRow)
                .where(ProductRow.id == product_id, ProductRow.inspection_job == job_id)
                .where(ProductRow.status == ProductStatus.PROCESSING)
                .values(status=ProductStatus.REGISTERING)
            )

    def _forget_uploads(self) -> None:
        """Give up uploads in parts that nobody has continued for days; the sweep that follows removes their bytes."""
        with self._database.write() as session:
            session.execute(delete(ProductUploadRow).where(ProductUploadRow.updated_at < utc_now() - _UPLOAD_LIFE))

    def _discard_drafts(self) -> None:
        now = utc_now()
        with self._database.write() as session:
            session.execute(
                update(ProductRow)
                .where(
                    ProductRow.status == ProductStatus.REGISTERING,
                    ProductRow.updated_at < now - self._draft_life,
                )
                .values(
                    status=ProductStatus.DELETED,
                    deleted_from=ProductStatus.REGISTERING,
                    deleted_at=now,
                    updated_at=now,
                )
            )

    def _forget_deleted(self) -> None:
        """Purge products whose grace time after deletion is over.

        The row of a product stays, so that its number and name are never reused. The rows of its files and tables are
        deleted, and the sweep that follows removes their bytes.
        """
        now = utc_now()
        over = (
            ProductRow.status == ProductStatus.DELETED,
            ProductRow.purged_at.is_(None),
            ProductRow.deleted_at <= now - self._deleted_life,
        )
        with self._database.write() as session:
            # Marked first, so that a concurrent restoration waits and then finds that it is too late.
            session.execute(update(ProductRow).where(*over).values(purged_at=now, inspection=None))
            gone = select(ProductRow.id).where(ProductRow.purged_at.is_not(None))
            for table in (ProductFileRow, ProductColumnRow, ProductTableRow, ProductLinkRow):
                session.execute(delete(table).where(table.product_id.in_(gone)))
