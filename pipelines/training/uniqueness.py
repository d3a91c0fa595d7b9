"""Selection of unique pairs, where an object or a redshift may be in the result only once."""

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Unique", "unique_pairs"]

Unique = Literal["none", "objects", "redshifts", "both"]

_Ints = npt.NDArray[np.int64]


def unique_pairs(
    redshift: _Ints,
    objects: _Ints,
    separation: npt.NDArray[np.float64],
    unique: Unique,
    preference: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return for each pair whether it is kept.

    The pair whose preference is largest wins, then the closest, then the one with the lowest numbers; a preference that
    is NaN loses to all others. With ``both``, pairs are taken in that order unless one of their sides is taken.

    Parameters
    ----------
    redshift, objects
        Numbers of the redshift and of the object of each pair.
    """
    if unique == "none":
        return np.ones(len(redshift), dtype=np.bool_)
    wish = np.zeros(len(redshift)) if preference is None else -np.nan_to_num(preference, nan=-np.inf)
    ranks = np.empty(len(redshift), dtype=np.int64)
    ranks[np.lexsort((objects, redshift, separation, wish))] = np.arange(len(redshift))
    if unique == "objects":
        return _best(objects, ranks)
    if unique == "redshifts":
        return _best(redshift, ranks)
    return _taken_in_order(redshift, objects, ranks)


def _best(side: _Ints, ranks: _Ints) -> npt.NDArray[np.bool_]:
    order = np.lexsort((ranks, side))
    first = np.diff(side[order], prepend=-1) != 0
    best = np.zeros(len(side), dtype=np.bool_)
    best[order[first]] = True
    return best


def _taken_in_order(redshift: _Ints, objects: _Ints, ranks: _Ints) -> npt.NDArray[np.bool_]:
    """Select pairs greedily by rank, in rounds of pairs that are the best of both their sides."""
    taken = np.zeros(len(ranks), dtype=np.bool_)
    open_pairs = np.arange(len(ranks))
    while len(open_pairs):
        left, right, rank = redshift[open_pairs], objects[open_pairs], ranks[open_pairs]
        won = _best(left, rank) & _best(right, rank)
        taken[open_pairs[won]] = True
        free = ~np.isin(left, left[won]) & ~np.isin(right, right[won])
        open_pairs = open_pairs[free]
    return taken
