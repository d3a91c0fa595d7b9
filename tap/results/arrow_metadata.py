"""Arrow batches and schemas with the metadata of columns, for Arrow IPC and Parquet."""

import pyarrow as pa

from core.columns import Column, field_of_column
from core.votable import arrow_type_of, canonical_arrays

__all__ = ["annotated_batch", "annotated_schema"]


def annotated_batch(batch: pa.RecordBatch, columns: tuple[Column, ...]) -> pa.RecordBatch:
    """Return a batch with the types and metadata of its columns; timestamps keep their Arrow type."""
    arrays = [
        given if pa.types.is_temporal(given.type) else canonical
        for given, canonical in zip(batch.columns, canonical_arrays(batch, columns), strict=True)
    ]
    fields = [field_of_column(column, array.type) for column, array in zip(columns, arrays, strict=True)]
    return pa.record_batch(arrays, schema=pa.schema(fields))


def annotated_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the schema of a table without rows."""
    return pa.schema([field_of_column(column, arrow_type_of(column)) for column in columns])
