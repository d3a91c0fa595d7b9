"""Ensembles of qp with ancillary columns, written by qp in each of its file formats."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.core.photoz.samples import OBJECTS, ensemble

__all__ = ["FILE_FORMATS", "with_ancillary", "write_ensemble"]

FILE_FORMATS = ("hdf5", "fits", "zip")


def with_ancillary(form: str) -> Any:  # qp has no types
    """Return an ensemble of a form with identifiers, a mode and a true redshift."""
    made = ensemble(form)
    rng = np.random.default_rng(5)
    made.set_ancil({
        "object_id": np.arange(OBJECTS) + 7_000_000_000,
        "zmode": rng.uniform(0, 3, OBJECTS),
        "redshift": rng.uniform(0, 3, OBJECTS),
    })  # fmt: skip
    return made


def write_ensemble(made: Any, folder: Path, suffix: str) -> Path:
    """Write an ensemble as qp does: HDF5, FITS, or the files of Parquet, in a zip."""
    path = folder / f"estimates.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if suffix != "zip":
            made.write_to(str(path))
            return path
        made.write_to(str(folder / "estimates.pq"))
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.glob("estimates*.pq")):
            archive.write(part, part.name)
    return path
