"""Tables of inputs, read from the files that their owners sent when the pipeline comes to them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN
from core.files import FileStore
from pipelines.inputs import InputProduct
from products.readers import ReadLimits, open_table

__all__ = ["InputReader", "LazyTables", "read_table"]

#: Given the names of all columns, lists those that are wanted.
Projection = Callable[[Sequence[str]], list[str]]


def read_table(
    path: Path,
    name: str,
    projection: Projection = list,
    *,
    limits: ReadLimits | None = None,
    scratch: Path | None = None,
) -> pa.Table:
    """Read a whole file, in the order of its rows."""
    with open_table(path, name, limits=limits, scratch=scratch) as reader:
        names = projection(reader.schema.names)
        schema = pa.schema([reader.schema.field(column) for column in names])
        return pa.Table.from_batches(reader.batches(names), schema=schema)


@dataclass(frozen=True, slots=True)
class InputReader:
    """Reads products.

    Parameters
    ----------
    tables
        Folder of the derived rows.
    scratch
        Where archives are unpacked.
    """

    store: FileStore
    tables: Path
    limits: ReadLimits
    scratch: Path

    def read(self, product: InputProduct, projection: Projection = list) -> pa.Table:
        """Read the rows of a product."""
        if product.main_file.details.get("format") == "HATS" and product.stored_table is not None:
            # A HATS catalogue is sorted as the derived rows are.
            path = self.tables / product.stored_table
            with pq.ParquetFile(path) as file:
                names = [name for name in file.schema_arrow.names if name != HEALPIX_COLUMN]
                return file.read(columns=projection(names)).combine_chunks()
        path = self.store.local_path(product.main_file.stored_id)
        return read_table(path, product.main_file.name, projection, limits=self.limits, scratch=self.scratch)


class LazyTables(Mapping[str, pa.Table]):
    """Tables by name, each read when it is asked for, so that they need not be in memory together."""

    def __init__(self, readers: Mapping[str, Callable[[], pa.Table]]) -> None:
        self._readers = readers

    def __getitem__(self, name: str) -> pa.Table:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)
