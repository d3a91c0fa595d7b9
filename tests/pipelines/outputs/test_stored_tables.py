"""Tables on disk: parts are written and read back as one table, and every format takes them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from core.columns import Column, field_of_column
from pipelines.outputs import OUTPUT_LABELS
from pipelines.outputs.result_files import write_result
from pipelines.outputs.stored_tables import StoredTable, TableWriter
from products.readers import open_table
from products.readers.memory import MemoryReader

_ROWS = 300_000
#: More than a batch.
_MANY = 70_000


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


@pytest.fixture(scope="module")
def cells() -> pa.Table:
    """Columns whose type in a file depends on rows that are not in its first batch."""
    random = np.random.default_rng(2)
    columns: dict[str, object] = {
        "ra": random.uniform(0, 360, _MANY), "dec": random.uniform(-90, 90, _MANY), "n": np.arange(_MANY, dtype="i2"),
    }  # fmt: skip
    last = np.arange(_MANY) == _MANY - 1
    columns |= {
        "flag": pa.array(np.ones(_MANY, "?"), mask=last), "count": pa.array(np.ones(_MANY, "i4"), mask=last),
        "big": pa.array(np.where(last, 2**60, 5), mask=~last & (random.random(_MANY) < 0.1)),
        "u4": pa.array(np.where(last, 2**32 - 1, 0), pa.uint32()), "u8": pa.array(np.full(_MANY, 2**63 + 1), mask=last),
        "all": pa.array(np.arange(_MANY) % 2 == 0), "none": pa.nulls(_MANY),
        "name": pa.array([f"ä{row}" if row > 69_990 else "x" for row in range(_MANY)]),
        "survey": pa.array(["VVDS" if row < 69_990 else "DEEP2_LONG" for row in range(_MANY)]).dictionary_encode(),
        "at": pa.array(np.arange(_MANY), pa.timestamp("s")), "r4": random.random(_MANY).astype("f4"),
    }  # fmt: skip
    return pa.table(columns)


@pytest.mark.parametrize("name", OUTPUT_LABELS)
def test_files_are_those_of_a_table_in_memory(name: str, cells: pa.Table, tmp_path: Path) -> None:
    if name == "votable":  # it has no unsigned integers
        cells = cells.drop_columns("u8")
    with TableWriter(tmp_path / "rows.parquet") as writer:
        for start in range(0, _MANY, 30_000):
            writer.write(cells.slice(start, 30_000).combine_chunks())
    made = []
    for folder, rows in (("stored", writer.table), ("memory", cells)):
        (tmp_path / folder).mkdir()
        made.append(write_result(rows, tmp_path / folder, "made", name, ("ra", "dec"), as_zip=False).path)
    if made[0].is_dir():
        listed = [sorted(path.relative_to(one) for path in one.rglob("*.parquet")) for one in made]
        assert listed[0] == listed[1]
        for path in listed[0]:
            stored, other = (pq.read_table(one / path, partitioning=None) for one in made)
            assert stored.equals(other)
        return
    tables = []
    for path in made:
        with open_table(path, path.name) as reader:
            tables.append(pa.Table.from_batches(reader.batches()))
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)
    pd.testing.assert_frame_equal(tables[0].to_pandas(), tables[1].to_pandas())
    for column in {"ra", "n", "count", "big", "u4", "u8", "r4"}.intersection(cells.column_names):
        there = cells[column].is_valid()
        found, expected = (table[column].filter(there).to_numpy() for table in (tables[0], cells))
        assert np.array_equal(found.astype(expected.dtype), expected), column
    assert pc.unique(tables[0]["survey"]).to_pylist() == ["VVDS", "DEEP2_LONG"]


def test_memory_does_not_grow_with_the_rows_of_a_table_on_disk(tmp_path: Path) -> None:
    few, many = 150_000, 450_000
    command = [sys.executable, "-m", "tests.pipelines.outputs.peak_memory", str(tmp_path), str(few), str(many)]
    # An allocator that gives back at once what is freed, so that the peak is that of what is in use.
    allocator = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
    allocator |= dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), "131072")
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | allocator)
    rises = json.loads(done.stdout)
    assert rises.keys() == OUTPUT_LABELS.keys()
    rows = 15 * 8 * (many - few)  # bytes of the columns of numbers
    growth = {name: rise[str(many)] - rise[str(few)] for name, rise in rises.items()}
    assert all(grown < rows / 2 for grown in growth.values()), (growth, rows)


def test_a_table_without_rows_has_its_columns(table: pa.Table, tmp_path: Path) -> None:
    with TableWriter(tmp_path / "none.parquet") as writer:
        writer.write(table.slice(0, 0))
    assert writer.table.read().equals(table.slice(0, 0), check_metadata=True)
