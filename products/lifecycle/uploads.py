"""Service of uploads: from a draft, its files and their inspection to a published product."""

import time
from collections.abc import Collection
from typing import Protocol

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError
from core.files import FileStore
from products.access import require_change
from products.adjustments.options import TableOptions
from products.files.product_files import ProductFiles
from products.inspection.inspection import Inspection
from products.lifecycle.column_checks import check_columns
from products.models import InspectionState, Product, ProductStatus
from products.product_types import product_type
from products.quotas import QuotaRule
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from products.storage import (
    file_of_row,
    find_product,
    main_file_row,
    product_columns,
    product_of_row,
    product_table,
    record_product,
)
from products.validation import (
    check_publication,
    rows_agree,
    wanted_meanings,
)

__all__ = ["InspectionJobs", "UploadService"]


class InspectionJobs(Protocol):
    """Protocol of the jobs that inspect files in worker processes."""

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        """Create a pending job and return its id."""

    def run(self, job_id: str, owner: str) -> None:
        """Queue a job."""

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        """Wait until a job has ended, at most so many seconds."""


class UploadService(ProductFiles):
    """Inspect and publish drafts, and add their files.

    Parameters
    ----------
    max_bytes
        Maximum size of a file.
    quota
        Storage quota; unlimited by default.
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
        super().__init__(database, store, max_bytes=max_bytes, quota=quota)
        self._jobs = jobs

    # --- inspection

    def inspect(self, identity: Identity, product_id: int) -> Product:
        """Start the inspection of the main file, unless one is running."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row)
            if row.status != ProductStatus.REGISTERING or row.inspection_state == InspectionState.RUNNING:
                return product_of_row(row)
            if main_file_row(session, row.id) is None:
                message = "Send the main file first."
                raise ConflictError(message, field="file")
        return self._start_job(row.id, row.owner.name, publish=False)

    def take_table(self, identity: Identity, product_id: int, options: TableOptions) -> Product:
        """Choose how the table of a draft is taken from its main file, and inspect the file again.

        Raises
        ------
        ConflictError
            The product is published, or its file is being inspected.
        """
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row)
            if row.status != ProductStatus.REGISTERING:
                message = "The table of a published product cannot be changed; make a new version of the product."
                raise ConflictError(message)
            if row.inspection_state == InspectionState.RUNNING:
                message = "The main file is being inspected; choose when the inspection has ended."
                raise ConflictError(message)
            before, chosen = TableOptions.from_object(row.table_options), options.to_object()
            if before.to_object() == chosen:
                return product_of_row(row)
            if before.table == options.table:
                _check_columns(options, [item.column.name for item in product_columns(session, [row.id])])
            row.table_options = chosen
            if (before.position, before.table) != (options.position, options.table):
                _forget_position(session, row.id)
        return self.inspect(identity, product_id)

    def wait_for_inspection(self, identity: Identity, product_id: int, seconds: float) -> Product:
        """Return the product once its inspection has ended, or as it is after so many seconds."""
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
                # Another request was faster, or the product was deleted; the new job is never run.
                return product_of_row(row)
            row.inspection_state = InspectionState.RUNNING
            row.inspection_job, row.inspection_error = job_id, None
            if publish:
                row.status = ProductStatus.PROCESSING
            product = product_of_row(row)
        self._jobs.run(job_id, owner)
        return product

    def check_meanings(self, identity: Identity, product_id: int) -> None:
        """Raise InvalidValueError when a column cannot have the meaning that it was given, as far as that is known.

        The mandatory meanings that no column has are left to `publish`.
        """
        with self._database.read() as session:
            row = find_product(session, identity, product_id)
            columns = product_columns(session, [row.id])
            check_columns(product_type(row.product_type_id), columns, *_inspected(row))

    # --- publication

    def publish(self, identity: Identity, product_id: int, *, seconds: float = 0) -> Product:
        """Publish a product whose mandatory meanings are all given.

        When the columns of position or redshift differ from those that inspection guessed, a job derives the rows again
        and publishes the product at its end; ``seconds`` is how long to wait for it.

        Raises
        ------
        MissingColumnsError
            Mandatory meanings are not given to any column.
        ConflictError
            There is no main file, it was not inspected yet, or inspection failed.
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
            wanted = wanted_meanings(columns)
            agree = table is None or rows_agree(table, wanted)
            check_columns(kind, columns, *_inspected(row))
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


def _inspected(row: ProductRow) -> tuple[Inspection | None, TableOptions]:
    """Return what the inspection of a product found, and the options of its table."""
    found = None if row.inspection is None else Inspection.from_json(row.inspection)
    return found, TableOptions.from_object(row.table_options)


def _check_columns(options: TableOptions, names: Collection[str]) -> None:
    """Raise InvalidValueError when an option names a column that an inspected table does not have."""
    form = options.form
    named = [*options.missing_values, *(() if form is None else filter(None, form.columns))]
    if names and (unknown := [name for name in named if name not in names]):
        raise InvalidValueError(f"The table has no column '{unknown[0][:100]}'.", field=unknown[0][:100])


def _forget_position(session: Session, product_id: int) -> None:
    """Remove what was chosen and guessed as position, because other columns are derived now."""
    session.execute(update(ProductTableRow).where(ProductTableRow.product_id == product_id).values(ra=None, dec=None))
    session.execute(
        update(ProductColumnRow)
        .where(ProductColumnRow.product_id == product_id, ProductColumnRow.alias.in_(("RA", "Dec")))
        .values(alias=None)
    )
