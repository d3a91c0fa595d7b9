"""Row limit of a stream of batches (MAXREC of DALI 1.1 §3.4.4)."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from core.votable.description import Info

__all__ = ["LimitedBatches"]


class LimitedBatches:
    """Iterator over batches up to a number of rows, with a flag for overflow.

    It requests the row after the last one, so a stream that ends exactly at the limit has not overflowed.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], limit: int | None) -> None:
        self._batches = batches
        self._limit = limit
        self.overflow = False

    @property
    def ending(self) -> Info | None:
        """The INFO after the rows; None without overflow."""
        if not self.overflow:
            return None
        return Info("QUERY_STATUS", "OVERFLOW", f"The table was cut after {self._limit} rows; the query has more.")

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield batches that have rows."""
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
