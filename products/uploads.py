"""From a draft to a published product: files, inspection, the meaning of columns, publication."""

import time
from typing import Protocol

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from core.files import FileStore, Staging, StoredBytes
from products.access import require_change
from products.file_names import checked_file_name, extension_of, media_type_of
from products.history import record_product
from products.inspection.inspection import Inspection
from products.models import FileRole, InspectionState, Product, ProductFile, ProductStatus
from products.product_types import product_type
from products.publication import check_publication, check_values, rows_agree, wanted_meanings
from products.quotas import QuotaRule
from products.schema import ProductColumnRow, ProductFileRow, ProductRow, ProductTableRow
from products.storage import (
    file_of_row,
    find_product,
    main_file_row,
    product_columns,
    product_of_row,
    product_table,
)

__all__ = ["InspectionJobs", "UploadService"]


class InspectionJobs(Protocol):
    """The jobs that look into files; they run in processes of their own."""

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        """Make a job that waits to be run, and give its id."""

    def run(self, job_id: str, owner: str) -> None:
        """Let a job run."""

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        """Wait until a job has ended, or so many seconds."""


class UploadService:
    """Everything between the first word about a product and its publication.

    Parameters
    ----------
    max_bytes
        Largest file that is taken in.
    quota
        What people may keep; by default as much as they like.
    """

    def __init__(
        self,
        database: Database,
        store: FileStore,
        jobs: InspectionJobs,
        *,
        max_bytes: int,
        quota: QuotaRule | None = None,
    ) -> None:
        self._database = database
        self._quota = quota or QuotaRule()
        self._store = store
        self._jobs = jobs
        self.max_bytes = max_bytes

    # --- files

    def stage(self, identity: Identity, product_id: int, role: FileRole, *, announced: int = 0) -> Staging:
        """Check that a file may be added now, before its bytes arrive, and make room for them.

        Parameters
        ----------
        announced
            Bytes that are said to come.

        Raises
        ------
        QuotaExceededError
            They do not fit into the owner's quota.
        """
        with self._database.read() as session:
            product = self._open_for_files(session, identity, product_id, role)
            self._quota.check(session, product.owner_id, announced)
        return self._store.stage(limit=self.max_bytes)

    def add_file(
        self, identity: Identity, product_id: int, role: FileRole, name: str, stored: StoredBytes
    ) -> ProductFile:
        """Register a file whose bytes are in place; when that fails the bytes are removed again.

        Raises
        ------
        ConflictError
            There is a main file already, or a file of this name.
        InvalidValueError
            The file is empty, or its name cannot be used.
        """
        try:
            return self._register(identity, product_id, role, name, stored)
        except BaseException:
            self._store.delete(stored.id)
            raise

    def _register(
        self, identity: Identity, product_id: int, role: FileRole, name: str, stored: StoredBytes
    ) -> ProductFile:
        if stored.size == 0:
            message = "The submitted file is empty."
            raise InvalidValueError(message, field="file")
        name, now = checked_file_name(name), utc_now()
        row = ProductFileRow(
            product_id=product_id,
            role=role,
            name=name,
            media_type=media_type_of(name),
            size=stored.size,
            extension=extension_of(name),
            details={},
            md5=stored.md5,
            sha256=stored.sha256,
            stored_id=stored.id,
            created_at=now,
            updated_at=now,
        )
        try:
            with self._database.write() as session:
                product = self._open_for_files(session, identity, product_id, role, lock=True)
                self._quota.check(session, product.owner_id, stored.size, lock=True)
                self._quota.check_files(session, product.id)
                session.add(row)
                product.updated_at = now
                record_product(session, identity, "add file", product, file=name, role=role.label, size=stored.size)
                if role is FileRole.MAIN:
                    _forget_inspection(session, product)
                session.flush()
                return file_of_row(row)
        except IntegrityError as e:
            message = f"This product already has a file named '{name}'; remove it first, or rename the new one."
            raise ConflictError(message, field="file") from e

    def remove_file(self, identity: Identity, file_id: int) -> None:
        """Remove a file; the main file only before publication."""
        with self._database.write() as session:
            row, product = _find_file(session, identity, file_id)
            require_change(identity, product)
            if row.role == FileRole.MAIN:
                if product.status != ProductStatus.REGISTERING:
                    message = "The main file of a published product stays; make a new product for a new file."
                    raise ConflictError(message)
                _forget_inspection(session, product)
            session.delete(row)
            record_product(session, identity, "remove file", product, file=row.name, sha256=row.sha256)
            product.updated_at = utc_now()
            stored_id = row.stored_id
        self._store.delete(stored_id)

    # --- inspection

    def inspect(self, identity: Identity, product_id: int) -> Product:
        """Start looking into the main file; a job that does so already is left alone."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row)
            if row.status != ProductStatus.REGISTERING or row.inspection_state == InspectionState.RUNNING:
                return product_of_row(row)
            if main_file_row(session, row.id) is None:
                message = "Send the main file first."
                raise ConflictError(message, field="file")
        return self._start_job(row.id, row.owner.name, publish=False)

    def wait_for_inspection(self, identity: Identity, product_id: int, seconds: float) -> Product:
        """Give the product once its inspection has ended, or as it is after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            with self._database.read() as session:
                product = product_of_row(find_product(session, identity, product_id))
            left = deadline - time.monotonic()
            if product.inspection_state is not InspectionState.RUNNING or product.inspection_job is None or left <= 0:
                return product
            self._jobs.wait(product.inspection_job, product.owner, left)

    def _start_job(self, product_id: int, owner: str, *, publish: bool) -> Product:
        job_id = self._jobs.create(product_id, owner, publish=publish)
        with self._database.write() as session:
            row = session.get_one(ProductRow, product_id, with_for_update={"of": ProductRow})
            if row.status != ProductStatus.REGISTERING or row.inspection_state == InspectionState.RUNNING:
                # Somebody was quicker, or deleted it; the job that was just made is never run.
                return product_of_row(row)
            row.inspection_state = InspectionState.RUNNING
            row.inspection_job, row.inspection_error = job_id, None
            if publish:
                row.status = ProductStatus.PROCESSING
            product = product_of_row(row)
        self._jobs.run(job_id, owner)
        return product

    # --- publication

    def publish(self, identity: Identity, product_id: int, *, seconds: float = 0) -> Product:
        """Publish a product, once every mandatory column has its meaning.

        When the columns of position or redshift are not those that inspection guessed, the rows are derived anew
        by a job, and the product is published at its end; ``seconds`` is how long to wait for that.

        Raises
        ------
        MissingColumnsError
            Mandatory meanings are not given to any column.
        ConflictError
            There is no main file, or it was not inspected yet, or inspection failed.
        """
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row)
            if row.status == ProductStatus.PUBLISHED:
                return product_of_row(row)
            kind = product_type(row.product_type_id)
            columns = product_columns(session, [row.id])
            main_file = main_file_row(session, row.id)
            check_publication(kind, product_of_row(row), columns, None if main_file is None else file_of_row(main_file))
            table = product_table(session, row.id)
            agree = table is None or rows_agree(table, wanted_meanings(columns))
            if agree and table is not None and row.inspection is not None:
                check_values(kind, Inspection.from_json(row.inspection))
            record_product(session, identity, "publish", row, visibility=row.visibility)
            if agree:
                row.status = ProductStatus.PUBLISHED
                row.published_at = row.updated_at = utc_now()
                return product_of_row(row)
            owner = row.owner.name
        self._start_job(product_id, owner, publish=True)
        product = self.wait_for_inspection(identity, product_id, seconds)
        if product.status is ProductStatus.REGISTERING and product.inspection_state is InspectionState.DONE:
            # The values of the chosen columns were refused when they had been read.
            raise InvalidValueError(product.inspection_error or "The product was not published; try again.")
        return product

    def _open_for_files(
        self, session: Session, identity: Identity, product_id: int, role: FileRole, *, lock: bool = False
    ) -> ProductRow:
        product = find_product(session, identity, product_id, lock=lock)
        require_change(identity, product)
        if role is FileRole.MAIN:
            if product.status != ProductStatus.REGISTERING:
                message = "The main file of a published product stays; make a new product for a new file."
                raise ConflictError(message, field="file")
            if main_file_row(session, product_id) is not None:
                message = "This product already has a main file; remove it first."
                raise ConflictError(message, field="file")
        return product


def _find_file(session: Session, identity: Identity, file_id: int) -> tuple[ProductFileRow, ProductRow]:
    """Find a file and its product; the words are the same when there is none and when it may not be read."""
    row = session.get(ProductFileRow, file_id)
    try:
        product = None if row is None else find_product(session, identity, row.product_id, lock=True)
    except NotFoundError:
        product = None
    if row is None or product is None:
        message = f"There is no file number {file_id}."
        raise NotFoundError(message)
    return row, product


def _forget_inspection(session: Session, product: ProductRow) -> None:
    product.inspection_state = InspectionState.NONE
    product.inspection_job = product.inspection_error = product.inspection = None
    for table in (ProductColumnRow, ProductTableRow):
        session.execute(delete(table).where(table.product_id == product.id))
