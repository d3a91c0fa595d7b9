"""Rows of tables uploaded with a query, read in the process of the query.

Uploads are untrusted, so they are read where time and memory are limited and a crash affects no other query.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from products.readers.formats import FILE_FORMATS
from tap.engine.protocol import upload_limits

__all__ = ["UploadRows"]

_BATCH_ROWS = 16_384


class UploadRows:
    """The rows of one uploaded table, with the names of its columns in the engine.

    Parameters
    ----------
    file_format
        Name of the format, one of `FILE_FORMATS`.
    columns
        A name for each column; the names in ADQL may be any text.
    label
        Name of the table in error messages.
    stopped
        Returns whether the query was stopped.

    Attributes
    ----------
    failure
        Error that occurred while rows were read; the engine raises its own error instead.
    """

    def __init__(
        self, path: Path, file_format: str, columns: list[str], label: str, stopped: Callable[[], bool]
    ) -> None:
        self._reader = FILE_FORMATS[file_format].open(path, label, upload_limits(len(columns)))
        self._stopped = stopped
        self._schema = pa.schema(
            [field.with_name(name) for field, name in zip(self._reader.schema, columns, strict=True)]
        )
        self.failure: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """Return the rows as a stream, to be read once."""
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._reader.batches(size=_BATCH_ROWS):
                self._check_stopped()
                yield pa.RecordBatch.from_arrays([_without_nan(array) for array in batch.columns], schema=self._schema)
        except Exception as e:
            self.failure = e
            raise
        finally:
            self._reader.close()

    def _check_stopped(self) -> None:
        if self._stopped():
            raise duckdb.InterruptException("stopped")


def _without_nan(array: pa.Array) -> pa.Array:
    """Return an array with NULL for NaN, as in the tables of products."""
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
