"""Batches for formats that are Arrow's own or near to it: every field says what its column means."""

import pyarrow as pa

from core.columns import Column, field_of_column
from core.votable import arrow_type_of, canonical_arrays

__all__ = ["described_batch", "described_schema"]


def described_batch(batch: pa.RecordBatch, columns: tuple[Column, ...]) -> pa.RecordBatch:
    """Bring a batch to the types of its columns; times keep their own Arrow type, which is what readers want."""
    arrays = [
        given if pa.types.is_temporal(given.type) else canonical
        for given, canonical in zip(batch.columns, canonical_arrays(batch, columns), strict=True)
    ]
    fields = [field_of_column(column, array.type) for column, array in zip(columns, arrays, strict=True)]
    return pa.record_batch(arrays, schema=pa.schema(fields))


def described_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the schema of a table that turned out to have no rows."""
    return pa.schema([field_of_column(column, arrow_type_of(column)) for column in columns])
