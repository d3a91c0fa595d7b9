"""Rule what people see of distributions on a truth that is hidden.

Whoever submits estimates chooses the PIT and the point estimate of each object, so that exact counts in fine bins would
reveal the redshifts of single objects: by bins of few objects, or by two submissions that differ in one object.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.challenges.distributions.models import CELLS, PIT_BINS, Distributions
from pipelines.challenges.models import Challenge, ChallengeState

__all__ = ["disclosed"]

#: Smallest subsets that a bin has on average.
_SUBSETS_A_BIN = 5
#: Most cells of redshift that are shown of a hidden truth.
_MOST_CELLS = 30
_FEWEST_BINS = 2


def disclosed(found: Distributions, challenge: Challenge) -> Distributions | None:
    """Return distributions as the caller may see them, on a part whose scores the caller may see.

    Those who run the challenge see them as they are, and so does everyone when the truth is published. For others, bins
    are merged until each has five times the objects of the smallest subset on average; their number depends on the
    part alone, not on the submission. Bins with fewer objects than the smallest subset are empty, and while
    submissions are possible all counts are multiples of it.

    Returns
    -------
    None if the part has too few objects for two bins.
    """
    if challenge.manages or challenge.state is ChallengeState.PUBLISHED:
        return found
    smallest = challenge.definition.limits.smallest_subset
    most = found.objects // (_SUBSETS_A_BIN * smallest)
    if most < _FEWEST_BINS:
        return None
    step = 1 if challenge.state is ChallengeState.CLOSED else smallest

    def shown(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(counts >= smallest, np.round(counts / step) * step, 0.0)

    return found.merged(_divisor(PIT_BINS, most), _divisor(CELLS, min(most, _MOST_CELLS))).changed(shown)


def _divisor(number: int, most: int) -> int:
    """Return the largest divisor of a number up to a limit."""
    return max(each for each in range(1, number + 1) if number % each == 0 and each <= most)
