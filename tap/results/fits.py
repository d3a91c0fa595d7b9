"""Results as a FITS binary table (FITS 4.0 §7.3).

The header comes first and says what only the last row tells: how many rows there are, how wide the texts are, whether
an integer column has nulls. So the rows are first written to a temporary file, compressed, batch by batch, and sent
from there; what stands in memory is one batch. Patching NAXIS2 afterwards would not do: what was sent is sent. The
file has an upper bound, and it is gone when the answer is, however that ends. An error on the way is known before the
first byte leaves, and is raised at once; rows that were cut are told in the header (``QSTATUS``).
"""

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import pyarrow as pa

from core.columns import Column
from core.errors import InvalidValueError, TooLargeError
from core.votable import LimitedBatches, TableDescription, arrow_type_of, canonical_arrays
from tap.results.fits_columns import FitsColumn, fits_columns
from tap.results.fits_header import primary_header, table_header
from tap.results.fits_rows import encode_heap, encode_rows
from tap.results.fits_statistics import ColumnStatistics

__all__ = ["MOST_BYTES", "write_fits"]

#: Most bytes of compressed rows in the temporary file, unless told otherwise.
MOST_BYTES = 4_000_000_000

_BLOCK = 2880
_MOST_COLUMNS = 999  # FITS 4.0 §7.3.1: TFIELDS


def write_fits(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None, most_bytes: int = MOST_BYTES
) -> Iterator[bytes]:
    """Write a primary header without data, and one binary table.

    Parameters
    ----------
    most_bytes
        How large the temporary file may grow.

    Raises
    ------
    core.errors.InvalidValueError
        The result has more columns than a FITS table may have.
    core.errors.TooLargeError
        The rows are more than the temporary file may hold.
    """
    if len(description.columns) > _MOST_COLUMNS:
        raise InvalidValueError(
            f"The result has {len(description.columns)} columns; a FITS table has at most {_MOST_COLUMNS}. "
            "Select fewer, or ask for another RESPONSEFORMAT.",
            field="RESPONSEFORMAT",
        )
    limited = LimitedBatches(batches, limit)
    statistics = [ColumnStatistics(column) for column in description.columns]
    spool = tempfile.TemporaryFile(prefix="photoz-fits-")  # noqa: SIM115 - it is sent, and closed, later
    try:
        _collect(description.columns, limited, statistics, spool, most_bytes)
    except BaseException:
        spool.close()
        raise
    columns = fits_columns(statistics)
    rows = statistics[0].rows
    heap = sum(
        item.total * column.element_bytes for item, column in zip(statistics, columns, strict=True) if column.varying
    )
    header = table_header(description, columns, rows=rows, heap=heap, ending=limited.ending)
    return _sent(primary_header() + header, columns, spool)


def _collect(
    columns: tuple[Column, ...],
    batches: Iterable[pa.RecordBatch],
    statistics: list[ColumnStatistics],
    spool: IO[bytes],
    most_bytes: int,
) -> None:
    """Write the batches to the temporary file, and count what the header will say."""
    schema = pa.schema([(f"c{number}", arrow_type_of(column)) for number, column in enumerate(columns)])
    with pa.ipc.new_stream(spool, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for batch in batches:
            arrays = canonical_arrays(batch, columns)
            for array, counted in zip(arrays, statistics, strict=True):
                counted.add(array)
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            if spool.tell() > most_bytes:
                raise TooLargeError(
                    f"The result is too large for FITS, whose rows are collected here up to {most_bytes} bytes. "
                    "Ask for RESPONSEFORMAT=votable or parquet, which are sent as they are found."
                )


def _sent(header: bytes, columns: tuple[FitsColumn, ...], spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        yield header
        sent = 0
        heap_position = 0
        for batch in _batches(spool):
            data, heap_position = encode_rows(batch, columns, heap_position)
            sent += len(data)
            yield data
        if any(column.varying for column in columns):
            for batch in _batches(spool):
                data = encode_heap(batch, columns)
                sent += len(data)
                yield data
        yield bytes(-sent % _BLOCK)


def _batches(spool: IO[bytes]) -> Iterator[pa.RecordBatch]:
    spool.seek(0)
    yield from pa.ipc.open_stream(spool)
