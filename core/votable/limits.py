"""A stream of batches cut at a number of rows: MAXREC of DALI 1.1 §3.4.4."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

__all__ = ["LimitedBatches"]


class LimitedBatches:
    """Gives no more rows than the limit, and knows afterwards whether there were more.

    It looks for the row after the last one, so a stream that ends exactly at the limit has not overflowed.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], limit: int | None) -> None:
        self._batches = batches
        self._limit = limit
        self.overflow = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Give batches that have rows."""
        left = self._limit
        for batch in self._batches:
            if batch.num_rows == 0:
                continue
            if left is None or batch.num_rows <= left:
                left = None if left is None else left - batch.num_rows
                yield batch
                continue
            if left:
                yield batch.slice(0, left)
            self.overflow = True
            return
