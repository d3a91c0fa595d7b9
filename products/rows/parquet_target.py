"""Parquet file of a product's rows, written to a temporary file and then renamed."""

import os
import secrets
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN
from core.errors import StorageFullError

__all__ = ["ParquetTarget", "rows_in_group"]

#: Row groups of this size are the best for cones and for scans of a million rows and more (benchmarks/derive_rows.py).
_GROUP_ROWS = 100_000
_SMALLEST_GROUP = 2048
_COMPRESSION = "lz4"
#: Columns with a Bloom filter, of a byte and a quarter a row each.
_MOST_FILTERS = 4


def rows_in_group(memory_bytes: int, row_bytes: int) -> int:
    """Return the number of rows of a row group; wide tables have fewer, so that memory stays bounded."""
    return min(_GROUP_ROWS, max(_SMALLEST_GROUP, memory_bytes // 4 // max(1, row_bytes)))


class ParquetTarget:
    """Writer of row groups to a temporary file; ``finish`` renames it and makes it read-only, otherwise it is removed.

    Parameters
    ----------
    repetitive
        Names of columns with dictionary encoding; for others it would cost time and save nothing.
    group_rows
        Rows of a row group; if given, integers and texts that do not repeat have Bloom filters, by which the engine
        skips the row groups without an identifier.
    """

    def __init__(
        self, target: Path, schema: pa.Schema, *, repetitive: Collection[str], group_rows: int | None = None
    ) -> None:
        self._target = target
        self._part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        indexed = _has_index(schema)
        repetitive = [name for name in schema.names if name in repetitive and not (indexed and name == HEALPIX_COLUMN)]
        self._writer = pq.ParquetWriter(
            self._part,
            schema,
            compression=_COMPRESSION,
            use_dictionary=repetitive or False,
            column_encoding={HEALPIX_COLUMN: "DELTA_BINARY_PACKED"} if indexed else None,
            write_statistics=True,
            write_page_index=True,
            version="2.6",
            bloom_filter_options={name: {"ndv": group_rows} for name in _identifying(schema, repetitive)}
            if group_rows
            else None,
        )

    def write(self, rows: pa.RecordBatch) -> None:
        """Write a batch as a row group."""
        self.write_group(pa.Table.from_batches([rows]))

    def write_group(self, rows: pa.Table) -> None:
        """Write a table as a row group."""
        try:
            self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))
        except OSError as e:
            raise _disk_error(e) from e

    def finish(self) -> None:
        """Sync the file and rename it to its final name."""
        try:
            self._writer.close()
            with self._part.open("rb") as file:
                os.fsync(file.fileno())
            self._part.chmod(0o444)
            self._part.rename(self._target)
            folder = os.open(self._target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as e:
            raise _disk_error(e) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part.exists():
            self._writer.close()
            self._part.unlink(missing_ok=True)


def _has_index(schema: pa.Schema) -> bool:
    return HEALPIX_COLUMN in schema.names and schema.field(HEALPIX_COLUMN).type == pa.int64()


def _identifying(schema: pa.Schema, repetitive: Collection[str]) -> list[str]:
    """Return the first columns that may hold identifiers."""
    names = [
        field.name
        for field in schema
        if (pa.types.is_integer(field.type) or pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
        and field.name not in repetitive
        and field.name != HEALPIX_COLUMN
    ]
    return names[:_MOST_FILTERS]


def _disk_error(error: OSError) -> OSError | StorageFullError:
    import errno

    if error.errno == errno.ENOSPC:
        return StorageFullError("The server has no disk space left to store the rows of this table.")
    return error
