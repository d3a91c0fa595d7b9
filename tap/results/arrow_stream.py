"""Results as a stream of Arrow's IPC format, for pyarrow, polars, DuckDB and their like.

The fields carry unit, UCD, utype, xtype and description as metadata; the schema carries the INFOs of the result. That
rows were cut is not known before they are sent, so a last batch without rows says it in its own metadata. An error on
the way breaks the transfer off.
"""

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa

from core.votable import LimitedBatches, TableDescription
from tap.results.described import described_batch, described_schema

__all__ = ["write_arrow"]


def write_arrow(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Write a schema, the batches, and the end mark."""
    limited = LimitedBatches(batches, limit)
    infos = {info.name: info.value for info in description.infos}
    schema = described_schema(description.columns).with_metadata(infos)
    sink = io.BytesIO()
    writer: pa.RecordBatchWriter | None = None
    for batch in limited:
        described = described_batch(batch, description.columns).replace_schema_metadata(infos)
        if writer is None:
            schema = described.schema
            writer = pa.ipc.new_stream(sink, schema)
        writer.write_batch(described)
        yield _taken(sink)
    writer = writer or pa.ipc.new_stream(sink, schema)
    if (ending := limited.ending) is not None:
        said = {ending.name: ending.value, "message": ending.text or ""}
        writer.write_batch(pa.RecordBatch.from_pylist([], schema=schema), custom_metadata=said)
    writer.close()
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data
