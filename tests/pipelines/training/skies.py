"""Small catalogues for the tests of the Training Set Maker."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa


def redshift_table(ra: np.ndarray, dec: np.ndarray, **columns) -> pa.Table:
    rows = np.arange(len(ra))
    return pa.table({"source_id": rows, "ra": ra, "dec": dec, "z": 0.1 + 0.01 * rows, **columns})


def objects_table(ra: np.ndarray, dec: np.ndarray, **columns) -> pa.Table:
    return pa.table({"objectId": np.arange(len(ra)), "ra": ra, "dec": dec, **columns})


def batches_of(table: pa.Table, rows: int) -> Iterator[pa.RecordBatch]:
    return iter(table.to_batches(max_chunksize=rows))
