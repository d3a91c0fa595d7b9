"""Estimate of what a query costs: rows and bytes of the row groups that remain after pruning by position."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.columns import HEALPIX_COLUMN
from tap.adql import Scan
from tap.engine import EngineTable

__all__ = ["QueryCost", "cost_of"]

#: Bytes, before compression, from which a query is expected to take long: about half a second of one core.
LONG_BYTES = 256_000_000

_ROW_BYTES = 8  # of a row of a join that compares all rows with all rows
_KEPT_FILES = 2000


@dataclass(frozen=True, slots=True)
class QueryCost:
    """Estimated cost of a query.

    Parameters
    ----------
    rows
        Rows that are read, or compared with each other.
    bytes
        Size of what is read of them, before compression.
    """

    rows: int
    bytes: int

    @property
    def is_long(self) -> bool:
        """Whether the query is expected to take long."""
        return self.bytes >= LONG_BYTES

    @property
    def headers(self) -> Mapping[str, str]:
        """The estimate as an HTTP header."""
        lane = "long" if self.is_long else "short"
        return {"X-Query-Estimate": f"rows={self.rows}; bytes={self.bytes}; lane={lane}"}


def cost_of(scans: Iterable[Scan], tables: Mapping[tuple[str, str], EngineTable]) -> QueryCost:
    """Return the estimated cost of a query.

    Parameters
    ----------
    tables
        The tables that it reads, by the names of their schema and table in the engine.
    """
    parts, product = [], 1
    is_product = False
    for scan in scans:
        table = tables.get((scan.schema, scan.table))
        if table is None:
            continue
        part = _scan_cost(scan, table)
        parts.append(part)
        product *= max(1, part.rows)
        is_product = is_product or scan.multiplies
    rows, size = sum(part.rows for part in parts), sum(part.bytes for part in parts)
    if is_product and len(parts) > 1:
        rows, size = product, max(size, product * _ROW_BYTES)
    return QueryCost(rows, size)


def _scan_cost(scan: Scan, table: EngineTable) -> QueryCost:
    if table.data is not None:
        return _memory_cost(table.data, scan)
    if table.upload is not None:
        return QueryCost(0, _file_size(table.upload.path))
    if (known := table.sizes.get(scan.alias)) is not None:
        return QueryCost(known.rows, known.bytes)
    rows = size = 0
    for path in table.files:
        try:
            stat = path.stat()
            footer = _footer(path, stat.st_size, stat.st_mtime_ns)
        except (OSError, pa.ArrowException):  # the engine will say so
            continue
        found = footer.cost(scan)
        rows, size = rows + found.rows, size + found.bytes
        if scan.rows is not None and rows >= scan.rows:
            return QueryCost(scan.rows, size * scan.rows // rows)
    return QueryCost(rows, size)


def _memory_cost(data: pa.Table, scan: Scan) -> QueryCost:
    rows = data.num_rows if scan.rows is None else min(data.num_rows, scan.rows)
    return QueryCost(rows, data.nbytes * rows // max(1, data.num_rows))


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class _Footer:
    """Sizes of the row groups of a Parquet file.

    Attributes
    ----------
    rows
        Rows of each row group, shape (n,).
    sizes
        Bytes of each column in each row group, before compression, shape (n,) each.
    first, last
        Lowest and highest HEALPix cell of each row group, shape (n,); none when the file has no such column.
    """

    def __init__(self, metadata: pq.FileMetaData) -> None:
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        self.rows: NDArray[np.int64] = np.array([group.num_rows for group in groups], dtype=np.int64)
        self.sizes: dict[str, NDArray[np.int64]] = {}
        self.first: NDArray[np.int64] | None = None
        self.last: NDArray[np.int64] | None = None
        for number in range(metadata.num_columns):
            columns = [group.column(number) for group in groups]
            # Nested columns have a path for each of their parts.
            name = metadata.schema.column(number).path.split(".")[0]
            sizes = np.array([column.total_uncompressed_size for column in columns], dtype=np.int64)
            self.sizes[name] = self.sizes.get(name, 0) + sizes
            if name == HEALPIX_COLUMN and all(
                column.statistics is not None and column.statistics.has_min_max for column in columns
            ):
                self.first = np.array([column.statistics.min for column in columns], dtype=np.int64)
                self.last = np.array([column.statistics.max for column in columns], dtype=np.int64)

    def cost(self, scan: Scan) -> QueryCost:
        kept = np.ones(len(self.rows), dtype=bool)
        if scan.ranges is not None and self.first is not None and self.last is not None:
            kept = np.zeros(len(self.rows), dtype=bool)
            for low, high in scan.ranges:
                kept |= (self.first <= high) & (self.last >= low)
        read = sum((self.sizes[name] for name in scan.columns if name in self.sizes), np.zeros_like(self.rows))
        return QueryCost(int(self.rows[kept].sum()), int(read[kept].sum()))


_reading = threading.Lock()


def _footer(path: Path, size: int, changed: int) -> _Footer:
    with _reading:  # several queries of one large file read it once
        return _cached_footer(path, size, changed)


@lru_cache(maxsize=_KEPT_FILES)
def _cached_footer(path: Path, _size: int, _changed: int) -> _Footer:
    return _Footer(pq.read_metadata(path))
