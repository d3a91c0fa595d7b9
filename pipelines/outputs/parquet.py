"""Tables as Parquet; the meaning of columns is Arrow's field metadata, with the keys of `core.columns`."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["write_parquet"]

#: Small enough that a part of the sky is read without the rest, large enough that columns compress.
_ROWS_IN_GROUP = 131_072


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet."""
    pq.write_table(table, path, row_group_size=_ROWS_IN_GROUP, compression="zstd")
