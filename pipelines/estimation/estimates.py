"""Table of estimates: identifiers, positions, point estimates and densities, written in batches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.columns import DENSITY_UTYPE, Column, field_of_column
from core.photoz.forms import DensityForm
from core.photoz.kernels.gridded import trapezium_weights
from pipelines.estimation.bands import Photometry
from pipelines.estimation.features import Magnitudes, magnitudes_of
from pipelines.inputs.rows import RowSource
from pipelines.outputs.stored_tables import StoredTable

__all__ = ["DENSITY", "Estimator", "Objects", "Written", "write_estimates"]

#: Columns of the densities and of the point estimates.
DENSITY, _MODE, _MEAN = "pz", "zmode", "zmean"
_BATCH_NUMBERS = 4_000_000
_MOST_ROWS = 65_536
_TAKEN = {DENSITY, _MODE, _MEAN}


class Estimator(Protocol):
    """Protocol of a trained estimator."""

    def densities(self, objects: Magnitudes) -> NDArray[np.float32]:
        """Return densities on the grid, of shape (n, grid); NaN for objects that it cannot estimate."""


@dataclass(frozen=True, slots=True)
class Objects:
    """A table of objects that are estimated.

    Parameters
    ----------
    kept
        Columns that the result has as well: identifier and position.
    """

    rows: RowSource
    photometry: Photometry
    kept: tuple[str, ...]


@dataclass(slots=True)
class Written:
    """What was written.

    Parameters
    ----------
    stacked
        Sum of all densities on the grid.
    without_density
        Number of objects without an estimate.
    """

    stacked: NDArray[np.float64]
    rows: int = 0
    without_density: int = 0
    table: StoredTable = field(init=False)


def write_estimates(
    objects: Objects, estimator: Estimator, grid: NDArray[np.float64], path: Path, done: Callable[[int], None]
) -> Written:
    """Estimate the objects of a table in batches, and write the estimates as Parquet in the order of the objects.

    Memory does not depend on the number of objects.

    Parameters
    ----------
    done
        Is told the number of objects that are written so far; raises to stop the work.
    """
    import pyarrow.parquet as pq

    schema, names = _schema(objects, grid), dict.fromkeys((*objects.kept, *objects.photometry.names))
    written = Written(np.zeros(len(grid)))
    size = max(min(_BATCH_NUMBERS // len(grid), _MOST_ROWS), 1)
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        for batch in objects.rows.batches([*names], size=size):
            densities = estimator.densities(magnitudes_of(batch, objects.photometry))
            kept = [batch.column(name) for name in objects.kept]
            arrays = [*kept, *_arrays(densities, grid, written)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            done(written.rows)
    written.table = StoredTable(path, schema, written.rows)
    return written


def _schema(objects: Objects, grid: NDArray[np.float64]) -> pa.Schema:
    form = DensityForm("interp", len(grid), tuple(grid.tolist()))
    return pa.schema([
        *(objects.rows.schema.field(name) for name in objects.kept),
        *_described(form),
    ])  # fmt: skip


def _described(form: DensityForm) -> Iterator[pa.Field]:
    words = {_MODE: "Redshift of the highest density on the grid", _MEAN: "Mean of the density"}
    for name, description in words.items():
        yield field_of_column(Column(name, "double", ucd="src.redshift.phot", description=description))
    column = Column(
        DENSITY, "float", str(form.size), ucd="stat.pdf;src.redshift.phot", utype=DENSITY_UTYPE,
        description=f"Probability density of the redshift at {form.size} redshifts", density=form.to_json(),
    )  # fmt: skip
    yield field_of_column(column, pa.list_(pa.float32(), form.size))


def _arrays(densities: NDArray[np.float32], grid: NDArray[np.float64], written: Written) -> Sequence[pa.Array]:
    """Return the arrays of some densities, and count them."""
    missing: NDArray[np.bool_] = np.asarray(np.isnan(densities).any(axis=1))
    known = np.where(missing[:, None], np.float32(0), densities)
    modes, means = grid[known.argmax(axis=1)], (known * (grid * trapezium_weights(grid))).sum(axis=1)
    written.rows += len(known)
    written.without_density += int(missing.sum())
    written.stacked += known.sum(axis=0, dtype=np.float64)
    return (
        pa.array(modes, mask=missing),
        pa.array(means, mask=missing),
        pa.FixedSizeListArray.from_arrays(pa.array(known.ravel()), len(grid), mask=pa.array(missing)),
    )
