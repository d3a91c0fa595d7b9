"""Distributions of a submission, put into bins while it is scored."""

import numpy as np
from numpy.typing import NDArray

from pipelines.challenges.distributions.models import CELLS, PIT_BINS, Distributions
from pipelines.validation.configuration import ValidationParameters
from pipelines.validation.reference import Reference
from pipelines.validation.sample import Sample
from pipelines.validation.scoring import grid_of

__all__ = ["binned"]

_Doubles = NDArray[np.float64]


def binned(
    sample: Sample, stack: _Doubles, reference: Reference, part: NDArray[np.bool_], param: ValidationParameters
) -> Distributions:
    """Return the distributions of a submission on a part of the truth.

    Parameters
    ----------
    sample
        The objects of the part that the submission has.
    stack
        Sum of their densities on the grid; shape (points,).
    part
        Which rows of the truth are the part.

    Notes
    -----
    The true redshifts are counted of all objects of the part, so that they do not depend on the submission.
    """
    low, high, _ = param.grid
    edges = np.linspace(low, high, CELLS + 1)
    both = np.isfinite(sample.z_phot)
    pit, _ = np.histogram(np.clip(sample.densities.pit, 0, 1), bins=PIT_BINS, range=(0, 1))
    redshifts, _, _ = np.histogram2d(sample.z_true[both], sample.z_phot[both], bins=(edges, edges))
    selected = part & reference.is_selected
    true_counts, _ = np.histogram(reference.z[selected], bins=edges)
    return Distributions(
        int(np.count_nonzero(selected)),
        (low, high),
        pit.astype(np.float64),
        redshifts,
        _in_cells(stack, grid_of(param), edges),
        true_counts.astype(np.float64),
    )


def _in_cells(stack: _Doubles, grid: _Doubles, edges: _Doubles) -> _Doubles:
    """Return the integrals of a sum of densities between edges, by the trapezium rule on its grid."""
    cumulative = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (stack[1:] + stack[:-1]) / 2)])
    return np.diff(np.interp(edges, grid, cumulative))
