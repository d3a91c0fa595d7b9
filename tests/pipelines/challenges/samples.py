"""A challenge on the sample that RAIL tests itself on: files of truth, test set and submissions, and its definition."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.pipelines.validation.samples import recipe_files

__all__ = ["MARKED", "definition_of", "marked_truth", "objects_file", "submission_file"]

#: A magnitude that only the truth has: whoever reads its rows or their statistics sees it.
MARKED = 24.987654321


def submission_file(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Write a submission with the mode on the grid as `zmode`."""
    folder.mkdir(exist_ok=True)

    def changed(arrays: dict[str, Any]) -> None:
        grid = arrays["meta/xvals"][0]
        arrays["ancil/zmode"] = grid[np.argmax(arrays["data/yvals"], axis=1)][:, None]  # as RAIL writes it
        if change is not None:
            change(arrays)

    return recipe_files(folder, changed)[0]


def marked_truth(folder: Path) -> Path:
    """Write the truth of the sample, with a marked value."""
    folder.mkdir(exist_ok=True)
    path = recipe_files(folder)[1]
    with h5py.File(path, "r+") as file:
        magnitudes = file["photometry/mag_i_lsst"][:]
        magnitudes[np.argmax(magnitudes)] = MARKED
        file["photometry/mag_i_lsst"][:] = magnitudes
    return path


def objects_file(folder: Path, truth: Path) -> Path:
    """Write the test set: the objects of a truth in another order, without their redshifts."""
    path = folder / "test_set.hdf5"
    with h5py.File(truth) as source, h5py.File(path, "w") as file:
        ids = source["photometry/object_id"][:]
        order = np.argsort(ids)
        file["photometry/object_id"] = ids[order]
        file["photometry/mag_i_lsst"] = np.round(source["photometry/mag_i_lsst"][:][order], 1)
    return path


def definition_of(test: int, truth: int, **values: Any) -> Mapping[str, Any]:
    """Return the definition of a challenge on the sample, in JSON."""
    task = {"name": "recipe", "test": [test], "truth": truth, **values.pop("task", {})}
    return {
        "title": "A challenge",
        "tasks": [task],
        "parameters": {"grid": [0, 2.5, 301], "bootstrap": 20, **values.pop("parameters", {})},
        **values,
    }
