"""Candidate pairs by a sweep along one axis, faster than a tree where rows are sparse along it."""

import numpy as np
import numpy.typing as npt

__all__ = ["swept_candidates"]

#: Vectors that are looked at for the axis along which they are spread the most.
_SAMPLE = 10_000


def swept_candidates(vectors: npt.NDArray[np.float64], reach: float, most: int) -> npt.NDArray[np.int64] | None:
    """Return all pairs of vectors that may be closer than a distance, or None when they are too many to sweep.

    Parameters
    ----------
    reach
        Two vectors that are this far apart, or less, are sure to be among the pairs.
    most
        The sweep is not made when more pairs than these are as close along the axis.

    Returns
    -------
    numpy.ndarray or None
        Places of both, of shape (n, 2).
    """
    some = vectors[:: len(vectors) // _SAMPLE + 1]
    axis = int(np.ptp(some, axis=0).argmax())
    order = np.argsort(vectors[:, axis])
    along = vectors[:, axis][order]
    # How many rows follow each one within reach.
    following = np.searchsorted(along, along + reach, side="right") - np.arange(1, len(along) + 1)
    if following.sum() > most:
        return None
    across = vectors[:, axis - 1][order]
    found, step, going = [np.empty((0, 2), dtype=np.int64)], 1, np.flatnonzero(following)
    while len(going):
        near = going[np.abs(across[going + step] - across[going]) <= reach]
        found.append(np.column_stack([order[near], order[near + step]]))
        step += 1
        going = going[following[going] >= step]
    return np.concatenate(found)
