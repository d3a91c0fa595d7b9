"""Model of the ``report.json`` of an estimation."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

__all__ = ["EstimationReport", "ModelFile"]


class ModelFile(BaseModel):
    """The trained model: a file that is known by its checksum, with what has to be known to use it.

    Parameters
    ----------
    name
        Name of the file.
    format
        ``parquet``: the training objects themselves; ``pickle``: Python objects of RAIL, which this server never loads
        outside of the environment of the estimators.
    algorithm
        Algorithm that was trained.
    bands
        Letters of the bands; empty when the columns were named by the user.
    magnitudes, errors
        Columns of the training set, from blue to red.
    limits
        Magnitude that stands for a missing one, in each band.
    grid
        First and last redshift, and number of points, with which it was trained.
    trained
        Number of objects that it was trained on.
    software
        Versions of the software that wrote it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    format: str
    sha256: str
    size: int
    algorithm: str = ""
    bands: tuple[str, ...] = ()
    magnitudes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    limits: tuple[float, ...] = ()
    grid: tuple[float, float, int] | None = None
    trained: int = 0
    software: Mapping[str, str] = {}


class EstimationReport(BaseModel):
    """The report of one estimation.

    Parameters
    ----------
    software
        Versions of the software that is not this server's own.
    training, objects
        Names of the two tables.
    magnitudes, errors, object_magnitudes, object_errors
        Columns of magnitudes from blue to red, and of their errors.
    training_rows, trained
        Rows of the training set, and those that were trained on.
    left_out
        Rows that were left out, by the reason.
    estimated, without_density
        Number of objects, and of those without an estimate.
    grid, stacked
        Redshifts, and the sum of all densities on them.
    edges, training_counts
        Histogram of the training redshifts.
    """

    model_config = ConfigDict(frozen=True)

    algorithm: str
    software: Mapping[str, str] = {}
    training: str
    objects: str
    magnitudes: tuple[str, ...]
    errors: tuple[str, ...]
    object_magnitudes: tuple[str, ...]
    object_errors: tuple[str, ...]
    training_rows: int
    trained: int
    left_out: Mapping[str, int]
    estimated: int
    without_density: int
    grid: tuple[float, ...]
    stacked: tuple[float, ...]
    edges: tuple[float, ...]
    training_counts: tuple[int, ...]
    model: ModelFile
    warnings: tuple[str, ...]
