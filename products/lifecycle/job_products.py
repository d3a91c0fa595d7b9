"""Products made by jobs: created with the job, filled and published at its end, or marked as failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.columns import column_of_field
from core.database import Database, utc_now
from core.errors import ConflictError
from core.files import FileStore, StoredBytes
from products.files.names import checked_file_name, extension_of, media_type_of
from products.inspection.meanings import MEANINGS_BY_KEY
from products.models import FileRole, InspectionState, ProductStatus
from products.quotas import QuotaRule
from products.schema import ProductColumnRow, ProductFileRow, ProductRow

__all__ = ["JobProductService", "ResultFile", "column_rows", "file_row", "store_file"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file written by a job.

    Parameters
    ----------
    rows, details
        Of the main file: its number of rows, and the properties that its reader would find.
    """

    path: Path
    role: FileRole
    rows: int | None = None
    details: Mapping[str, object] | None = None


class JobProductService:
    """Service that gives products in processing the files and columns written by their jobs.

    Parameters
    ----------
    max_bytes
        Maximum size of a file of the result.
    quota
        Storage quota of the owner.
    """

    def __init__(self, database: Database, store: FileStore, *, max_bytes: int, quota: QuotaRule) -> None:
        self._database = database
        self._store = store
        self._max_bytes = max_bytes
        self._quota = quota

    def fill(
        self, product_id: int, job_id: str, files: Sequence[ResultFile], schema: pa.Schema, meanings: Mapping[str, str]
    ) -> None:
        """Store files, and columns with their meanings, replacing those of an earlier attempt.

        Parameters
        ----------
        schema
            The columns of the main file.
        meanings
            Keys of meanings (``ra``, ``z`` …) to column names.

        Raises
        ------
        ConflictError
            The product has been deleted.
        QuotaExceededError
            The files exceed the quota of the product's owner.
        """
        stored: list[StoredBytes] = []
        try:
            stored.extend(store_file(self._store, file.path, self._max_bytes) for file in files)
            with self._database.write() as session:
                row = _in_process(session, product_id)
                earlier = _forget(session, product_id)
                self._quota.check(session, row.owner_id, sum(each.size for each in stored), lock=True)
                row.inspection_job, row.updated_at = job_id, utc_now()
                row.inspection_state = InspectionState.NONE
                row.column_names = "\n".join(schema.names)
                session.add_all(file_row(product_id, *pair) for pair in zip(files, stored, strict=True))
                session.add_all(column_rows(product_id, schema, meanings))
        except BaseException:
            for each in stored:
                self._store.delete(each.id)
            raise
        for file_id in earlier:
            self._store.delete(file_id)

    def fail(self, product_id: int, message: str) -> None:
        """Mark a product as failed; products that are published or deleted stay as they are."""
        with self._database.write() as session:
            failed = session.scalar(
                update(ProductRow)
                .where(ProductRow.id == product_id, ProductRow.status == ProductStatus.PROCESSING)
                .values(status=ProductStatus.FAILED, inspection_error=message, updated_at=utc_now())
                .returning(ProductRow.id)
            )
            obsolete = _forget(session, product_id) if failed else []
        for file_id in obsolete:
            self._store.delete(file_id)

    def discard(self, product_id: int) -> None:
        """Delete a product whose job never started; it cannot be restored."""
        now = utc_now()
        with self._database.write() as session:
            session.execute(
                update(ProductRow)
                .where(ProductRow.id == product_id, ProductRow.status == ProductStatus.PROCESSING)
                .values(status=ProductStatus.DELETED, deleted_at=now, purged_at=now, updated_at=now)
            )


def store_file(store: FileStore, path: Path, limit: int) -> StoredBytes:
    """Store a file that a job wrote, of a limited size."""
    with path.open("rb") as file, store.stage(limit=limit) as staging:
        while chunk := file.read(_CHUNK):
            staging.write(chunk)
        return staging.finish()


def _in_process(session: Session, product_id: int) -> ProductRow:
    row = session.get(ProductRow, product_id, with_for_update={"of": ProductRow})
    if row is None or row.status != ProductStatus.PROCESSING:
        raise ConflictError("The product was deleted while its job was running; nothing was stored.")
    return row


def _forget(session: Session, product_id: int) -> list[str]:
    """Delete the rows of files and columns; return the stored ids of the files."""
    chosen = ProductFileRow.product_id == product_id
    obsolete = list(session.scalars(select(ProductFileRow.stored_id).where(chosen)))
    session.execute(delete(ProductFileRow).where(chosen))
    session.execute(delete(ProductColumnRow).where(ProductColumnRow.product_id == product_id))
    return obsolete


def file_row(product_id: int, file: ResultFile, stored: StoredBytes) -> ProductFileRow:
    """Return the row of a stored file that a job wrote."""
    name, now = checked_file_name(file.path.name), utc_now()
    return ProductFileRow(
        product_id=product_id,
        role=file.role,
        name=name,
        media_type=media_type_of(name),
        size=stored.size,
        rows=file.rows,
        extension=extension_of(name),
        details=dict(file.details or {}),
        md5=stored.md5,
        sha256=stored.sha256,
        stored_id=stored.id,
        created_at=now,
        updated_at=now,
    )


def column_rows(product_id: int, schema: pa.Schema, meanings: Mapping[str, str]) -> list[ProductColumnRow]:
    """Return the rows of columns, with the meanings of some of them."""
    by_column = {column: MEANINGS_BY_KEY[key] for key, column in meanings.items() if key in MEANINGS_BY_KEY}
    rows = []
    for position, field in enumerate(schema):
        column, meaning = column_of_field(field), by_column.get(field.name)
        ucd, alias = (column.ucd, None) if meaning is None else (meaning.ucd, meaning.alias)
        rows.append(ProductColumnRow.of(product_id, position, column, ucd=ucd, alias=alias))
    return rows
