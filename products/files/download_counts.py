"""Download counter: one number for each product, without the identity of users."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Database, UtcDateTime, ignoring_storage_errors, utc_now

__all__ = ["DownloadCountRow", "DownloadCounts"]

_log = logging.getLogger(__name__)


class DownloadCountRow(Base):
    """Number of complete downloads of a product."""

    __tablename__ = "download_counts"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    downloads: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DownloadCounts:
    """Count downloads, and read the counts of products."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, product_id: int) -> None:
        """Count one download."""
        _log.info("download complete", extra={"product": product_id})
        with ignoring_storage_errors():
            try:
                self._add(product_id)
            except IntegrityError:  # the first two at once
                self._add(product_id)

    def of(self, product_ids: Sequence[int]) -> dict[int, int]:
        """Return the counts of products; those that nobody downloaded are left out."""
        counted = select(DownloadCountRow.product_id, DownloadCountRow.downloads)
        with self._database.read() as session:
            rows = session.execute(counted.where(DownloadCountRow.product_id.in_(product_ids)))
            return {product_id: downloads for product_id, downloads in rows}  # noqa: C416 - rows are no pairs to mypy

    def _add(self, product_id: int) -> None:
        with self._database.write() as session:
            counted = session.scalar(
                update(DownloadCountRow)
                .where(DownloadCountRow.product_id == product_id)
                .values(downloads=DownloadCountRow.downloads + 1, last_at=utc_now())
                .returning(DownloadCountRow.product_id)
            )
            if counted is None:
                session.add(DownloadCountRow(product_id=product_id, downloads=1, last_at=utc_now()))
