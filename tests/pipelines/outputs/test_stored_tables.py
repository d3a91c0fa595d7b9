"""Tables on disk: parts are written and read back as one table, and every format takes them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.columns import Column, field_of_column
from pipelines.outputs.result_files import write_result
from pipelines.outputs.stored_tables import StoredTable, TableWriter
from products.readers.memory import MemoryReader

_ROWS = 300_000


@pytest.fixture(scope="module")
def table() -> pa.Table:
    fields = [field_of_column(Column("ra", "double", unit="deg")), field_of_column(Column("dec", "double", unit="deg"))]
    random = np.random.default_rng(1)
    positions = pa.table([random.uniform(0, 360, _ROWS), random.uniform(-90, 90, _ROWS)], schema=pa.schema(fields))
    return positions.append_column("name", pa.array([None if row % 7 else f"ä{row}" for row in range(_ROWS)]))


@pytest.fixture(scope="module")
def stored(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> StoredTable:
    with TableWriter(tmp_path_factory.mktemp("stored") / "rows.parquet") as writer:
        start = 0
        for length in (0, 10, 140_000, 5, 100_000, _ROWS):
            writer.write(table.slice(start, length))
            start += length
    return writer.table


def test_parts_become_one_table(table: pa.Table, stored: StoredTable) -> None:
    assert (stored.num_rows, stored.column_names) == (_ROWS, table.column_names)
    assert stored.read().equals(table, check_metadata=True)
    file = pq.ParquetFile(stored.path)
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [131_072, 131_072, _ROWS - 2 * 131_072]


def test_a_reader_takes_a_table_on_disk(table: pa.Table, stored: StoredTable) -> None:
    with MemoryReader(stored, "Parquet") as reader:
        found = pa.Table.from_batches(reader.batches(["name", "ra"]))
    assert found.equals(table.select(["name", "ra"]))


@pytest.mark.parametrize("name", ["csv", "parquet", "hdf5", "hats"])
def test_files_are_those_of_a_table_in_memory(name: str, table: pa.Table, stored: StoredTable, tmp_path: Path) -> None:
    some = table.slice(0, 5000)
    with TableWriter(tmp_path / "rows.parquet") as writer:
        writer.write(some.slice(0, 3000))
        writer.write(some.slice(3000))
    made = []
    for folder, rows in (("stored", writer.table), ("memory", some)):
        (tmp_path / folder).mkdir()
        written = write_result(rows, tmp_path / folder, "made", name, ("ra", "dec"), as_zip=False)
        made.append(written.path)
    if name == "csv":
        assert made[0].read_bytes() == made[1].read_bytes()
    elif name == "parquet":
        assert pq.read_table(made[0]).equals(pq.read_table(made[1]), check_metadata=True)
        assert made[0] != writer.table.path
    else:
        assert made[0].exists()


def test_a_table_without_rows_has_its_columns(table: pa.Table, tmp_path: Path) -> None:
    with TableWriter(tmp_path / "none.parquet") as writer:
        writer.write(table.slice(0, 0))
    assert writer.table.read().equals(table.slice(0, 0), check_metadata=True)
