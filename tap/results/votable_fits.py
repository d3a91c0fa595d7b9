"""Writer of VOTables whose rows are a FITS file (VOTable 1.4 §5.3)."""

import binascii
from collections.abc import Iterable, Iterator

import pyarrow as pa

from core.votable import DocumentWriter, LimitedBatches, TableDescription
from tap.results.fits import write_fits

__all__ = ["write_votable_fits"]

_LINE_BYTES = 3 * 2**14  # three bytes are four characters


def write_votable_fits(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Return the chunks of the document; the rows are collected first, and errors raised, as in `write_fits`."""
    limited = LimitedBatches(batches, limit)
    return _written(description, write_fits(description, limited, limit=None), limited)


def _written(description: TableDescription, file: Iterator[bytes], limited: LimitedBatches) -> Iterator[bytes]:
    writer = DocumentWriter()
    with writer.resource(description.services):
        with writer.table(description), writer.rows("FITS"):
            yield writer.take()
            pending = b""
            for chunk in file:
                pending += chunk
                whole = len(pending) - len(pending) % _LINE_BYTES
                if whole:
                    yield binascii.b2a_base64(pending[:whole])
                    pending = pending[whole:]
            yield binascii.b2a_base64(pending)
        if limited.ending is not None:
            writer.info(limited.ending)
    yield writer.closed()
