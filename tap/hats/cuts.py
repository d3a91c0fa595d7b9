"""Parquet files with the rows of a partition or of its margin, cut from stored rows and kept for some time."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.columns import HEALPIX_COLUMN
from core.files.listing import listed
from products.rows.stored_file import StoredFile
from tap.hats.partitions import Partition, margin_ranges

__all__ = ["CutFiles", "catalogue_schema", "margin_rows", "partition_rows"]

_AT_ONCE = 2
_COMPRESSION = "lz4"
#: Names of files that are being written.
_PART = ".part"
_PART_SECONDS = 3600.0
#: A file that was asked for within this time may be on its way to somebody.
_IN_USE_SECONDS = 60.0


class CutFiles:
    """Folder of cut files, in which those that were used last stay.

    The name of a file begins with that of the stored rows, which are never changed, so that a file stays right.

    Parameters
    ----------
    most_bytes
        Size of all files together above which the oldest ones are removed.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._turns = BoundedSemaphore(_AT_ONCE)

    def path(self, name: str, schema: Callable[[], pa.Schema], rows: Callable[[], Iterator[pa.Table]]) -> Path:
        """Return a file, which is written if it is not there; each table becomes a row group."""
        return self.made(name, lambda part: _write_rows(part, schema(), rows()))

    def made(self, name: str, write: Callable[[Path], None]) -> Path:
        """Return a file, which is written if it is not there, to a path that does not exist yet."""
        target = self._folder / name
        with suppress(FileNotFoundError):
            os.utime(target)
            return target
        with self._turns:
            if not target.exists():
                self._write(target, write)
                self._trim(keep=target)
        return target

    def sweep(self, has_source: Callable[[str], bool]) -> int:
        """Remove the files whose stored rows are gone, and what a killed process left; return how many.

        Parameters
        ----------
        has_source
            Whether there are still stored rows for a file of this name.
        """
        removed = 0
        for path, _, used in self._files():
            of_nobody = path.name.endswith(_PART) or not has_source(path.name)
            if of_nobody and time.time() - used > _PART_SECONDS:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _write(self, target: Path, write: Callable[[Path], None]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{secrets.token_hex(8)}{_PART}")
        try:
            write(part)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)

    def _trim(self, keep: Path) -> None:
        kept = 0
        for path, size, used in sorted(self._files(), key=lambda item: -item[2]):
            kept += size
            idle = time.time() - used > _IN_USE_SECONDS
            if kept > self._most and idle and path != keep and not path.name.endswith(_PART):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        for path, status in listed(self._folder):
            yield path, status.st_size, status.st_mtime


def _write_rows(path: Path, schema: pa.Schema, rows: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(path, schema, compression=_COMPRESSION, write_page_index=True) as writer:
        for table in rows:
            writer.write_table(table, row_group_size=max(1, table.num_rows))


def catalogue_schema(path: Path) -> pa.Schema:
    """Return the schema of the rows of a catalogue: the columns of the table, and the index."""
    with StoredFile(path) as file:
        return file.schema


def partition_rows(path: Path, partition: Partition) -> Iterator[pa.Table]:
    """Yield the rows of a partition, by the row groups of the stored rows."""
    with StoredFile(path) as file:
        begin = 0
        for group in range(file.num_row_groups):
            end = begin + file.metadata.row_group(group).num_rows
            first, last = max(begin, partition.start), min(end, partition.stop)
            if first < last:
                yield file.read_row_group(group, file.names).slice(first - begin, last - first)
            begin = end


def margin_rows(path: Path, partition: Partition, arcsec: float) -> Iterator[pa.Table]:
    """Yield the rows around a partition, by the row groups of the stored rows."""
    ranges = margin_ranges(partition.order, partition.pixel, arcsec)
    with StoredFile(path) as file:
        for group in range(file.num_row_groups):
            if not _may_hold(file, group, ranges):
                continue
            index = file.read_row_group(group, [HEALPIX_COLUMN]).column(0)
            chosen = _within(pc.fill_null(index, -1).to_numpy(), ranges)
            if chosen.any():
                yield file.read_row_group(group, file.names).filter(pa.array(chosen))


def _may_hold(file: StoredFile, group: int, ranges: NDArray[np.int64]) -> bool:
    statistics = file.statistics(group, HEALPIX_COLUMN)
    if statistics is None or not statistics.has_min_max:
        return True
    after = int(np.searchsorted(ranges[:, 1], statistics.min, side="right"))
    return after < len(ranges) and bool(ranges[after, 0] <= statistics.max)


def _within(index: NDArray[np.int64], ranges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which indices lie in ranges."""
    place = np.searchsorted(ranges[:, 0], index, side="right") - 1
    found: NDArray[np.bool_] = (place >= 0) & (index < ranges[np.maximum(place, 0), 1])
    return found
