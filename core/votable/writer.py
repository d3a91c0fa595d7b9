"""VOTable writer: a stream of bytes from a stream of Arrow batches."""

import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal

import pyarrow as pa

from core.columns import Column
from core.errors import PhotozError
from core.votable.binary import BinaryRows, binary_columns
from core.votable.datatypes import canonical_arrays
from core.votable.description import Info, TableDescription
from core.votable.document import DocumentWriter
from core.votable.limits import LimitedBatches
from core.votable.tabledata import tabledata_rows

__all__ = ["Serialization", "write_votable"]

Serialization = Literal["TABLEDATA", "BINARY", "BINARY2"]


def write_votable(
    description: TableDescription,
    batches: Iterable[pa.RecordBatch],
    *,
    serialization: Serialization,
    limit: int | None,
    states_errors: bool = True,
) -> Iterator[bytes]:
    """Write a VOTable with one RESOURCE of results and one TABLE.

    The first chunk, up to the rows, is yielded before the first batch is requested. When `batches` raises a
    `core.errors.PhotozError`, the document is completed and has an INFO with the error after the table (DALI 1.1 §4.4).

    Parameters
    ----------
    description
        Metadata, with the columns of `votable_columns`, so that they agree with the batches.
    limit
        MAXREC: rows beyond it are omitted, and the INFO after the table has the value OVERFLOW.
    states_errors
        Whether the document is completed on an error; else the error is raised, for files that are whole or not there.
    """
    if serialization == "BINARY":
        description = replace(description, columns=binary_columns(description.columns))
    writer = DocumentWriter()
    limited = LimitedBatches(batches, limit)
    encode, rest = _encoder(description.columns, serialization)
    with writer.resource(description.services):
        ending: Info | None = None
        with writer.table(description, nulls=serialization == "BINARY"), writer.rows(serialization):
            yield writer.take()
            try:
                for batch in limited:
                    yield encode(batch)
            except PhotozError as e:
                if not states_errors:
                    raise
                ending = Info("QUERY_STATUS", "ERROR", e.message)
            yield rest()
        if ending := ending or limited.ending:
            writer.info(ending)
    yield writer.closed()


def _encoder(
    columns: tuple[Column, ...], serialization: Serialization
) -> tuple[Callable[[pa.RecordBatch], bytes], Callable[[], bytes]]:
    """Return a function that encodes a batch, and one that returns the remaining bytes at the end."""
    if serialization == "TABLEDATA":
        return lambda batch: bytes(tabledata_rows(canonical_arrays(batch, columns), columns)), bytes
    rows = BinaryRows(columns, masked=serialization == "BINARY2")
    base64 = _Base64()
    return lambda batch: base64.feed(rows.encode(canonical_arrays(batch, columns), batch.num_rows)), base64.rest


class _Base64:
    """Incremental Base64: three bytes are four characters, so up to two bytes are kept for the next call."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: memoryview) -> bytes:
        whole = self._left + data if self._left else data
        cut = len(whole) - len(whole) % 3
        self._left = bytes(whole[cut:])
        return binascii.b2a_base64(whole[:cut])

    def rest(self) -> bytes:
        return binascii.b2a_base64(self._left) if self._left else b""
