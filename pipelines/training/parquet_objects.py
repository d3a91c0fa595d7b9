"""Object source from Parquet files; only rows in reach are read in full."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError, UnreadableFileError
from core.sky.healpix import FINEST_ORDER
from pipelines.crossmatch.objects import NearObjects
from pipelines.crossmatch.reach import Reach
from pipelines.training.objects import near_rows
from products.rows.stored_file import StoredFile

__all__ = ["ParquetObjects", "ParquetPart", "RowGroup", "near_in_group", "parquet_part"]

#: Rows that are held at a time, of all chosen columns.
_ROWS_AT_A_TIME = 131_072

#: Partition columns of a HATS catalogue.
_PARTITION_COLUMNS = frozenset({"Norder", "Dir", "Npix"})


@dataclass(frozen=True, slots=True)
class ParquetPart:
    """One file, with the range of cells of order 29 that its path declares, if any."""

    path: Path
    cells: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows of a file that are read together.

    Parameters
    ----------
    index
        Column with the HEALPix index of the rows; empty when there is none.
    is_near
        Whether any of them may be in reach.
    """

    path: Path
    number: int
    rows: int
    index: str
    is_near: bool


class ParquetObjects:
    """Objects in Parquet files with the same columns.

    Parameters
    ----------
    parts
        The files.
    position
        Columns of right ascension and declination, if the catalogue declares them.
    index
        Column with the NESTED HEALPix index of order 29, by which row groups are left out.

    Raises
    ------
    InvalidValueError
        When there is no file.
    UnreadableFileError
        When a file is not Parquet.
    """

    def __init__(
        self,
        parts: Sequence[ParquetPart],
        *,
        position: tuple[str, str] | None = None,
        index: str = HEALPIX_COLUMN,
        rows: int | None = None,
    ) -> None:
        if not parts:
            raise InvalidValueError("The object catalogue has no Parquet file.", field="inputs.dataset.path")
        self._parts = parts
        self._index = index
        with _opened(parts[0].path) as file:
            schema = file.schema
            self.rows: int | None = file.metadata.num_rows if len(parts) == 1 else rows
        hidden = _PARTITION_COLUMNS if index in schema.names else frozenset()
        self.schema: pa.Schema = pa.schema([field for field in schema if field.name not in hidden])
        self.position = position

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Yield the columns of the rows in reach; files beyond it are opened only to count their rows, if need be."""
        passed = 0
        for part in self._parts:
            is_beyond = part.cells is not None and not reach.overlaps(*part.cells)
            if is_beyond and self.rows is not None:
                continue
            with _opened(part.path) as file:
                passed += file.metadata.num_rows
                if is_beyond:
                    yield NearObjects(file.metadata.num_rows, None)
                    continue
                for group in self._groups(file, part, reach):
                    yield from _near_in_group(file, group, reach, position, columns)
        if self.rows is not None and self.rows > passed:
            yield NearObjects(self.rows - passed, None)

    def groups(self, reach: Reach) -> Iterator[RowGroup]:
        """Return all row groups, in the order in which `near` reads them."""
        for part in self._parts:
            with _opened(part.path) as file:
                yield from self._groups(file, part, reach)

    def read(self, projection: Callable[[Sequence[str]], list[str]] = list) -> pa.Table:
        """Read all rows, file by file, without the index and the partition columns."""
        names = projection([name for name in self.schema.names if name not in {self._index, *_PARTITION_COLUMNS}])
        tables = []
        for part in self._parts:
            with _opened(part.path) as file:
                _refuse_missing(file, names, part.path)
                tables.append(file.read(names))
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()

    def _groups(self, file: StoredFile, part: ParquetPart, reach: Reach) -> Iterator[RowGroup]:
        overlaps = part.cells is None or reach.overlaps(*part.cells)
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            is_near = overlaps and self._may_be_near(file, number, reach)
            yield RowGroup(part.path, number, rows, self._index, is_near)

    def _may_be_near(self, file: StoredFile, group: int, reach: Reach) -> bool:
        if self._index not in file.names:
            return True
        statistics = file.statistics(group, self._index)
        if statistics is None or not statistics.has_min_max:
            return True
        return reach.overlaps(int(statistics.min), int(statistics.max))


def near_in_group(
    group: RowGroup, reach: Reach, position: tuple[str, str], columns: Sequence[str]
) -> tuple[NearObjects, ...]:
    """Return the columns of the rows in reach of one row group; also runs on Dask workers."""
    with _opened(group.path) as file:
        return tuple(_near_in_group(file, group, reach, position, columns))


def parquet_part(path: Path) -> ParquetPart:
    """Return a file with the cells in its HATS path ``Norder=K/Dir=D/Npix=N``."""
    keys = dict(piece.removesuffix(".parquet").split("=", 1) for piece in path.parts if "=" in piece)
    order, pixel = keys.get("Norder", ""), keys.get("Npix", "")
    if not (order.isdigit() and pixel.isdigit() and int(order) <= FINEST_ORDER):
        return ParquetPart(path)
    shift = 2 * (FINEST_ORDER - int(order))
    return ParquetPart(path, (int(pixel) << shift, ((int(pixel) + 1) << shift) - 1))


def _near_in_group(
    file: StoredFile, group: RowGroup, reach: Reach, position: tuple[str, str], columns: Sequence[str]
) -> Iterator[NearObjects]:
    if not group.is_near:
        yield NearObjects(group.rows, None)
        return
    wanted = list(columns)
    names = [group.index] if group.index in file.names else list(position)
    _refuse_missing(file, [*names, *wanted], group.path)
    # The place of a row is read first: where nothing is near, the many other columns are not read at all.
    places = file.read_row_group(group.number, names).combine_chunks()
    batches = places.to_batches()
    near = near_rows(batches[0], reach, position, group.index) if batches else np.empty(0, np.int64)
    if not len(near):
        yield NearObjects(group.rows, None)
        return
    start = 0
    for batch in file.iter_batches(_ROWS_AT_A_TIME, row_groups=[group.number], columns=wanted):
        beyond = start + batch.num_rows
        rows = near[np.searchsorted(near, start) : np.searchsorted(near, beyond)] - start
        chosen = batch.take(pa.array(rows)) if len(rows) else None
        yield NearObjects(batch.num_rows, chosen)
        start = beyond


def _opened(path: Path) -> StoredFile:
    try:
        return StoredFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableFileError(f"The file {path.name} of the object catalogue cannot be read: {error}") from error


def _refuse_missing(file: StoredFile, names: list[str], path: Path) -> None:
    missing = [name for name in names if name not in file.names]
    if missing:
        raise UnreadableFileError(f"The file {path.name} lacks the column '{missing[0]}' that other files have.")
