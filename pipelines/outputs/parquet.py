"""Parquet writer; units, UCDs and descriptions are field metadata with the keys of `core.columns`."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["ROWS_IN_GROUP", "parquet_options", "write_parquet"]

#: Small enough that a part of the sky is read without the rest, large enough that columns compress.
ROWS_IN_GROUP = 131_072
#: Rows that are looked at for values that repeat, in this many places of a table.
_SAMPLES, _ROWS_IN_SAMPLE = 8, 1024


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet."""
    pq.write_table(table, path, **parquet_options(table))


def parquet_options(table: pa.Table) -> dict[str, Any]:  # keywords of pyarrow's writer
    """Choose the options of a table: dictionary encoding only for columns with repeated values.

    A dictionary of values that are all different takes three times as long to write, and a third more space.
    """
    repetitive = [name for name, column in zip(table.column_names, table.columns, strict=True) if _repeats(column)]
    return {"row_group_size": ROWS_IN_GROUP, "compression": "zstd", "use_dictionary": repetitive}


def _repeats(column: pa.ChunkedArray) -> bool:
    if pa.types.is_dictionary(column.type):
        return True
    if pa.types.is_nested(column.type) or pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return False
    step = max(len(column) // _SAMPLES, _ROWS_IN_SAMPLE)
    samples = [column.slice(start, _ROWS_IN_SAMPLE) for start in range(0, len(column), step)]
    distinct = sum(pc.count_distinct(sample, mode="all").as_py() for sample in samples)
    return bool(distinct < sum(len(sample) for sample in samples) / 2)
