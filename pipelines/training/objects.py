"""Object source from Arrow batches, and selection of the rows in reach."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError
from core.sky.healpix import nested_indices
from pipelines.crossmatch.objects import NearObjects
from pipelines.crossmatch.reach import Reach
from pipelines.training.number_columns import numbers_of

__all__ = ["BatchObjects", "near_rows"]


class BatchObjects:
    """Objects in Arrow batches.

    Raises
    ------
    InvalidValueError
        When there is not a single batch, so that the columns are not known.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        iterator = iter(batches)
        first = next(iterator, None)
        if first is None:
            raise InvalidValueError("The object catalogue has no rows. Choose another one.", field="inputs.dataset")
        self._batches = chain([first], iterator)
        self.schema: pa.Schema = first.schema
        self.position: tuple[str, str] | None = None
        self.rows: int | None = None

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Yield the columns of the rows in reach."""
        for batch in self._batches:
            rows = near_rows(batch, reach, position)
            if not len(rows):
                yield NearObjects(batch.num_rows, None)
            else:
                chosen = batch.select(list(columns))
                yield NearObjects(batch.num_rows, chosen if len(rows) == len(chosen) else chosen.take(pa.array(rows)))


def near_rows(
    batch: pa.RecordBatch, reach: Reach, position: tuple[str, str], index: str | None = None
) -> npt.NDArray[np.int64]:
    """Return the rows of a batch that are in reach, by HEALPix index or, without one, by position."""
    name = index or HEALPIX_COLUMN
    if name in batch.schema.names and not batch.column(name).null_count:
        cells = batch.column(name).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    else:
        ra, dec = (numbers_of(batch, column, "object catalogue") for column in position)
        cells = nested_indices(ra, dec)
    return np.flatnonzero(reach.contains(cells)).astype(np.int64, copy=False)
