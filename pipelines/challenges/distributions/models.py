"""`Distributions`: a submission on a part of the truth, in bins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["CELLS", "PIT_BINS", "Distributions"]

_Doubles = NDArray[np.float64]

#: Bins of the PIT between 0 and 1, and cells of redshift on the grid of the challenge, as they are stored.
PIT_BINS, CELLS = 20, 60


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """Distributions of a submission on a part of the truth.

    Parameters
    ----------
    objects
        Number of objects of the part, whether the submission has estimates of them or not.
    limits
        First and last redshift of the cells.
    pit
        Number of objects in each bin of the PIT between 0 and 1; shape (bins,).
    redshifts
        Number of objects in each cell of true redshift (first index) and point estimate; shape (cells, cells).
    stacked
        Sum of the densities in each cell of redshift, in objects; shape (cells,).
    true_counts
        Number of objects of the part in each cell of true redshift; shape (cells,).
    """

    objects: int
    limits: tuple[float, float]
    pit: _Doubles
    redshifts: _Doubles
    stacked: _Doubles
    true_counts: _Doubles

    @property
    def pit_edges(self) -> _Doubles:
        """The edges of the bins of the PIT."""
        return np.linspace(0.0, 1.0, len(self.pit) + 1)

    @property
    def edges(self) -> _Doubles:
        """The edges of the cells of redshift."""
        return np.linspace(*self.limits, len(self.stacked) + 1)

    def __add__(self, other: Self) -> Self:
        """Return the distributions on two parts together."""
        return type(self)(
            self.objects + other.objects,
            self.limits,
            self.pit + other.pit,
            self.redshifts + other.redshifts,
            self.stacked + other.stacked,
            self.true_counts + other.true_counts,
        )

    def merged(self, pit_bins: int, cells: int) -> Self:
        """Return them in fewer bins, whose numbers divide the present ones."""
        wide = len(self.stacked) // cells
        return type(self)(
            self.objects,
            self.limits,
            self.pit.reshape(pit_bins, -1).sum(axis=1),
            self.redshifts.reshape(cells, wide, cells, wide).sum(axis=(1, 3)),
            self.stacked.reshape(cells, -1).sum(axis=1),
            self.true_counts.reshape(cells, -1).sum(axis=1),
        )

    def changed(self, change: Callable[[_Doubles], _Doubles]) -> Self:
        """Return them with other counts."""
        return type(self)(
            self.objects,
            self.limits,
            change(self.pit),
            change(self.redshifts),
            change(self.stacked),
            change(self.true_counts),
        )

    def to_object(self) -> dict[str, object]:
        """Return them as JSON; of cells of two redshifts, those that have objects."""
        filled = np.flatnonzero(self.redshifts)
        return {
            "objects": self.objects,
            "limits": list(self.limits),
            "pit": _whole(self.pit),
            "cells": [filled.tolist(), _whole(self.redshifts.flat[filled])],
            "stacked": [round(value, 6) for value in self.stacked.tolist()],
            "true_counts": _whole(self.true_counts),
        }

    @classmethod
    def from_object(cls, stored: Mapping[str, Any]) -> Self:
        """Return those of a stored object."""
        stacked = np.asarray(stored["stacked"], dtype=np.float64)
        redshifts = np.zeros((len(stacked), len(stacked)))
        places, counts = stored["cells"]
        redshifts.flat[np.asarray(places, dtype=np.intp)] = counts
        low, high = stored["limits"]
        return cls(
            int(stored["objects"]),
            (float(low), float(high)),
            np.asarray(stored["pit"], dtype=np.float64),
            redshifts,
            stacked,
            np.asarray(stored["true_counts"], dtype=np.float64),
        )


def _whole(counts: _Doubles) -> list[int]:
    return [int(count) for count in counts.tolist()]
