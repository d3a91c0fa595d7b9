"""A table in memory that reads like a file, and catalogues made up for tests."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from products.readers import TableChoice
from products.rows.stored_columns import column_names

__all__ = ["MemoryReader", "random_catalogue", "silent", "stored_table"]


class MemoryReader:
    """Gives the rows of a table as a reader of files does."""

    format = "memory"
    details: Mapping[str, object] = {}
    tables: tuple[TableChoice, ...] = ()

    def __init__(self, table: pa.Table, *, knows_rows: bool = True, notes: tuple[str, ...] = ()) -> None:
        self._table = table
        self.schema = table.schema
        self.rows = table.num_rows if knows_rows else None
        self.notes = notes

    def batches(self, columns: Sequence[str] | None = None, *, size: int = 65536) -> Iterator[pa.RecordBatch]:
        table = self._table if columns is None else self._table.select(columns)
        yield from table.to_batches(max_chunksize=size)

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def random_catalogue(rows: int, seed: int = 0) -> pa.Table:
    """Positions all over the sky with every fault there is, repeated positions, and columns of many types."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    ra[: rows // 10] = np.repeat(ra[0], rows // 10)
    dec[: rows // 10] = np.repeat(dec[0], rows // 10)
    special = [(0, 90), (123, -90), (360, 0), (-10, 5), (370, 5), (np.nan, 5), (5, np.inf), (5, 91), (-181, 0), (0, 0)]
    for (a, d), place in zip(
        special, rng.choice(np.arange(rows // 10, rows), len(special), replace=False), strict=True
    ):
        ra[place], dec[place] = a, d
    nulls = rng.random(rows) < 0.05
    z = rng.gamma(2, 0.4, rows)
    z[::50] = -9
    return pa.table(
        {
            "objectId": pa.array(np.arange(rows)),
            "ra": pa.array(ra, mask=nulls),
            "dec": dec,
            "redshift": pa.array(z, mask=rng.random(rows) < 0.02),
            "zflag": pa.array(rng.integers(0, 5, rows).astype("i2")),
            "survey": pa.array(np.array(["A", "Bé", "C"])[rng.integers(0, 3, rows)]),
            "good": pa.array(rng.random(rows) > 0.5),
            "seen": pa.array(rng.integers(0, 10**15, rows), pa.timestamp("us")),
            "pdf": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(rows * 3).astype("f4")), 3),
            "tags": pa.array([[i % 3] * (i % 4) for i in range(rows)], pa.list_(pa.int32())),
        }
    )


def silent(share: float, sentence: str) -> None:
    """Progress that nobody follows."""


def stored_table(path: Path) -> pa.Table:
    """Read stored rows under the names that the columns have in their table."""
    table = pq.read_table(path)
    return table.rename_columns(column_names(table.schema))
