"""Rows that hang together through pairs: the connected components of the graph of pairs."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.crossmatch.pairs import Pairs

__all__ = ["connected_groups"]


def connected_groups(n: int, pairs: Pairs) -> npt.NDArray[np.int64]:
    """Label each of ``n`` rows with its group; rows without a pair are groups of their own.

    Returns
    -------
    numpy.ndarray
        Labels from 0 without gaps, in the order of each group's first row.
    """
    edges = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs.left, pairs.right)), shape=(n, n))
    _, labels = connected_components(edges, directed=False)
    return _numbered_by_first_row(labels)


def _numbered_by_first_row(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    # scipy does not promise any order of its labels.
    if not len(labels):
        return np.empty(0, dtype=np.int64)
    _, first = np.unique(labels, return_index=True)
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.argsort(first)] = np.arange(len(first))
    return ranks[labels]
