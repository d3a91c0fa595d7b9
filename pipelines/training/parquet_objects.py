"""Object source from Parquet files; only rows in reach are read in full."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError, UnreadableFileError
from pipelines.crossmatch.objects import NearObjects
from pipelines.crossmatch.reach import Reach
from pipelines.inputs.catalogue_folders import Address, name_of, opened_file
from pipelines.inputs.partition_lists import ParquetPart
from pipelines.inputs.rows import RowSource
from pipelines.training.objects import near_rows
from products.rows.stored_file import StoredFile

__all__ = ["ParquetObjects", "Piece", "near_in_piece"]

#: Rows that are held at a time, of all chosen columns.
_ROWS_AT_A_TIME = 131_072

#: Partition columns of a HATS catalogue.
_PARTITION_COLUMNS = frozenset({"Norder", "Dir", "Npix"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or one of its row groups, that is read at a time, by this process or by a worker.

    Parameters
    ----------
    index
        Column with the HEALPix index of the rows; empty when there is none.
    group
        Number of the row group; None for the whole file.
    """

    part: ParquetPart
    index: str
    group: int | None = None


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
        with opened_file(parts[0].path) as file:
            schema = file.schema
            self.rows: int | None = file.metadata.num_rows if len(parts) == 1 else _declared(rows, parts)
        hidden = _PARTITION_COLUMNS if index in schema.names else frozenset()
        self.schema: pa.Schema = pa.schema([field for field in schema if field.name not in hidden])
        self.position = position

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Yield the columns of the rows in reach; files beyond it are opened only to count their rows, if need be."""
        passed = 0
        for part in self._parts_near(reach):
            for near in near_in_piece(Piece(part, self._index), reach, position, columns):
                passed += near.passed
                yield near
        yield NearObjects(self.rows_beyond(reach, passed), None)

    def pieces(self, reach: Reach) -> Iterator[Piece]:
        """Return what `near` reads, in its order, in pieces for workers: partitions, and row groups of other files."""
        for part in self._parts_near(reach):
            if part.cells is not None:
                yield Piece(part, self._index)
                continue
            with opened_file(part.path) as file:
                groups = file.num_row_groups
            yield from (Piece(part, self._index, group) for group in range(groups))

    def rows_beyond(self, reach: Reach, passed: int) -> int:
        """Return the number of rows in files beyond reach, of which no other is opened if the catalogue declares it.

        Parameters
        ----------
        passed
            Number of rows in the other files.
        """
        if self.rows is not None:
            return max(self.rows - passed, 0)
        count = 0
        for part in self._parts:
            if not _is_near(part, reach):
                count += _rows_of(part)
        return count

    def all_rows(self) -> RowSource:
        """Return all rows, file by file, without the index and the partition columns."""
        return _AllRows(self._parts, frozenset({self._index, *_PARTITION_COLUMNS}))

    def _parts_near(self, reach: Reach) -> Iterator[ParquetPart]:
        return (part for part in self._parts if _is_near(part, reach))


class _AllRows:
    """`RowSource` of files whose columns may differ in type; they are read as the type that holds all values."""

    def __init__(self, parts: Sequence[ParquetPart], hidden: frozenset[str]) -> None:
        self._parts = parts
        schemas = []
        self.rows: int | None = 0
        for part in parts:
            with opened_file(part.path) as file:
                schemas.append(pa.schema([field for field in file.schema if field.name not in hidden]))
                self.rows += file.metadata.num_rows
        unified = pa.unify_schemas(schemas, promote_options="permissive")
        self.schema: pa.Schema = pa.schema([unified.field(name) for name in schemas[0].names])
        self.details: Mapping[str, object] = {}

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        names = self.schema.names if columns is None else list(columns)
        schema = pa.schema([self.schema.field(name) for name in names])
        for part in self._parts:
            with opened_file(part.path) as file:
                _refuse_missing(file, names, part.path)
                for batch in file.iter_batches(size, columns=names):
                    yield from pa.Table.from_batches([batch]).select(names).cast(schema).to_batches()


def near_in_piece(
    piece: Piece, reach: Reach, position: tuple[str, str], columns: Sequence[str]
) -> Iterator[NearObjects]:
    """Yield the columns of the rows in reach of a piece; every row of it is counted once."""
    with opened_file(piece.part.path) as file:
        for number in range(file.num_row_groups) if piece.group is None else (piece.group,):
            group = _RowGroup(piece.part.path, number, file.metadata.row_group(number).num_rows, piece.index)
            if _may_be_near(file, group, reach):
                yield from _near_in_group(file, group, reach, position, columns)
            else:
                yield NearObjects(group.rows, None)


def _declared(rows: int | None, parts: Sequence[ParquetPart]) -> int | None:
    counts = [part.rows for part in parts if part.rows is not None]
    return sum(counts) if rows is None and len(counts) == len(parts) else rows


@dataclass(frozen=True, slots=True)
class _RowGroup:
    path: Address
    number: int
    rows: int
    index: str


def _is_near(part: ParquetPart, reach: Reach) -> bool:
    return part.cells is None or reach.overlaps(*part.cells)


def _rows_of(part: ParquetPart) -> int:
    if part.rows is not None:
        return part.rows
    with opened_file(part.path) as file:
        return int(file.metadata.num_rows)


def _may_be_near(file: StoredFile, group: _RowGroup, reach: Reach) -> bool:
    if group.index not in file.names:
        return True
    statistics = file.statistics(group.number, group.index)
    if statistics is None or not statistics.has_min_max:
        return True
    return reach.overlaps(int(statistics.min), int(statistics.max))


def _near_in_group(
    file: StoredFile, group: _RowGroup, reach: Reach, position: tuple[str, str], columns: Sequence[str]
) -> Iterator[NearObjects]:
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


def _refuse_missing(file: StoredFile, names: list[str], path: Address) -> None:
    missing = [name for name in names if name not in file.names]
    if missing:
        raise UnreadableFileError(f"The file {name_of(path)} lacks the column '{missing[0]}' that other files have.")
