"""Objects with magnitudes that follow from their redshifts, for tests of estimators."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.estimation.configuration import EstimationInput, EstimationParameters
from pipelines.estimation.estimation import OpenTable
from products.readers.memory import MemoryReader

__all__ = ["opened", "parameters", "sky"]

_BANDS = "ugrizy"


def sky(rows: int, seed: int, *, errors: bool = True) -> pa.Table:
    """Make objects whose colours change with the redshift, with noise that grows with the magnitude."""
    random = np.random.default_rng(seed)
    z = random.uniform(0.05, 2.0, rows)
    brightness = random.uniform(20, 24, rows)
    columns: dict[str, Any] = {
        "object_id": np.arange(rows) + 1000 * seed,
        "ra": random.uniform(10, 11, rows),
        "dec": random.uniform(-1, 1, rows),
        "redshift": z,
    }
    for number, band in enumerate(_BANDS):
        noise = 0.02 + 0.02 * (brightness - 20)
        shape = 1.5 * np.tanh(2 * (z - 0.4 * number)) + 0.3 * z
        columns[f"mag_{band}_lsst"] = brightness + shape + random.normal(0, noise)
        if errors:
            columns[f"mag_err_{band}_lsst"] = noise
    return pa.table(columns)


def opened(table: pa.Table, label: str) -> OpenTable:
    """Return a table in memory, to be opened by the estimation."""
    return OpenTable(label, EstimationInput(), lambda: MemoryReader(table, "memory"))


def parameters(values: Mapping[str, Any]) -> EstimationParameters:
    """Return parameters of an estimation."""
    return EstimationParameters.model_validate(values)
