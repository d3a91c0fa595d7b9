"""Benchmark of the result writers against those of astropy and pyarrow, in rows a second.

The claim: BINARY2 is written at a million rows a second or more, TABLEDATA at half a million, and memory stays flat.
Run with ``python -m benchmarks.result_writers [rows]``.
"""

import io
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from astropy.io.votable import from_table
from astropy.table import Table

from core.columns import column_of_field
from core.votable import TableDescription, votable_columns
from tap.results import RESULT_FORMATS

BATCH_ROWS = 65_536
ASTROPY_ROWS = 20_000  # astropy writes a few thousand rows a second


def numeric_batch(rows: int) -> pa.RecordBatch:
    """Return rows of a photometric catalogue: an id, a position, six magnitudes and their errors."""
    random = np.random.default_rng(20261123)
    columns = {
        "id": pa.array(random.integers(0, 2**60, rows)),
        "ra": pa.array(random.uniform(0, 360, rows)),
        "dec": pa.array(random.uniform(-90, 90, rows)),
    }
    for band in "ugrizy":
        columns[f"mag_{band}"] = pa.array(random.normal(24, 1, rows).astype("f4"), mask=random.random(rows) < 0.01)
        columns[f"magerr_{band}"] = pa.array(random.gamma(2, 0.05, rows).astype("f4"))
    return pa.record_batch(columns)


def with_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Add two columns of text."""
    survey = pa.array(["DEEP2", "zCOSMOS", "VVDS"]).take(pa.array(np.arange(len(batch)) % 3))
    names = pa.array([f"object {number}" for number in range(len(batch))])
    return pa.record_batch([*batch.columns, survey, names], names=[*batch.schema.names, "survey", "name"])


def measure(name: str, rows: int, write: Callable[[], Iterable[bytes]]) -> None:
    began = time.perf_counter()
    size = sum(len(piece) for piece in write())
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{name:42} {rows / seconds / 1e6:8.3f} M rows/s {size / rows:7.0f} B/row   peak RSS so far {peak:5.0f} MB")


def ours(batch: pa.RecordBatch, rows: int) -> None:
    columns = votable_columns([column_of_field(field) for field in batch.schema], batch.schema)
    description = TableDescription(columns)
    batches = [batch] * (rows // BATCH_ROWS)
    count = len(batches) * BATCH_ROWS
    for name, known in RESULT_FORMATS.items():
        measure(f"ours, {name}", count, lambda write=known.write: write(description, batches, limit=None))


def pyarrows(batch: pa.RecordBatch, rows: int) -> None:
    count = rows // BATCH_ROWS

    def csv() -> Iterable[bytes]:
        for _ in range(count):
            sink = io.BytesIO()
            pyarrow.csv.write_csv(batch, sink)
            yield sink.getvalue()

    def parquet() -> Iterable[bytes]:
        sink = io.BytesIO()
        with pq.ParquetWriter(sink, batch.schema, compression="zstd", compression_level=1) as writer:
            for _ in range(count):
                writer.write_batch(batch)
        yield sink.getvalue()

    measure("pyarrow, csv", count * BATCH_ROWS, csv)
    measure("pyarrow, parquet", count * BATCH_ROWS, parquet)


def astropys(batch: pa.RecordBatch) -> None:
    part = batch.slice(0, ASTROPY_ROWS)
    table = Table({name: part.column(name).to_numpy(zero_copy_only=False) for name in part.schema.names})
    for serialization in ("tabledata", "binary2"):

        def write(tabledata_format: str = serialization) -> Iterable[bytes]:
            sink = io.BytesIO()
            from_table(table).to_xml(sink, tabledata_format=tabledata_format)
            yield sink.getvalue()

        measure(f"astropy, {serialization}", ASTROPY_ROWS, write)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    numbers = numeric_batch(BATCH_ROWS)
    print(f"{rows} rows of 15 numbers")
    ours(numbers, rows)
    pyarrows(numbers, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy complains of ids that it makes itself
        astropys(numbers)
    print("the same and two texts")
    mixed = with_texts(numbers)
    ours(mixed, rows)
    pyarrows(mixed, rows)


if __name__ == "__main__":
    main()
