"""Tables that arrive as VOTables with a query: their rows, read in the process of the query and nowhere else.

A stranger wrote them, so they are read where time and memory are limited and a crash harms nobody.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from products.readers.votable.reader import VotableReader
from tap.engine.protocol import upload_limits

__all__ = ["ArrivingRows"]

_BATCH_ROWS = 16_384


class ArrivingRows:
    """The rows of one table, under the names by which the engine knows its columns.

    Parameters
    ----------
    columns
        A name for each FIELD; users know these columns by other names, which may be any.
    told_as
        What sentences call the table.
    stopped
        Says when nobody wants the rows any more.

    Attributes
    ----------
    failure
        What went wrong while rows were read; the engine that reads them says it in words of its own.
    """

    def __init__(self, path: Path, columns: list[str], told_as: str, stopped: Callable[[], bool]) -> None:
        self._reader = VotableReader(path, told_as, upload_limits(len(columns)))
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
                self._go_on()
                yield pa.RecordBatch.from_arrays([_without_nan(array) for array in batch.columns], schema=self._schema)
        except Exception as e:
            self.failure = e
            raise
        finally:
            self._reader.close()

    def _go_on(self) -> None:
        if self._stopped():
            raise duckdb.InterruptException("stopped")


def _without_nan(array: pa.Array) -> pa.Array:
    """Make NaN null, as in the tables of products: a number that is none meets no condition."""
    if not pa.types.is_floating(array.type):
        return array
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
