"""Photo-z estimates by the nearest neighbours in colours and magnitudes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.configuration import NeighbourParameters
from pipelines.estimation.features import Features, Magnitudes, faintest, features_of, with_limits
from pipelines.estimation.kernels import RedshiftKernels

__all__ = ["NeighbourEstimator", "TrainingDistribution"]

Doubles = NDArray[np.float64]

#: How many times as many candidates are compared by their errors as there are neighbours.
_CANDIDATES = 4
#: Numbers in temporary arrays of candidates.
_BLOCK = 4_000_000
_NEAR = 1e-9


class NeighbourEstimator:
    """Densities as sums of Gaussians at the redshifts of the nearest neighbours in the training set.

    Distances are Euclidean, in features that are divided by their standard deviations in the training set. With
    weights by errors, the neighbours are the best of four times as many candidates by chi2, the sum of squared
    differences over the variances of both objects; covariances of colours are left out.

    Magnitudes that an object lacks are replaced by the faintest ones of the training set.

    Parameters
    ----------
    training
        Magnitudes of the training set.
    reference
        Number of the band whose magnitude is taken beside colours.
    """

    def __init__(
        self, training: Magnitudes, kernels: RedshiftKernels, param: NeighbourParameters, reference: int
    ) -> None:
        from scipy.spatial import cKDTree

        self._kernels, self._param, self._reference = kernels, param, reference
        self._limits = faintest(training.values)
        self._features = self._of(training)
        spread = self._features.values.std(axis=0)
        self._scale = np.where(spread > 0, spread, 1.0)
        self._tree = cKDTree(self._features.values / self._scale)
        self.count = min(param.neighbours, len(training))

    @property
    def uses_errors(self) -> bool:
        """Whether neighbours are weighted by errors: the training set has some and the parameters ask for it."""
        return self._param.weights == "errors" and self._features.variances is not None

    def densities(self, objects: Magnitudes) -> NDArray[np.float32]:
        """Return densities on the grid, of shape (n, grid); NaN for objects without any magnitude."""
        found = np.full((len(objects), len(self._kernels.grid)), np.nan, dtype=np.float32)
        observed = np.flatnonzero(objects.is_observed)
        block = max(_BLOCK // (_CANDIDATES * self.count * self._features.values.shape[1]), 1)
        for start in range(0, len(observed), block):
            rows = observed[start : start + block]
            errors = None if objects.errors is None else objects.errors[rows]
            near = self._neighbours(self._of(Magnitudes(objects.values[rows], errors)))
            found[rows] = self._kernels.sums(near.rows, near.weights)
        return found

    def _of(self, magnitudes: Magnitudes) -> Features:
        return features_of(with_limits(magnitudes, self._limits), self._param.features, self._reference)

    def _neighbours(self, objects: Features) -> "_Neighbours":
        total = len(self._features.values)
        by_errors = self.uses_errors and objects.variances is not None
        count = min(_CANDIDATES * self.count, total) if by_errors else self.count
        distances, rows = self._tree.query(objects.values / self._scale, k=np.arange(1, count + 1))
        if by_errors:
            return self._best(objects, rows)
        if self._param.weights == "uniform":
            return _Neighbours(rows, np.ones(rows.shape))
        return _Neighbours(rows, 1 / np.maximum(distances, _NEAR))

    def _best(self, objects: Features, rows: NDArray[np.intp]) -> "_Neighbours":
        """Return the candidates of the lowest chi2."""
        assert objects.variances is not None  # noqa: S101 - asked before
        assert self._features.variances is not None  # noqa: S101 - asked before
        squares = np.square(objects.values[:, None, :] - self._features.values[rows])
        chi2 = (squares / (objects.variances[:, None, :] + self._features.variances[rows])).sum(axis=2)
        if chi2.shape[1] > self.count:
            best = np.argpartition(chi2, self.count - 1, axis=1)[:, : self.count]
            rows, chi2 = np.take_along_axis(rows, best, axis=1), np.take_along_axis(chi2, best, axis=1)
        return _Neighbours(rows, np.exp(-0.5 * (chi2 - chi2.min(axis=1, keepdims=True))))


class TrainingDistribution:
    """The redshift distribution of the training set for each object: the baseline that uses no photometry."""

    def __init__(self, kernels: RedshiftKernels) -> None:
        self._density = kernels.all()

    def densities(self, objects: Magnitudes) -> NDArray[np.float32]:
        """Return densities on the grid, of shape (n, grid)."""
        return np.tile(self._density, (len(objects), 1))


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Training objects and their weights, of shape (n, k)."""

    rows: NDArray[np.intp]
    weights: Doubles
