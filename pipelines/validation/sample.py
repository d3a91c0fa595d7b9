"""Sample of objects with a reference redshift, and what was computed for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["DensityValues", "PointValues", "Sample", "joined"]

_Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Objects with a reference redshift; all arrays have the same length, and NaN where there is no value.

    Parameters
    ----------
    z_true, z_phot
        Reference redshift and point estimate.
    magnitude
        Magnitude by which bins are made.
    pit
        CDF of the density at the reference redshift.
    square
        Integral of the square of the density on the grid.
    at_truth, at_grid
        Density at the reference redshift, and at the point of the grid that is nearest to it.
    crps
        Continuous ranked probability score.
    brier
        Brier score of the probabilities in bins of redshift.
    """

    z_true: _Doubles
    z_phot: _Doubles
    magnitude: _Doubles
    pit: _Doubles
    square: _Doubles
    at_truth: _Doubles
    at_grid: _Doubles
    crps: _Doubles
    brier: _Doubles

    def __len__(self) -> int:
        return len(self.z_true)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return some of the objects."""
        return type(self)(*(getattr(self, each.name)[rows] for each in fields(self)))

    @cached_property
    def points(self) -> "PointValues":
        """Residuals of the objects with a point estimate."""
        both = np.isfinite(self.z_phot)
        truth, offset = self.z_true[both], self.z_phot[both] - self.z_true[both]
        return PointValues(offset / (1 + truth), offset)

    @cached_property
    def densities(self) -> "DensityValues":
        """Scores of the objects with a density."""
        valid = np.isfinite(self.pit)
        return DensityValues(*(getattr(self, each.name)[valid] for each in fields(DensityValues)))


@dataclass(frozen=True)
class PointValues:
    """Residuals of objects, along the last axis; before it there may be one of resamples.

    Parameters
    ----------
    residual
        Residuals (z_phot - z_true) / (1 + z_true).
    offset
        Differences z_phot - z_true.
    """

    residual: _Doubles
    offset: _Doubles

    def take(self, index: NDArray[np.intp]) -> Self:
        """Return resamples by the places of their objects."""
        return type(self)(self.residual[index], self.offset[index])

    def __len__(self) -> int:
        return int(self.residual.shape[-1])

    @cached_property
    def sigma_iqr(self) -> _Doubles:
        """Widths of the residuals between their quartiles, in standard deviations of a normal distribution."""
        low, high = np.percentile(self.residual, [25, 75], axis=-1)
        return np.asarray((high - low) / 1.349)


@dataclass(frozen=True)
class DensityValues:
    """Scores of the densities of objects, along the last axis; see `Sample` for their meaning."""

    pit: _Doubles
    square: _Doubles
    at_truth: _Doubles
    at_grid: _Doubles
    crps: _Doubles
    brier: _Doubles

    def take(self, index: NDArray[np.intp]) -> Self:
        """Return resamples by the places of their objects."""
        return type(self)(*(getattr(self, each.name)[index] for each in fields(self)))

    def __len__(self) -> int:
        return int(self.pit.shape[-1])


def joined(parts: Sequence[Sample]) -> Sample:
    """Return the objects of several samples one after the other."""
    if not parts:
        return Sample(*(np.empty(0) for _ in fields(Sample)))
    return Sample(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Sample)))
