"""Further products of a job: each is published in the transaction that publishes the main product of the job."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import utc_now
from core.errors import UnreadableFileError
from core.files import FileStore, StoredBytes
from core.files.checksums import file_sha256
from core.files.kept import KeptFiles
from products.adjustments.options import AS_GIVEN, TableOptions
from products.adjustments.reader import open_adjusted
from products.inspection.inspection import Inspection
from products.inspection.meanings import Meanings
from products.lifecycle.findings import StoredRows, store_columns, store_table
from products.lifecycle.inspector import Beside
from products.lifecycle.job_products import ResultFile, column_rows, file_row, store_file
from products.models import FileRole, InspectionState, ProductStatus, Visibility
from products.product_types import product_type_by_name
from products.provenance.models import Activity, UsedEntity
from products.provenance.service import add_activity, add_used
from products.quotas import QuotaRule
from products.readers import ReadLimits
from products.schema import ProductRow
from products.storage import record_product
from products.validation import checked_description, internal_name

__all__ = ["FurtherProduct", "FurtherProductService"]

_LONGEST_NAME = 255
_OPTIONS = TableOptions(position=AS_GIVEN)


@dataclass(frozen=True, slots=True)
class FurtherProduct:
    """A product that a job makes beside its main one.

    Parameters
    ----------
    kind
        Name of its product type.
    suffix
        What its name has after that of the main product.
    file
        Its main file; if that is a table, its rows become a table as those of uploads do.
    meanings
        Column of each meaning (``z`` …), if it is a table.
    activity
        The activity that made it. The main product then used it.
    """

    kind: str
    suffix: str
    description: str
    file: Path
    activity: Activity
    meanings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Table:
    """The rows of a file, and how they are recorded."""

    schema: pa.Schema
    rows: StoredRows
    inspection: Inspection
    details: Mapping[str, object]


class FurtherProductService:
    """Service that publishes further products of jobs, all or none with the main product.

    Parameters
    ----------
    tables
        Where the derived rows are kept.
    max_bytes
        Maximum size of a file.
    quota
        Storage quota of the owner.
    """

    def __init__(
        self, store: FileStore, tables: KeptFiles, *, max_bytes: int, max_columns: int, quota: QuotaRule
    ) -> None:  # fmt: skip
        self._store = store
        self._tables = tables
        self._max_bytes = max_bytes
        self._limits = ReadLimits(max_columns=max_columns)
        self._quota = quota

    @contextmanager
    def beside(self, identity: Identity, new: FurtherProduct, scratch: Path) -> Iterator[Beside]:
        """Store the file and the rows of a product, and give what adds it to the transaction of the main product.

        Bytes of a product that is not added, or whose transaction fails, are removed.

        Parameters
        ----------
        identity
            Who makes it, for the audit log.
        scratch
            Folder for what is unpacked.

        Raises
        ------
        QuotaExceededError
            In the transaction: the file exceeds the quota of the owner of the main product.
        """
        added = kept = False
        stored_id = f"{secrets.token_hex(16)}.parquet"
        stored = store_file(self._store, new.file, self._max_bytes)

        def add(session: Session, main: ProductRow) -> None:
            nonlocal added
            self._add(session, identity, new, main, stored, table)
            added = True

        try:
            table = self._table(new, stored_id, scratch)
            yield add
            kept = added
        finally:
            if not kept:
                self._store.delete(stored.id)
                self._tables.delete(stored_id)

    def _table(self, new: FurtherProduct, stored_id: str, scratch: Path) -> _Table | None:
        """Derive the rows of the file, or return None if it is no table."""
        from products.rows.derive import derive_rows  # only where tables are read

        target = self._tables.new(stored_id)
        try:
            with open_adjusted(new.file, new.file.name, _OPTIONS, limits=self._limits, scratch=scratch) as reader:
                chosen = Meanings(*(new.meanings.get(key) for key in ("ra", "dec", "z")))
                found = derive_rows(reader, target, meanings=chosen, progress=_unheard, scratch=scratch)
                details = {"format": reader.format, **reader.details}
                schema = reader.schema
        except UnreadableFileError:
            return None
        rows = StoredRows(stored_id, target.stat().st_size, file_sha256(target))
        self._tables.keep(target, stored_id)
        return _Table(schema, rows, found, details)

    def _add(
        self,
        session: Session,
        identity: Identity,
        new: FurtherProduct,
        main: ProductRow,
        stored: StoredBytes,
        table: _Table | None,
    ) -> None:
        self._quota.check(session, main.owner_id, stored.size, lock=True)
        row = _product_row(new, main)
        session.add(row)
        session.flush()
        row.internal_name = internal_name(row.id, row.display_name)
        if Visibility(row.visibility) is Visibility.GROUPS:
            row.groups = list(main.groups)
        rows, details = (None, {}) if table is None else (table.inspection.rows, table.details)
        session.add(file_row(row.id, ResultFile(new.file, FileRole.MAIN, rows, details), stored))
        if table is None:
            row.inspection_state = InspectionState.NOT_A_TABLE
        else:
            _store_table(session, row, new.meanings, table)
        add_activity(session, row.id, new.activity)
        version = row.updated_at.isoformat(timespec="seconds")
        add_used(session, main.id, UsedEntity(new.kind, row.internal_name, row.id, version, stored.sha256))
        record_product(session, identity, "create", row, product_type=new.kind)


def _product_row(new: FurtherProduct, main: ProductRow) -> ProductRow:
    """Return the row of a published product that whoever reads the main one reads as well."""
    kind, now = product_type_by_name(new.kind), utc_now()
    return ProductRow(
        product_type_id=kind.id,
        release_id=main.release_id if kind.has_release else None,
        owner_id=main.owner_id,
        display_name=f"{main.display_name[: _LONGEST_NAME - len(new.suffix)]}{new.suffix}",
        description=checked_description(new.description),
        official=False,
        visibility=main.visibility,
        embargo_date=main.embargo_date,
        status=ProductStatus.PUBLISHED,
        origin=main.origin,
        created_at=now,
        updated_at=now,
        published_at=now,
    )


def _store_table(session: Session, row: ProductRow, meanings: Mapping[str, str], table: _Table) -> None:
    row.inspection, row.inspection_state = table.inspection.to_json(), InspectionState.DONE
    session.add_all(column_rows(row.id, table.schema, meanings))  # their meanings stay when they are stored again
    session.flush()
    store_columns(session, row.id, table.inspection, as_given=True)
    store_table(session, row, table.inspection, table.rows, _OPTIONS.to_object())


def _unheard(_fraction: float, _step: str) -> None:
    """Take no notice of progress: the main product reports it."""
