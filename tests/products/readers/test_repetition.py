"""Files whose few values are repeated in many rows are refused by their ratio before memory is taken for them."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from core.errors import TooLargeError
from products.readers import ReadLimits, open_table

LIMITS = ReadLimits(max_unpacked_bytes=20_000_000)
ROWS = 100_000


def dictionary_of_texts(path: Path) -> None:
    pq.write_table(pa.table({"z": np.zeros(ROWS), "note": pa.array(["x" * 10_000] * ROWS).dictionary_encode()}), path)


def dictionary_in_lists(path: Path) -> None:
    lists = pa.ListArray.from_arrays(np.arange(0, ROWS + 1, 10, dtype=np.int32), pa.array(["x" * 10_000] * ROWS))
    pq.write_table(pa.table({"z": np.zeros(ROWS // 10), "notes": lists}), path, compression="zstd")


def run_length_of_numbers(path: Path) -> None:
    pq.write_table(pa.table({f"z{number}": np.zeros(1_000_000) for number in range(4)}), path, compression="zstd")


def shared_heap(path: Path) -> None:
    """Variable-length arrays of FITS that all point to the same bytes of the heap."""
    rows, length = 1000, 30_000
    cells = np.array([np.zeros(1 if row else length, np.uint8) for row in range(rows)], dtype=object)
    columns = [fits.Column("z", "D", array=np.zeros(rows)), fits.Column("a", "PB()", array=cells)]
    fits.BinTableHDU.from_columns(columns).writeto(path)
    with fits.open(path) as found:
        start = found[1].fileinfo()["datLoc"]
    content = bytearray(path.read_bytes())
    for row in range(rows):
        content[start + row * 16 + 8 : start + row * 16 + 16] = np.array([length, 0], ">i4").tobytes()
    path.write_bytes(content)


@pytest.mark.parametrize("write", [dictionary_of_texts, dictionary_in_lists, run_length_of_numbers, shared_heap])
def test_a_value_that_is_repeated_beyond_measure_is_refused(write: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "table"
    write(path)
    assert path.stat().st_size < 200_000
    taken = pa.total_allocated_bytes()
    tracemalloc.start()
    with pytest.raises(TooLargeError, match="repeat so often"), open_table(path, "bomb", limits=LIMITS) as reader:
        for batch in reader.batches():
            assert batch.nbytes < LIMITS.max_unpacked_bytes
    assert tracemalloc.get_traced_memory()[1] < 3 * LIMITS.max_unpacked_bytes
    tracemalloc.stop()
    assert pa.total_allocated_bytes() - taken < LIMITS.max_unpacked_bytes


def test_a_survey_that_names_its_few_fields_in_all_rows_is_read(tmp_path: Path) -> None:
    """A long text in a dictionary raises the upper bound above the limit; the exact number is below it."""
    names = np.array(["COSMOS", "ELAIS-S1", "x" * 2000], dtype=object)[np.arange(ROWS) % 2]
    names[0] = "x" * 2000
    table = pa.table({"z": np.linspace(0, 1, ROWS), "field": names})
    pq.write_table(table, tmp_path / "t", compression="zstd")
    with open_table(tmp_path / "t", "t.parquet", limits=LIMITS) as reader:
        assert pa.Table.from_batches(reader.batches()).column("field").to_pylist() == names.tolist()


def test_arrays_that_share_a_little_of_the_heap_are_read(tmp_path: Path) -> None:
    cells = np.array([np.arange(row % 5 + 1, dtype=np.uint8) for row in range(50)], dtype=object)
    fits.BinTableHDU.from_columns([fits.Column("a", "PB()", array=cells)]).writeto(tmp_path / "t")
    with open_table(tmp_path / "t", "t.fits") as reader:
        found = pa.Table.from_batches(reader.batches()).column("a").to_pylist()
    assert found == [cell.tolist() for cell in cells]
