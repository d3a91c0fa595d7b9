"""Groups of matched rows: the connected components of the graph of pairs."""

import numpy as np
import numpy.typing as npt

from pipelines.crossmatch.pairs import Pairs

__all__ = ["connected_groups", "paired_rows"]


def connected_groups(n: int, pairs: Pairs) -> npt.NDArray[np.int64]:
    """Label each of ``n`` rows with its group; rows without a pair are groups of their own.

    Returns
    -------
    numpy.ndarray
        Labels from 0 without gaps, in the order of each group's first row.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = paired_rows(n, pairs)
    ends = (np.searchsorted(rows, pairs.left), np.searchsorted(rows, pairs.right))
    edges = coo_array((np.ones(len(pairs), dtype=np.int8), ends), shape=(len(rows), len(rows)))
    number, labels = connected_components(edges, directed=False)
    # Of rows with one label the first is written last, and stays.
    first = np.empty(number, dtype=np.int64)
    first[labels[::-1]] = rows[::-1]
    begins = np.ones(n, dtype=np.bool_)
    begins[rows] = False
    begins[first] = True
    groups: npt.NDArray[np.int64] = np.cumsum(begins)
    groups -= 1
    groups[rows] = groups[first[labels]]
    return groups


def paired_rows(n: int, pairs: Pairs) -> npt.NDArray[np.int64]:
    """Return the numbers of the rows that are in a pair, in order."""
    paired = np.zeros(n, dtype=np.bool_)
    paired[pairs.left] = paired[pairs.right] = True
    return np.flatnonzero(paired).astype(np.int64, copy=False)
