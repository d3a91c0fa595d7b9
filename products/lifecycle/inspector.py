"""Inspection job: read the main file of a product, store what was found, and write its rows as Parquet.

It runs in a worker process, because it parses untrusted files. The findings are stored in one transaction at the end,
and only if the product still has the file that was read.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.database import Database, utc_now
from core.errors import InvalidValueError, UnreadableFileError
from core.files import FileStore
from core.files.checksums import file_sha256
from core.files.kept import KeptFiles
from products.adjustments.options import AS_GIVEN, TableOptions
from products.adjustments.reader import AdjustedReader, open_adjusted
from products.inspection.inspection import Inspection
from products.inspection.meanings import Meanings
from products.inspection.position_warnings import open_question, text_positions
from products.lifecycle.findings import StoredRows, store_columns, store_table
from products.models import InspectionState, ProductStatus
from products.product_types import product_type
from products.readers import ReadLimits, TableReader
from products.rows.derive import derive_rows, guessed_meanings
from products.rows.distinct_values import with_distinct_estimates
from products.schema import ProductFileRow, ProductRow, ProductTableRow
from products.storage import main_file_row, product_columns
from products.validation import check_positions, check_values, wanted_meanings

__all__ = ["Beside", "Inspector"]

#: Adds rows of further products in the transaction that publishes the one whose row it is given.
Beside = Callable[[Session, ProductRow], None]
_MOST_FORMS = 6


@dataclass(frozen=True, slots=True)
class _Task:
    product_id: int
    job_id: str
    file_id: int
    file_name: str
    stored_id: str
    tabular: bool
    meanings: Meanings | None
    options: TableOptions


class Inspector:
    """Inspect main files, store the findings, and write the derived rows.

    Parameters
    ----------
    tables
        The Parquet files that the query engine reads.
    max_columns
        Maximum number of columns of a table.
    """

    def __init__(self, database: Database, store: FileStore, tables: KeptFiles, *, max_columns: int) -> None:
        self._database = database
        self._store = store
        self._tables = tables
        self._limits = ReadLimits(max_columns=max_columns)

    def run(
        self,
        product_id: int,
        job_id: str,
        *,
        publish: bool,
        progress: Callable[[float, str], None],
        scratch: Path,
    ) -> None:
        """Inspect the main file of a product; with ``publish``, also publish the product.

        Raises
        ------
        UnreadableFileError, TooLargeError
            The file is not a readable table, and the product's type requires one.
        """
        task = self._begin(product_id, job_id)
        if task is None:
            return
        try:
            path = self._store.local_path(task.stored_id)
            with open_adjusted(path, task.file_name, task.options, limits=self._limits, scratch=scratch) as reader:
                self._inspect(task, reader, publish=publish, progress=progress, scratch=scratch)
        except UnreadableFileError as e:
            if task.tabular:
                raise
            self._store_not_a_table(task, e.message)

    def publish_table(
        self,
        product_id: int,
        job_id: str,
        reader: TableReader,
        *,
        progress: Callable[[float, str], None],
        scratch: Path,
        beside: AbstractContextManager[Beside | None] | None = None,
    ) -> bool:
        """Publish a product with the table from which its main file was written; return False if it was deleted.

        Parameters
        ----------
        job_id
            The job that makes the product; the product must still belong to it.
        beside
            Is entered when the rows are written, and gives what is called in the transaction that publishes the
            product.
        """
        task = self._begin(product_id, job_id)
        return task is not None and self._inspect(
            task, reader, publish=True, progress=progress, scratch=scratch, beside=beside
        )

    def _inspect(
        self,
        task: _Task,
        reader: TableReader,
        *,
        publish: bool,
        progress: Callable[[float, str], None],
        scratch: Path,
        beside: AbstractContextManager[Beside | None] | None = None,
    ) -> bool:
        stored_id = f"{secrets.token_hex(16)}.parquet"
        target = self._tables.new(stored_id)
        kept = False
        try:
            meanings = _meanings(task, reader)
            inspection = derive_rows(reader, target, meanings=meanings, progress=progress, scratch=scratch)
            inspection = with_distinct_estimates(inspection, target)
            if isinstance(reader, AdjustedReader):
                inspection = _completed(inspection, reader)
            stored = StoredRows(stored_id, target.stat().st_size, file_sha256(target))
            self._tables.keep(target, stored_id)
            with beside or nullcontext() as add:
                kept = self._store_findings(task, reader, inspection, stored, publish=publish, add=add)
        finally:
            if not kept:
                self._tables.delete(stored_id)
        return kept

    def _begin(self, product_id: int, job_id: str) -> _Task | None:
        with self._database.read() as session:
            row = session.get(ProductRow, product_id)
            file = main_file_row(session, product_id)
            if row is None or file is None or row.inspection_job != job_id:
                return None
            chosen = _chosen_meanings(session, product_id)
            kind = product_type(row.product_type_id)
            options = TableOptions.from_object(row.table_options)
            return _Task(product_id, job_id, file.id, file.name, file.stored_id, kind.tabular, chosen, options)

    def _store_findings(
        self,
        task: _Task,
        reader: TableReader,
        inspection: Inspection,
        stored: StoredRows,
        *,
        publish: bool,
        add: Beside | None = None,
    ) -> bool:
        with self._database.write() as session:
            row = _still_wanted(session, task)
            if row is None:
                return False
            old = session.get(ProductTableRow, task.product_id)
            obsolete = None if old is None else old.stored_id
            store_columns(session, task.product_id, inspection, as_given=task.options.position == AS_GIVEN)
            store_table(session, row, inspection, stored, _options_of(reader))
            session.execute(
                update(ProductFileRow)
                .where(ProductFileRow.id == task.file_id)
                .values(rows=inspection.rows, details={"format": reader.format, **reader.details})
            )
            row.inspection = inspection.to_json()
            row.inspection_state, row.inspection_error = InspectionState.DONE, None
            row.updated_at = utc_now()
            if publish:
                _publish(row, inspection)
            if add is not None:
                add(session, row)
        if obsolete is not None:
            self._tables.delete(obsolete)
        return True

    def _store_not_a_table(self, task: _Task, message: str) -> None:
        with self._database.write() as session:
            row = _still_wanted(session, task)
            if row is not None:
                row.inspection_state = InspectionState.NOT_A_TABLE
                row.inspection_error = message
                row.updated_at = utc_now()


def _publish(row: ProductRow, inspection: Inspection) -> None:
    """Publish a product, or return it to its owner as a draft when its values contradict the column meanings."""
    try:
        check_positions(inspection, inspection.meanings, TableOptions.from_object(row.table_options))
        check_values(product_type(row.product_type_id), inspection)
    except InvalidValueError as e:
        row.status, row.inspection_error = ProductStatus.REGISTERING, e.message
    else:
        row.status, row.published_at = ProductStatus.PUBLISHED, utc_now()


def _chosen_meanings(session: Session, product_id: int) -> Meanings | None:
    """Return the meanings that the owner chose, completed by earlier guesses; None before any choice."""
    wanted = wanted_meanings(product_columns(session, [product_id]))
    if wanted == Meanings():
        return None
    guessed = session.get(ProductTableRow, product_id)
    position = (wanted.ra, wanted.dec)
    if not wanted.has_position and guessed is not None:
        position = (guessed.ra, guessed.dec)
    return Meanings(*position, z=wanted.z or (guessed.z if guessed is not None else None))


def _still_wanted(session: Session, task: _Task) -> ProductRow | None:
    row = session.get(ProductRow, task.product_id, with_for_update={"of": ProductRow})
    file = main_file_row(session, task.product_id)
    if row is None or row.inspection_job != task.job_id or row.status == ProductStatus.DELETED:
        return None
    return row if file is not None and file.stored_id == task.stored_id else None


def _meanings(task: _Task, reader: TableReader) -> Meanings | None:
    """Return the columns by which rows are placed: the chosen ones, or those guessed if they are ICRS degrees."""
    chosen = task.meanings
    if not isinstance(reader, AdjustedReader) or (chosen is not None and chosen.has_position):
        return chosen
    found = guessed_meanings(reader)
    z = found.z if chosen is None or chosen.z is None else chosen.z
    if found.has_position and reader.problem_of(found):
        return Meanings(z=z)
    return Meanings(found.ra, found.dec, z)


def _completed(inspection: Inspection, reader: AdjustedReader) -> Inspection:
    """Return an inspection with what is known of the tables of the file and of the positions."""
    question = open_question(reader.forms)
    proposed = [guess.meaning for guess in inspection.guesses]
    sentences = (*([question] if question else []), *text_positions(inspection.columns, reader.forms, proposed))
    return replace(
        inspection,
        notes=(*inspection.notes, *sentences),
        position_forms=reader.forms[:_MOST_FORMS],
        derived_from=reader.options.form,
        derived_columns=reader.derived_columns,
        tables=reader.tables,
    )


def _options_of(reader: TableReader) -> dict[str, Any]:
    return (reader.options if isinstance(reader, AdjustedReader) else TableOptions()).to_object()
