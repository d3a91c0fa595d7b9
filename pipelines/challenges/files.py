"""Files of challenges: tables of truths and test products, read by the server itself, and those of submissions."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.database import Database
from core.errors import NotFoundError
from core.files import FileStore
from pipelines.inputs.rows import RowSource
from products.adjustments.options import TableOptions
from products.adjustments.reader import open_adjusted
from products.readers import ReadLimits
from products.schema import ProductRow
from products.storage import main_file_row, product_table

__all__ = ["ChallengeFiles", "TableFile"]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A stored file with a table.

    Parameters
    ----------
    options
        How the table is taken from the file.
    """

    stored_id: str
    name: str
    size: int
    sha256: str
    options: TableOptions


class ChallengeFiles:
    """Reader of the tables of challenges.

    It reads truths whoever the caller is; what is read leaves it as identifiers of test products and as scores alone.

    Parameters
    ----------
    scratch
        Folder for what is unpacked from archives.
    """

    def __init__(self, database: Database, store: FileStore, limits: ReadLimits, scratch: Path) -> None:
        self._database = database
        self._store = store
        self._limits = limits
        self._scratch = scratch

    def of_product(self, product_id: int) -> TableFile:
        """Return the main file of a product.

        Raises
        ------
        NotFoundError
            The product has none.
        """
        with self._database.read() as session:
            row, file = session.get(ProductRow, product_id), main_file_row(session, product_id)
            table = product_table(session, product_id)
            if row is None or file is None:
                raise NotFoundError(f"The product {product_id} has no main file.")
            options = TableOptions.from_object(row.table_options if table is None else table.options)
            return TableFile(file.stored_id, file.name, file.size, file.sha256, options)

    def delete(self, file: TableFile) -> None:
        """Delete the stored file of a submission that was rejected."""
        self._store.delete(file.stored_id)

    @contextmanager
    def opened(self, file: TableFile) -> Iterator[RowSource]:
        """Open the table of a file, whose rows are read in batches.

        Raises
        ------
        UnreadableFileError
            It is no table.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=self._scratch) as folder,
            open_adjusted(
                self._store.local_path(file.stored_id),
                file.name,
                file.options,
                limits=self._limits,
                scratch=Path(folder),
            ) as rows,
        ):
            yield rows
