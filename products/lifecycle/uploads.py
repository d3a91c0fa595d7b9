"""From a draft to a published product: files, inspection, the meaning of columns, publication."""

import time
from typing import Protocol

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError
from core.files import FileStore
from products.access import require_change
from products.files.product_files import ProductFiles
from products.inspection.inspection import Inspection
from products.models import InspectionState, Product, ProductStatus
from products.product_types import product_type
from products.quotas import QuotaRule
from products.schema import ProductRow
from products.storage import (
    file_of_row,
    find_product,
    main_file_row,
    product_columns,
    product_of_row,
    product_table,
    record_product,
)
from products.validation import check_publication, check_values, rows_agree, wanted_meanings

__all__ = ["InspectionJobs", "UploadService"]


class InspectionJobs(Protocol):
    """The jobs that look into files; they run in processes of their own."""

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        """Make a job that waits to be run, and give its id."""

    def run(self, job_id: str, owner: str) -> None:
        """Let a job run."""

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        """Wait until a job has ended, or so many seconds."""


class UploadService(ProductFiles):
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
        super().__init__(database, store, max_bytes=max_bytes, quota=quota)
        self._jobs = jobs

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
