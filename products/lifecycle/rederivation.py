"""Comparison of stored rows with those that the main files of their products give when they are read again."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import PhotozError
from core.files import FileStore
from core.files.kept import KeptFiles
from products.adjustments.options import TableOptions
from products.adjustments.reader import open_adjusted
from products.inspection.meanings import Meanings
from products.models import ProductStatus
from products.readers import ReadLimits
from products.rows.derive import derive_rows
from products.schema import ProductRow, ProductTableRow
from products.storage import main_file_row

__all__ = ["RederivedRows", "rederive_rows"]

_BATCH_ROWS = 65_536
_BITS = {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}


@dataclass(frozen=True, slots=True)
class RederivedRows:
    """A product whose rows were derived again.

    Parameters
    ----------
    problem
        How they differ from the stored ones; None when they are the same.
    """

    product: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    product: str
    file_name: str
    file_id: str
    stored_id: str
    options: TableOptions
    meanings: Meanings


def rederive_rows(
    database: Database, store: FileStore, tables: KeptFiles, scratch: Path, *, max_columns: int
) -> Iterator[RederivedRows]:
    """Derive the rows of all published products again from their main files, and compare them with the stored ones.

    Nothing is changed. Files are read in this process, without the limits of a job.

    Parameters
    ----------
    tables
        The stored rows.
    scratch
        Folder for the derived ones, each of which is removed when it has been compared.
    """
    with database.read() as session:
        sources = list(_sources(session))
    limits = ReadLimits(max_columns=max_columns)
    for source in sources:
        target = scratch / f"rederived-{secrets.token_hex(8)}.parquet"
        try:
            path = store.local_path(source.file_id)
            with open_adjusted(path, source.file_name, source.options, limits=limits, scratch=scratch) as reader:
                derive_rows(
                    reader, target, meanings=source.meanings, progress=lambda _share, _text: None, scratch=scratch
                )
            with tables.hold(source.stored_id) as held:
                problem = _difference(held.path, target)
        except PhotozError as e:
            problem = e.message
        except (OSError, pa.ArrowException) as e:
            problem = f"its stored rows cannot be read: {str(e).partition(chr(10))[0]}"
        finally:
            target.unlink(missing_ok=True)
        yield RederivedRows(source.product, problem)


def _sources(session: Session) -> Iterator[_Source]:
    published = (
        select(ProductTableRow, ProductRow.internal_name)
        .join(ProductRow, ProductRow.id == ProductTableRow.product_id)
        .where(ProductRow.status == ProductStatus.PUBLISHED)
        .order_by(ProductRow.id)
    )
    for table, product in session.execute(published):
        file = main_file_row(session, table.product_id)
        if file is not None:
            options = TableOptions.from_object(table.options)
            meanings = Meanings(ra=table.ra, dec=table.dec, z=table.z)
            yield _Source(str(product), file.name, file.stored_id, table.stored_id, options, meanings)


def _difference(stored: Path, derived: Path) -> str | None:
    with pq.ParquetFile(stored, pre_buffer=False) as old, pq.ParquetFile(derived, pre_buffer=False) as new:
        if (old.metadata.num_rows, old.schema_arrow.names) != (new.metadata.num_rows, new.schema_arrow.names):
            return (
                f"the file gives {new.metadata.num_rows} rows with {len(new.schema_arrow)} columns, and "
                f"{old.metadata.num_rows} rows with {len(old.schema_arrow)} columns are stored"
            )
        begin = 0
        for before, after in zip_longest(old.iter_batches(_BATCH_ROWS), new.iter_batches(_BATCH_ROWS)):
            for name in old.schema_arrow.names:
                if not _is_equal(before.column(name), after.column(name)):
                    return f"the column {name} differs in the rows {begin} to {begin + before.num_rows - 1}"
            begin += before.num_rows
    return None


def _is_equal(before: pa.Array, after: pa.Array) -> bool:
    """Return whether arrays have the same values; NaN equals NaN, and a text format may give another width."""
    if before.type != after.type:
        try:
            after = after.cast(before.type)
        except pa.ArrowException:
            return False
    if before.equals(after):
        return True
    if pa.types.is_floating(before.type):
        bits = _BITS[before.type.bit_width]
        return bool(before.view(bits).equals(after.view(bits)))
    if pa.types.is_list(before.type) or pa.types.is_large_list(before.type) or pa.types.is_fixed_size_list(before.type):
        lengths = pc.list_value_length(before), pc.list_value_length(after)
        return bool(lengths[0].equals(lengths[1])) and _is_equal(before.flatten(), after.flatten())
    return False
