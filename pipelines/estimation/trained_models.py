"""Trained models: what is recorded of the file of a model, and the models of earlier runs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.estimation.bands import Photometry
from pipelines.estimation.configuration import EstimationParameters
from pipelines.estimation.report import ModelFile

__all__ = ["KnownModel", "described_model"]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that an earlier run of this server trained, which is not a table.

    Parameters
    ----------
    label
        Name of its product, for sentences.
    file
        What was recorded of it.
    """

    label: str
    path: Path
    file: ModelFile

    def __len__(self) -> int:
        return self.file.trained

    @property
    def photometry(self) -> Photometry:
        """The columns of the magnitudes that it was trained on."""
        return Photometry(self.file.bands, self.file.magnitudes, self.file.errors)


def described_model(
    path: Path, param: EstimationParameters, photometry: Photometry, trained: int, software: Mapping[str, str],
    limits: tuple[float, ...] = (),
) -> ModelFile:  # fmt: skip
    """Return what has to be known of the file of a model that was trained now.

    Parameters
    ----------
    trained
        Number of objects that it was trained on.
    limits
        Magnitude that stood for a missing one, in each band.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(
        name=path.name,
        format="parquet" if path.suffix == ".parquet" else "pickle",
        sha256=digest,
        size=path.stat().st_size,
        algorithm=param.algorithm,
        bands=photometry.bands,
        magnitudes=photometry.magnitudes,
        errors=photometry.errors,
        limits=limits,
        grid=param.grid,
        trained=trained,
        software=software,
    )
