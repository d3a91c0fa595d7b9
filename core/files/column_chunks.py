"""Column chunks of a Parquet file: the sizes and places of the values of each column in each row group.

They are read with DuckDB: pyarrow ends the whole process when it is asked for a column chunk of a footer that does not
agree with itself, such as one that is damaged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

__all__ = ["ColumnChunk", "column_chunks"]

_AT_ONCE = 2000
_CHUNKS = """SELECT row_group_id, column_id, type, num_values, total_compressed_size, total_uncompressed_size,
 dictionary_page_offset, data_page_offset FROM parquet_metadata(?) WHERE column_id IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """The values of one column in one row group (https://parquet.apache.org/docs/file-format/metadata/).

    Parameters
    ----------
    column
        Its number among the leaves of the schema.
    physical_type
        Such as ``INT64`` or ``BYTE_ARRAY``.
    compressed_bytes, uncompressed_bytes
        Size of its encoded values with their headers, with and without compression.
    dictionary_offset, data_offset
        Where its dictionary, if it has one, and its first values begin in the file.
    """

    row_group: int
    column: int
    physical_type: str
    values: int
    compressed_bytes: int
    uncompressed_bytes: int
    dictionary_offset: int | None
    data_offset: int


def column_chunks(path: Path) -> Iterator[ColumnChunk]:
    """Yield the column chunks of a file, row group by row group.

    Raises
    ------
    OSError
        The footer cannot be read, or has impossible numbers.
    """
    import duckdb

    try:
        with _connection().cursor() as cursor:
            cursor.execute(_CHUNKS, [str(path)])
            while rows := cursor.fetchmany(_AT_ONCE):
                for row in rows:
                    chunk = ColumnChunk(*row)
                    if min(*row[3:6], chunk.dictionary_offset or 0, chunk.data_offset) < 0:
                        raise OSError(f"a column chunk of {path.name} has a negative size or place")
                    yield chunk
    except duckdb.Error as e:
        raise OSError(f"the footer of {path.name} cannot be read") from e


@cache
def _connection() -> "duckdb.DuckDBPyConnection":
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
    }
    return duckdb.connect(":memory:", config=config)
