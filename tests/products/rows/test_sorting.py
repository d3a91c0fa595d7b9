"""Rows that do not fit into memory come back in order, ties as they came."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from products.rows.sorting import RowSorter

_ROWS = 30_000
_KEYS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "random": lambda rng: rng.integers(0, 2**62, _ROWS),
    "sorted": lambda _rng: np.arange(_ROWS),
    "reversed": lambda _rng: np.arange(_ROWS)[::-1].copy(),
    "all equal": lambda _rng: np.zeros(_ROWS, dtype=np.int64),
    "many ties": lambda rng: rng.integers(0, 7, _ROWS),
    "few outliers": lambda rng: np.where(rng.random(_ROWS) < 0.001, rng.integers(0, 9, _ROWS), 5),
}


@pytest.mark.parametrize("kind", _KEYS)
@pytest.mark.parametrize("memory", [40_000, 400_000, 10**9])
def test_rows_come_back_in_order(kind, memory, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    keys = _KEYS[kind](rng)
    missing = rng.random(_ROWS) < 0.1
    table = pa.table({"row": np.arange(_ROWS), "key": pa.array(keys, mask=missing)})
    sorter = RowSorter(table.schema, "key", scratch=tmp_path, memory_bytes=memory)
    for batch in table.to_batches(max_chunksize=1000):
        sorter.add(batch)
    batches = list(sorter.sorted_batches(1500))
    sorter.close()
    expected = np.lexsort((np.arange(_ROWS), np.where(missing, 0, keys), missing))
    found = np.concatenate([batch.column("row").to_numpy() for batch in batches])
    np.testing.assert_array_equal(found, expected)
    assert {batch.num_rows for batch in batches} == {1500}
    assert list(tmp_path.iterdir()) == []


def test_no_rows_give_no_batches(tmp_path: Path) -> None:
    sorter = RowSorter(pa.schema([("key", pa.int64())]), "key", scratch=tmp_path, memory_bytes=1000)
    assert list(sorter.sorted_batches(10)) == []
    sorter.close()
