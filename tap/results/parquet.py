"""Writer of Parquet with a VOTable in its metadata (VOParquet 1.0, IVOA Note 2025).

Timestamps keep their Parquet type, as readers expect; their FIELD has the xtype timestamp. An error breaks off the
transfer, and a Parquet file without its footer is not readable.
"""

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.votable import LimitedBatches, TableDescription, document_without_rows
from tap.results.arrow_metadata import annotated_batch, annotated_schema

__all__ = ["write_parquet"]

_GROUP_ROWS = 131_072
_GROUP_BYTES = 32_000_000


def write_parquet(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Yield a Parquet file with zstd compression, whose footer has the metadata of the table."""
    limited = LimitedBatches(batches, limit)
    annotated = (annotated_batch(batch, description.columns) for batch in limited)
    sink = _Sink()
    first = next(annotated, None)
    schema = annotated_schema(description.columns) if first is None else first.schema
    writer = _writer(sink, schema)
    yield sink.drain()  # the response begins long before the first row group is complete
    for group in _groups(annotated if first is None else chain((first,), annotated)):
        writer.write_table(group, row_group_size=group.num_rows)
        yield sink.drain()
    content = document_without_rows(description, ending=limited.ending).decode()
    writer.add_key_value_metadata({"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": content})
    writer.close()
    yield sink.drain()


def _writer(sink: "_Sink", schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(sink, schema, compression="zstd", compression_level=1)


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield row groups, collected from batches up to a minimum size."""
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        pending.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(pending)
            pending, rows, size = [], 0, 0
    if pending:
        yield pa.Table.from_batches(pending)


class _Sink(io.RawIOBase):
    """Buffer of written bytes that is drained; positions continue, since the footer refers to them."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:  # a buffer; its type has a name from Python 3.12 on
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def drain(self) -> bytes:
        """Return the bytes written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
