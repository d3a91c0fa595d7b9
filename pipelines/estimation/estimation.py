"""Training and estimation, from opened tables and models to the file of estimates and the report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import InvalidValueError
from pipelines.estimation.bands import Photometry, find_photometry, named_photometry
from pipelines.estimation.configuration import EstimationInput, EstimationParameters
from pipelines.estimation.effects import warnings_of
from pipelines.estimation.estimates import Estimator, Objects, Written, write_estimates
from pipelines.estimation.kernels import RedshiftKernels
from pipelines.estimation.neighbours import NeighbourEstimator, TrainingDistribution
from pipelines.estimation.rail.algorithms import ALGORITHMS
from pipelines.estimation.rail.environment import RailEnvironment
from pipelines.estimation.rail.estimator import rail_estimator
from pipelines.estimation.report import EstimationReport, ModelFile
from pipelines.estimation.trained_models import KnownModel, described_model
from pipelines.estimation.training import TrainingSet, read_training, thing_columns
from pipelines.inputs.rows import RowSource

__all__ = ["Estimation", "OpenTable", "estimate_redshifts"]

#: Reports the fraction done and the current step; raises to stop the work.
_Progress = Callable[[float, str], None]
_READ, _TRAINED = 0.05, 0.15
_REFERENCE_BAND = "i"
_MODEL = "model.parquet"
_BINS = 60


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table that is opened when it is needed, with its name for sentences."""

    label: str
    entry: EstimationInput
    open: Callable[[], AbstractContextManager[RowSource]]


@dataclass(frozen=True, slots=True)
class Estimation:
    """Estimates of a table.

    Parameters
    ----------
    id, ra, dec
        Columns of the estimates, if the objects have them.
    model
        File of the model that was trained; None if it was trained before.
    redshift
        Column of the redshifts in the training set, and in a model that is a table.
    """

    written: Written
    report: EstimationReport
    id: str | None
    ra: str | None
    dec: str | None
    model: Path | None
    redshift: str | None = None


def estimate_redshifts(
    training: OpenTable | KnownModel,
    objects: OpenTable,
    param: EstimationParameters,
    folder: Path,
    progress: _Progress,
    environment: RailEnvironment | None = None,
) -> Estimation:
    """Train an estimator, or take one that was trained before, and estimate the redshifts of objects.

    Memory is bounded by the size of the training set; objects are read, estimated and written in batches.

    Parameters
    ----------
    training
        The training set; or a model of RAIL that this server trained.
    folder
        Folder in which the files are written.
    environment
        Environment of RAIL, if its algorithms can be used.

    Raises
    ------
    InvalidValueError
        A table has no magnitudes, their bands differ, or no object can be trained on.
    """
    progress(0.0, f"Reading {training.label}")
    known = _known(training, param)
    verb = "Loading" if isinstance(known, KnownModel) else "Training"
    step = f"{verb} {param.algorithm} on {len(known)} objects"
    progress(_READ, step)
    grid = np.linspace(*param.grid)
    with _trained(known, grid, param, folder, environment, lambda: progress(_READ, step)) as trained:
        progress(_TRAINED, f"Estimating {objects.label}")
        with objects.open() as rows:
            columns = thing_columns(rows.schema, objects.entry.columns, objects.label, is_reference=False)
            kept = [name for name in (columns.id, columns.ra, columns.dec) if name is not None]
            photometry = _photometry_like(rows.schema, known.photometry, param, objects.label)
            total = max(rows.rows or 0, 1)

            def done(count: int) -> None:
                fraction = min(count / total, 1.0)
                progress(_TRAINED + (1 - _TRAINED) * fraction, f"Estimating {objects.label}: {count} objects")

            table = Objects(rows, photometry, tuple(dict.fromkeys(kept)))
            written = write_estimates(table, trained.estimator, grid, folder / "estimates.parquet", done)
    uses_errors = bool(known.photometry.errors) and bool(photometry.errors)
    report = _report(known, photometry, written, objects.label, param, grid, trained, uses_errors=uses_errors)
    model = None if isinstance(known, KnownModel) else trained.path
    return Estimation(written, report, columns.id, columns.ra, columns.dec, model, _redshift_of(known))


def _known(training: OpenTable | KnownModel, param: EstimationParameters) -> TrainingSet | KnownModel:
    if isinstance(training, KnownModel):
        return training
    with training.open() as rows:
        return read_training(rows, training.entry, param, training.label)


def _redshift_of(known: TrainingSet | KnownModel) -> str | None:
    return None if isinstance(known, KnownModel) else known.redshift


@dataclass(frozen=True, slots=True)
class _Trained:
    """A trained estimator, the file of its model, and the versions of the software that is not this server's own."""

    estimator: Estimator
    path: Path
    file: ModelFile
    software: Mapping[str, str]


@contextmanager
def _trained(
    known: TrainingSet | KnownModel, grid: NDArray[np.float64], param: EstimationParameters, folder: Path,
    environment: RailEnvironment | None, alive: Callable[[], None],
) -> Iterator[_Trained]:  # fmt: skip
    if isinstance(known, KnownModel) or param.algorithm in ALGORITHMS:
        with rail_estimator(known, param, environment, folder / "rail", alive) as rail:
            file = (
                known.file
                if isinstance(known, KnownModel)
                else described_model(rail.model, param, known.photometry, len(known), rail.versions, rail.limits)
            )
            yield _Trained(rail, rail.model, file, rail.versions)
        return
    import pyarrow.parquet as pq

    path = folder / _MODEL
    pq.write_table(known.table(), path, compression="zstd")
    yield _Trained(_own(known, grid, param), path, described_model(path, param, known.photometry, len(known), {}), {})


def _own(known: TrainingSet, grid: NDArray[np.float64], param: EstimationParameters) -> Estimator:
    kernels = RedshiftKernels(known.redshifts, grid, param.knn.bandwidth)
    if param.algorithm == "training_nz":
        return TrainingDistribution(kernels)
    bands = known.photometry.bands
    middle = (len(known.photometry.magnitudes) - 1) // 2
    reference = bands.index(_REFERENCE_BAND) if _REFERENCE_BAND in bands else middle
    return NeighbourEstimator(known.magnitudes, kernels, param.knn, reference)


def _photometry_like(schema: pa.Schema, known: Photometry, param: EstimationParameters, label: str) -> Photometry:
    """Return the magnitudes of the objects in the bands of the training set."""
    if param.object_magnitudes:
        found = named_photometry(schema, param.object_magnitudes, param.object_errors, label, "object_magnitudes")
    elif set(known.magnitudes) <= set(schema.names):
        errors = param.object_errors or (known.errors if set(known.errors) <= set(schema.names) else ())
        found = named_photometry(schema, known.magnitudes, errors, label, "object_magnitudes")
    else:
        found = find_photometry(schema, label, "object_magnitudes")
        if found.bands != known.bands:
            raise InvalidValueError(
                f"{label} has magnitudes in the bands {''.join(found.bands)} ({', '.join(found.magnitudes)}), and the "
                f"training set has {', '.join(known.magnitudes)}; name the columns as 'magnitudes' and "
                "'object_magnitudes'.",
                field="object_magnitudes",
            )
    if len(found.magnitudes) != len(known.magnitudes):
        raise InvalidValueError(
            f"'object_magnitudes' names {len(found.magnitudes)} columns, and the training set has "
            f"{len(known.magnitudes)} magnitudes: {', '.join(known.magnitudes)}.",
            field="object_magnitudes",
        )
    return found


def _report(
    known: TrainingSet | KnownModel, photometry: Photometry, written: Written, label: str, param: EstimationParameters,
    grid: NDArray[np.float64], trained: _Trained, *, uses_errors: bool,
) -> EstimationReport:  # fmt: skip
    edges = np.linspace(grid[0], grid[-1], _BINS + 1)
    counts = np.histogram(known.redshifts, edges)[0].tolist() if isinstance(known, TrainingSet) else ()
    return EstimationReport(
        algorithm=param.algorithm,
        software=trained.software,
        training=known.label,
        objects=label,
        magnitudes=known.photometry.magnitudes,
        errors=known.photometry.errors,
        object_magnitudes=photometry.magnitudes,
        object_errors=photometry.errors,
        training_rows=known.rows if isinstance(known, TrainingSet) else len(known),
        trained=len(known),
        left_out=known.left_out if isinstance(known, TrainingSet) else {},
        estimated=written.rows,
        without_density=written.without_density,
        grid=tuple(grid.tolist()),
        stacked=tuple(written.stacked.tolist()),
        edges=tuple(edges.tolist()),
        training_counts=tuple(counts),
        model=trained.file,
        warnings=warnings_of(known, written, label, param, trained.software, uses_errors=uses_errors),
    )
