"""Writer of FITS binary tables (FITS 4.0 §7.3).

The header comes first and depends on all rows: their number, the width of texts, nulls in integer columns. So the rows
are first written to a compressed temporary file, batch by batch, and sent from there; only one batch is in memory. The
file has a size limit, and is removed when the response ends. An error of the query is known before the first byte is
sent, and is raised; an overflow is stated in the header (``QSTATUS``).
"""

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.errors import InvalidValueError, TooLargeError
from core.votable import LimitedBatches, TableDescription, arrow_type_of, canonical_arrays
from tap.results.fits_columns import FitsColumn, fits_columns
from tap.results.fits_header import primary_header, table_header
from tap.results.fits_rows import encode_heap, encode_rows
from tap.results.fits_statistics import ColumnStatistics

__all__ = ["MOST_BYTES", "write_fits"]

#: Default size limit of the temporary file.
MOST_BYTES = 4_000_000_000

_BLOCK = 2880
_MOST_COLUMNS = 999  # FITS 4.0 §7.3.1: TFIELDS


def write_fits(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None, most_bytes: int = MOST_BYTES
) -> Iterator[bytes]:
    """Yield a primary header without data, and one binary table.

    Parameters
    ----------
    most_bytes
        Size limit of the temporary file.

    Raises
    ------
    core.errors.InvalidValueError
        The result has more columns than a FITS table may have.
    core.errors.TooLargeError
        The rows exceed the temporary file.
    """
    if len(description.columns) > _MOST_COLUMNS:
        raise InvalidValueError(
            f"The result has {len(description.columns)} columns; a FITS table has at most {_MOST_COLUMNS}. "
            "Select fewer columns, or request another RESPONSEFORMAT.",
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
    """Write the batches to the temporary file, and collect the statistics for the header."""
    schema = pa.schema([(f"c{number}", arrow_type_of(column)) for number, column in enumerate(columns)])
    with pa.ipc.new_stream(spool, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for batch in batches:
            arrays = [_without_nul(array) for array in canonical_arrays(batch, columns)]
            for array, counted in zip(arrays, statistics, strict=True):
                counted.add(array)
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            if spool.tell() > most_bytes:
                raise TooLargeError(
                    f"The result is too large for FITS, for which at most {most_bytes} bytes of rows are collected. "
                    "Request RESPONSEFORMAT=votable or parquet, which have no such limit."
                )


def _without_nul(array: pa.Array) -> pa.Array:
    """Return texts with the replacement character for NUL, which ends a text in FITS."""
    if not pa.types.is_large_string(array.type) or not pc.any(pc.match_substring(array, "\0")).as_py():
        return array
    return pc.replace_substring(array, "\0", "\ufffd")


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
