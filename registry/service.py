"""Service of the registry: the records of the public products and of the services of this server.

A record is made when it is read, from what is public at that moment. What is stored are the published identifiers, with
the time at which each record changed last.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from lxml import etree
from sqlalchemy.orm import Session

from core.database import Database, utc_now, utc_today
from core.errors import ServiceBusyError
from products.lifecycle.published import PublishedProducts
from products.lifecycle.visible import VisibleProduct
from products.service import ProductDetails
from registry.documents.voresource import resource_element
from registry.models import Entry, ResourceRecord, Window
from registry.publisher import Publisher
from registry.records.product_records import product_record
from registry.records.relations import relationships_of
from registry.records.service_records import MOST_RECORDS, ServiceDescription, service_records
from registry.records.spatial import sample_cones
from registry.schema import RegistryRow
from registry.storage import (
    count_records,
    differences,
    page_of_records,
    public_versions,
    record_of_path,
    store_differences,
    time_of_first_change,
)

__all__ = ["EntryPage", "RecordService"]

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of entries.

    Parameters
    ----------
    size
        Number of entries in all pages.
    is_last
        Whether no page follows.
    """

    entries: tuple[Entry, ...]
    size: int
    is_last: bool


class RecordService:
    """Find and list records.

    Parameters
    ----------
    services
        Returns the services of this server that have records.
    quoted
        Returns the name of a column as it stands in ADQL.
    page
        Most entries of a page.
    today
        Returns the day (UTC) that embargo dates are compared with.
    """

    def __init__(
        self,
        database: Database,
        published: PublishedProducts,
        publisher: Publisher,
        services: Callable[[], Sequence[ServiceDescription]],
        quoted: Callable[[str], str] = str,
        *,
        page: int = MOST_RECORDS,
        today: Callable[[], date] | None = None,
    ) -> None:
        self._database = database
        self._published = published
        self._descriptions = services
        self._quoted = quoted
        self._today = today or utc_today
        self._seen: object = None
        self.publisher = publisher
        self.page_size = page

    def records(self) -> Iterator[ResourceRecord]:
        """Yield all records, those of services first."""
        return (entry.record for entry in self.entries() if entry.record is not None)

    def entries(self, window: Window = Window()) -> Iterator[Entry]:  # noqa: B008 - it cannot change
        """Yield the entries of a window, deleted ones too, page by page."""
        after, is_last = 0, False
        while not is_last:
            page = self.page(window, after)
            yield from page.entries
            after, is_last = (page.entries[-1].number if page.entries else after), page.is_last

    def page(self, window: Window, after: int = 0, most: int | None = None) -> EntryPage:
        """Return the entries of a window that follow a number; a record that changes meanwhile keeps its number."""
        most = self.page_size if most is None else most
        entries = self._read(lambda session: page_of_records(session, window, after, most + 1))
        with self._database.read() as session:
            size = count_records(session, window)
        return EntryPage(entries[:most], size, len(entries) <= most)

    def find(self, identifier: str) -> Entry | None:
        """Return the entry with an identifier, which is compared without case."""
        path = self.publisher.identifiers.path_in(identifier)
        if path is None:
            return None

        def rows_of(session: Session) -> Sequence[RegistryRow]:
            row = record_of_path(session, path)
            return () if row is None else (row,)

        return next(iter(self._read(rows_of)), None)

    def first_change(self) -> datetime:
        """Return the time of the earliest change."""
        self.refresh()
        with self._database.read() as session:
            return time_of_first_change(session) or utc_now().replace(microsecond=0)

    def refresh(self) -> None:
        """Store what differs from the public products and the services; nothing when the catalogue is unchanged."""
        stamp = self._published.stamp()
        if stamp == self._seen:
            return
        today = self._today()
        with self._database.read() as session:
            found = differences(session, today, self._versions)
        if found.any:
            with self._database.write() as session:
                store_differences(session, today, self._versions, found)
        self._seen = stamp

    @cached_property
    def _services(self) -> Mapping[str, ResourceRecord]:
        """The records that describe no product, by path."""
        return dict(service_records(self.publisher, self._descriptions(), self.page_size))

    @cached_property
    def _versions(self) -> Mapping[str, str]:
        return {path: _digest(record) for path, record in self._services.items()}

    def _read(self, rows_of: Callable[[Session], Sequence[RegistryRow]]) -> tuple[Entry, ...]:
        """Return the entries of rows, read anew while a product of theirs changes in between."""
        for _ in range(_ATTEMPTS):
            self.refresh()
            with self._database.read() as session:
                rows = rows_of(session)
            entries = self._entries(rows)
            if entries is not None:
                return entries
        message = "The catalogue changes faster than its records can be read; try again in a few seconds."
        raise ServiceBusyError(message)

    def _entries(self, rows: Sequence[RegistryRow]) -> tuple[Entry, ...] | None:
        """Return the entries of rows; None when a product is not public any more as its row says."""
        versions = {row.product_id: row.version for row in rows if row.product_id is not None and not row.is_deleted}
        records = self._product_records(versions)
        with self._database.read() as session:
            # What was read of a product is that of its version when it has that version afterwards, too.
            if public_versions(session, versions.keys(), self._today()) != versions:
                return None
        return tuple(self._entry(row, records) for row in rows)

    def _entry(self, row: RegistryRow, products: Mapping[int, ResourceRecord]) -> Entry:
        record = None
        if not row.is_deleted:
            record = self._service(row) if row.product_id is None else products[row.product_id]
        return Entry(row.id, self.publisher.identifiers.of(row.path), row.changed_at, record)

    def _service(self, row: RegistryRow) -> ResourceRecord | None:
        record = self._services.get(row.path)
        return None if record is None else replace(record, created=row.created_at, updated=row.changed_at)

    def _product_records(self, versions: Mapping[int, str]) -> dict[int, ResourceRecord]:
        wanted = [VisibleProduct(number, int(version), None, None) for number, version in versions.items()]
        found = tuple(self._published.details(wanted))
        with self._database.read() as session:
            related = relationships_of(
                session, [details.product for details in found], self._today(), self.publisher.identifiers
            )
        cones = sample_cones(footprint for details in found if (footprint := _footprint(details)))
        return {
            details.product.id: product_record(
                details,
                self.publisher,
                related.get(details.product.id, ()),
                self._quoted,
                cones.get(_footprint(details)),
            )
            for details in found
        }


def _footprint(details: ProductDetails) -> str:
    return "" if details.table is None else details.table.footprint or ""


def _digest(record: ResourceRecord) -> str:
    return hashlib.sha256(etree.tostring(resource_element(record))).hexdigest()
