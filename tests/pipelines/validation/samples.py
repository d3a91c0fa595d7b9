"""Files of estimates and of reference redshifts, made in code."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

__all__ = ["OBJECTS", "bare", "recipe_files", "write_reference"]

OBJECTS = 399


def recipe_files(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> tuple[Path, Path]:
    """Write the sample that RAIL tests itself on, as an ensemble of qp and its reference.

    NumPy's legacy seed 87; reference redshifts between 0 and 2.5; normal densities around them, on 301 points.

    Parameters
    ----------
    change
        Changes the arrays of the ensemble before they are written.
    """
    random = np.random.RandomState(87)
    z_true = random.uniform(0, 2.5, OBJECTS)
    loc = z_true + random.normal(0, 0.01, OBJECTS)
    scale = 0.1 + random.uniform(0, 0.05, OBJECTS)
    grid = np.linspace(0, 2.5, 301)
    unit = (grid - loc[:, None]) / scale[:, None]
    arrays: dict[str, Any] = {
        "meta/pdf_name": np.array([b"interp"]),
        "meta/pdf_version": np.array([0]),
        "meta/xvals": grid[None],
        "data/yvals": np.exp(-0.5 * unit**2) / (scale[:, None] * np.sqrt(2 * np.pi)),
        "ancil/object_id": np.arange(OBJECTS) + 10**12,
        "ancil/loc": loc,
    }
    if change is not None:
        change(arrays)
    estimates = folder / "estimates.hdf5"
    _write(estimates, arrays)
    # Another order than that of the estimates: objects are matched, not rows.
    order = np.random.default_rng(1).permutation(OBJECTS)
    reference = write_reference(
        folder,
        {
            "object_id": np.arange(OBJECTS)[order] + 10**12,
            "redshift": z_true[order],
            "mag_i_lsst": np.linspace(20, 25, OBJECTS)[order],
        },
    )
    return estimates, reference


def write_reference(folder: Path, columns: Mapping[str, Any]) -> Path:
    """Write reference redshifts in the layout of RAIL: arrays in the group ``photometry``."""
    path = folder / "truth.hdf5"
    _write(path, {f"photometry/{name}": values for name, values in columns.items()})
    return path


def bare(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a mapping that are not missing."""
    return {name: value for name, value in values.items() if value is not None}


def _write(path: Path, arrays: Mapping[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
