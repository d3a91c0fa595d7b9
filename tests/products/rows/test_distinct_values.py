"""Numbers of different values of stored columns: exact up to 64, then within a few per cent of numpy's."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from products.models import ColumnSummary
from products.rows.derive import derive_rows
from products.rows.distinct_values import with_distinct_estimates
from tests.products.rows.tables import MemoryReader, silent

ROWS = 30_000


@pytest.fixture(scope="module")
def columns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(12)
    return {
        "number": rng.permutation(ROWS) + 10**15,
        "group": rng.integers(0, 1000, ROWS),
        "few": rng.integers(-3, 4, ROWS).astype("i2"),
        "real": np.where(rng.random(ROWS) < 0.25, np.nan, rng.normal(size=ROWS)),
        "infinite": np.append(rng.normal(size=ROWS - 1), -np.inf),
        "name": np.array([f"object {i}" for i in rng.integers(0, 5000, ROWS)]),
        "empty": np.full(ROWS, np.nan),
    }


def test_summaries_are_those_of_numpy(columns: dict[str, np.ndarray], tmp_path: Path) -> None:
    table = pa.table({**columns, "array": pa.array([[1.0, 2.0]] * ROWS, pa.list_(pa.float64()))})
    path = tmp_path / "rows.parquet"
    found = derive_rows(MemoryReader(table), path, meanings=None, progress=silent, scratch=tmp_path)
    found = with_distinct_estimates(found, path)
    for name, values in columns.items():
        summary = found.statistics[name].summary
        is_text = values.dtype.kind == "U"
        known = values if is_text else values[~np.isnan(values)]
        assert summary.nulls == ROWS - len(known)
        finite = known if is_text else known[np.isfinite(known)]
        extremes = (None, None) if is_text or not len(finite) else (finite.min(), finite.max())
        assert (summary.minimum, summary.maximum) == extremes
        assert summary.distinct == pytest.approx(len(np.unique(known)), rel=0.1)
    assert found.statistics["few"].summary.distinct == 7
    assert found.statistics["array"].summary == ColumnSummary(0)
    assert type(found).from_json(found.to_json()).statistics == found.statistics
