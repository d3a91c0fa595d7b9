"""Writer of Arrow IPC streams, for pyarrow, polars, DuckDB and others.

The fields have unit, UCD, utype, xtype and description as metadata; the schema has the INFOs of the result. An overflow
is only known at the end, so a last batch without rows has it in its metadata. An error breaks off the transfer.
"""

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa

from core.votable import LimitedBatches, TableDescription
from tap.results.arrow_metadata import annotated_batch, annotated_schema

__all__ = ["write_arrow"]


def write_arrow(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Yield the schema, the batches and the end-of-stream marker."""
    limited = LimitedBatches(batches, limit)
    infos = description.info_texts
    schema = annotated_schema(description.columns).with_metadata(infos)
    sink = io.BytesIO()
    writer: pa.RecordBatchWriter | None = None
    for batch in limited:
        annotated = annotated_batch(batch, description.columns).replace_schema_metadata(infos)
        if writer is None:
            schema = annotated.schema
            writer = pa.ipc.new_stream(sink, schema)
        writer.write_batch(annotated)
        yield _drain(sink)
    writer = writer or pa.ipc.new_stream(sink, schema)
    if (ending := limited.ending) is not None:
        metadata = {ending.name: ending.value, "message": ending.text or ""}
        writer.write_batch(pa.RecordBatch.from_pylist([], schema=schema), custom_metadata=metadata)
    writer.close()
    yield _drain(sink)


def _drain(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data
