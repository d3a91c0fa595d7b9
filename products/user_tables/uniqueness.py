"""Columns of tables of users whose values must be unique: the check of rows, and the search for the first duplicate."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import InvalidValueError
from products.readers.base import TableReader

__all__ = ["has_duplicates", "raise_first_duplicate"]


def has_duplicates(files: Sequence[Path], column: str, kind: pa.DataType) -> bool:
    """Return whether a value occurs more than once in a column of some Parquet files; null may."""
    values = _values(files, column, kind)
    return len(values.unique()) != len(values)


def raise_first_duplicate(reader: TableReader, files: Sequence[Path], stored: str, field: pa.Field) -> NoReturn:
    """Raise InvalidValueError for the first row of a reader whose value is in earlier rows or in some Parquet files.

    Parameters
    ----------
    stored
        Name of the column in the files.
    field
        The column of the reader.
    """
    seen = _values(files, stored, field.type)
    number = 0
    for batch in reader.batches([field.name]):
        values = batch.column(0)
        known = pc.is_in(values, value_set=seen)
        fresh: set[object] = set()
        for offset in range(len(values)):
            value = values[offset].as_py()
            if value is not None and (known[offset].as_py() or value in fresh):
                raise InvalidValueError(
                    f"In row {number + offset + 1}, the value '{str(value)[:100]}' of the column '{field.name}' occurs "
                    "once more; the column has a unique index. Nothing was added."
                )
            fresh.add(value)
        seen = pa.chunked_array([*seen.chunks, values.drop_null()], type=field.type)
        number += len(values)
    raise InvalidValueError(f"A value of the column '{field.name}' occurs once more. Nothing was added.")


def _values(files: Sequence[Path], column: str, kind: pa.DataType) -> pa.ChunkedArray:
    chunks = [chunk for file in files for chunk in pq.read_table(file, columns=[column])[column].chunks]
    return pa.chunked_array(chunks, type=kind).drop_null()
