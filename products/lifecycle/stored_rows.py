"""Conversion of stored rows of an earlier layout, in which columns had the names of their table."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from core.columns import HEALPIX_COLUMN
from core.database import Database
from core.errors import DamagedFileError, NotFoundError
from core.files.checksums import file_sha256
from core.files.kept import KeptFiles
from products.rows.parquet_target import ParquetTarget
from products.rows.stored_columns import stored_name, stored_schema
from products.schema import STORED_LAYOUT, ProductTableRow, UserTablePartRow, UserTableRow
from products.storage import product_columns

__all__ = ["StoredRowsUpgrade"]

_log = logging.getLogger(__name__)

_Row = TypeVar("_Row", ProductTableRow, UserTablePartRow)


class StoredRowsUpgrade:
    """Conversion of files of an earlier layout, one by one, so that it can be interrupted and continued.

    It runs before a server answers requests. The file of each table is written anew, then its row in the database is
    changed, then the old file is removed.

    Parameters
    ----------
    tables, user_tables
        The Parquet files of products and of user tables.
    """

    def __init__(self, database: Database, tables: KeptFiles, user_tables: KeptFiles) -> None:
        self._database = database
        self._tables = tables
        self._user_tables = user_tables

    def run(self, progress: Callable[[int, int], None]) -> int:
        """Convert all files, and return their number.

        Parameters
        ----------
        progress
            Called after each file with the numbers of files that are done, and of all.
        """
        products, parts = self._outdated()
        total = len(products) + len(parts)
        for done, product_id in enumerate(products, 1):
            self._convert_product(product_id)
            progress(done, total)
        for done, part_id in enumerate(parts, len(products) + 1):
            self._convert_part(part_id)
            progress(done, total)
        return total

    def _outdated(self) -> tuple[list[int], list[int]]:
        with self._database.read() as session:
            products = select(ProductTableRow.product_id).where(ProductTableRow.layout < STORED_LAYOUT)
            parts = select(UserTablePartRow.id).where(UserTablePartRow.layout < STORED_LAYOUT)
            return list(session.scalars(products)), list(session.scalars(parts))

    def _convert_product(self, product_id: int) -> None:
        with self._database.read() as session:
            row = session.get_one(ProductTableRow, product_id)
            stored_id, indexed = row.stored_id, row.ra is not None and row.dec is not None
            columns = len(product_columns(session, [product_id]))
        with _logged(stored_id):
            self._convert(self._tables, ProductTableRow, product_id, stored_id, columns, indexed=indexed)

    def _convert_part(self, part_id: int) -> None:
        with self._database.read() as session:
            part = session.get_one(UserTablePartRow, part_id)
            stored_id = part.stored_id
            columns = len(session.get_one(UserTableRow, part.table_id).columns)
        with _logged(stored_id):
            # A table of a user had no column of this name, so that one in the file is the index.
            with self._user_tables.hold(stored_id) as held:
                indexed = HEALPIX_COLUMN in pq.read_schema(held.path).names
            self._convert(self._user_tables, UserTablePartRow, part_id, stored_id, columns, indexed=indexed)

    def _convert(
        self, files: KeptFiles, kind: type[_Row], key: int, stored_id: str, columns: int, *, indexed: bool
    ) -> None:
        new_id = f"{secrets.token_hex(16)}.parquet"
        target = files.new(new_id)
        with files.hold(stored_id) as held:
            _rewrite(held.path, target, columns, indexed=indexed)
        size, sha256 = target.stat().st_size, file_sha256(target)
        files.keep(target, new_id)
        with self._database.write() as session:
            row = session.get(kind, key, with_for_update=True)
            kept = row is not None and row.stored_id == stored_id
            if row is not None and kept:
                row.stored_id, row.layout = new_id, STORED_LAYOUT
                row.size, row.sha256 = size, sha256
        files.delete(stored_id if kept else new_id)


@contextmanager
def _logged(stored_id: str) -> Iterator[None]:
    """Log that a file is missing or damaged, which must not keep a server from its other tables."""
    try:
        yield
    except (NotFoundError, DamagedFileError, OSError, pa.ArrowException, IndexError, ValueError):
        _log.exception("the stored rows %s cannot be converted", stored_id)


def _rewrite(source: Path, target: Path, columns: int, *, indexed: bool) -> None:
    """Write rows under the stored names, with the row groups and encodings of the source."""
    with pq.ParquetFile(source) as file:
        old = file.schema_arrow
        positions = list(range(columns))
        if indexed:
            positions.append(old.names.index(HEALPIX_COLUMN))
        schema = stored_schema(pa.schema([old.field(position) for position in range(columns)]), indexed=indexed)
        with ParquetTarget(target, schema, repetitive=_repetitive(file, columns)) as rows:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                arrays = [table.column(position) for position in positions]
                rows.write_group(pa.table(arrays, schema=schema))
            rows.finish()


def _repetitive(file: pq.ParquetFile, columns: int) -> list[str]:
    """Return the stored names of the columns with a dictionary."""
    if file.num_row_groups == 0:
        return []
    group, found = file.metadata.row_group(0), set()
    for number in range(group.num_columns):
        chunk = group.column(number)
        if chunk.has_dictionary_page:
            found.add(chunk.path_in_schema.split(".list.")[0])
    names = file.schema_arrow.names[:columns]
    return [stored_name(position) for position, name in enumerate(names) if name in found]
