"""A small estimation, whose whole result is compared."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.estimation.configuration import EstimationInput, EstimationParameters
from pipelines.estimation.estimation import OpenTable, estimate_redshifts
from pipelines.estimation.report import EstimationReport
from products.readers.memory import MemoryReader

__all__ = ["Estimated", "estimated"]


@dataclass(frozen=True)
class Estimated:
    """Estimates of a table, in memory."""

    report: EstimationReport
    table: pa.Table


def estimated(param: Mapping[str, Any]) -> Estimated:
    """Estimate a few objects with some parameters."""
    random = np.random.default_rng(5)

    def table(rows: int) -> OpenTable:
        z, brightness = random.uniform(0.1, 1.5, rows), random.uniform(20, 24, rows)
        columns = {"object_id": np.arange(rows), "redshift": z, "is_training_set": np.arange(rows) % 3 > 0}
        columns |= {f"mag_{band}": brightness + slope * z for band, slope in (("g", 0.9), ("r", 0.3), ("i", -0.4))}
        columns |= {f"mag_{band}_err": random.uniform(0.01, 0.4, rows) for band in "gri"}
        made = pa.table({**columns, "is_training_set": columns["is_training_set"].astype(int)})
        return OpenTable("table", EstimationInput(), lambda: MemoryReader(made, "memory"))

    with tempfile.TemporaryDirectory() as folder:
        made = estimate_redshifts(
            table(90), table(12), EstimationParameters.model_validate(param), Path(folder), lambda *_: None
        )
        return Estimated(made.report, pq.read_table(made.written.table.path))
