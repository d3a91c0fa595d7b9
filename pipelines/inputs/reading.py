"""Reading of the tables of inputs from their original files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from core.columns import HEALPIX_COLUMN
from core.errors import NotFoundError
from core.files import FileStore
from core.files.kept import HeldFiles, KeptFiles
from pipelines.inputs.columns import InputTable, table_of_file
from pipelines.inputs.lookup import RunInput
from pipelines.inputs.rows import Projection, RowSource, projected, table_of
from products.adjustments.reader import AdjustedReader, open_adjusted
from products.inspection.meanings import Meanings
from products.readers import ReadLimits
from products.rows.derive import derive_rows
from products.rows.stored_file import StoredFile

__all__ = ["InputReader"]


@dataclass(frozen=True, slots=True)
class InputReader:
    """Reader of products, and of files and folders in the VOSpace.

    Parameters
    ----------
    tables
        The derived rows.
    scratch
        Folder for archives of folders, and for what is unpacked from archives.
    """

    store: FileStore
    tables: KeptFiles
    limits: ReadLimits
    scratch: Path
    _held: list[HeldFiles] = field(default_factory=list, init=False)

    def read(self, each: RunInput, projection: Projection = list) -> pa.Table:
        """Read the rows of an input."""
        with projected(self.open_rows(each), projection) as rows:
            return table_of(rows)

    @contextmanager
    def open_rows(self, each: RunInput) -> Iterator[RowSource]:
        """Open an input whose rows are read in batches."""
        if each.format == "HATS" and each.stored_table is not None:
            with self.tables.hold(each.stored_table) as held, StoredFile(held.path) as file:
                yield _StoredRows(file)
            return
        with self._opened(each) as reader:
            yield reader

    def file(self, each: RunInput) -> Path:
        """Return the path of the file of an input."""
        return self._path(each)

    def inspect(self, each: RunInput) -> InputTable:
        """Return the columns of a file in the VOSpace."""
        with self._opened(each) as reader:
            return table_of_file(each.address or each.name, reader)

    def sorted_rows(self, each: RunInput, progress: Callable[[float, str], None]) -> Path:
        """Return the Parquet file of the rows of an input, sorted by position; it is created for a file."""
        if each.stored_table is not None:
            held = self.tables.hold(each.stored_table)
            self._held.append(held)  # as long as the run reads
            return held.path
        target = self.scratch / f"{each.sha256}.parquet"
        meanings = Meanings(each.columns["ra"], each.columns["dec"])
        with self._opened(each) as reader:
            derive_rows(reader, target, meanings=meanings, progress=progress, scratch=self.scratch)
        return target

    def _opened(self, each: RunInput) -> AdjustedReader:
        path = self._path(each)
        return open_adjusted(path, each.file_name, each.options, limits=self.limits, scratch=self.scratch)

    def _path(self, each: RunInput) -> Path:
        try:
            return self._packed(each) if each.stored_id is None else self.store.local_path(each.stored_id)
        except NotFoundError:
            raise NotFoundError(f"{each.label} ({each.name}) was deleted while the run read its inputs.") from None

    def _packed(self, each: RunInput) -> Path:
        """Return the zip of the files of a folder, which is written when it is first read."""
        target = self.scratch / f"{each.sha256}.zip"
        if each.read is not None and not target.exists():
            part = target.with_suffix(".part")
            with part.open("wb") as file:
                file.writelines(each.read(0, each.size))
            part.replace(target)
        return target


class _StoredRows:
    """`RowSource` of the stored rows of a table."""

    def __init__(self, file: StoredFile) -> None:
        self._file = file
        self.schema = pa.schema([field for field in file.schema if field.name != HEALPIX_COLUMN])
        self.rows: int | None = file.metadata.num_rows
        self.details: Mapping[str, object] = {}

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        yield from self._file.iter_batches(size, columns=self.schema.names if columns is None else columns)
