"""Search and linear interpolation in the rows of a matrix, for many rows at once."""

import numpy as np
from numpy.typing import NDArray

from core.photoz.kernels.base import Doubles

__all__ = ["interpolated", "interpolated_on_grid", "rank"]


def interpolated(nodes: Doubles, values: Doubles, z: Doubles, *, below: float, above: float) -> Doubles:
    """Return values of shape (n, g) at redshifts (n, m), linearly between nodes, and given numbers outside of them."""
    count = values.shape[1]
    if nodes.ndim == 1:
        cell = np.clip(np.searchsorted(nodes, z, side="right") - 1, 0, count - 2)
        start, end, first, last = nodes[cell], nodes[cell + 1], nodes[0], nodes[-1]
    else:
        cell = np.clip(rank(nodes, z) - 1, 0, count - 2)
        start, end = np.take_along_axis(nodes, cell, axis=1), np.take_along_axis(nodes, cell + 1, axis=1)
        first, last = nodes[:, :1], nodes[:, -1:]
    low, high = np.take_along_axis(values, cell, axis=1), np.take_along_axis(values, cell + 1, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = low + (high - low) / (end - start) * (z - start)
    result = np.where(z == last, values[:, -1:], result)
    return np.where(z < first, below, np.where(z > last, above, result))


def interpolated_on_grid(nodes: Doubles, values: Doubles, grid: Doubles, *, above: float) -> Doubles:
    """Return values of shape (n, g) on another grid, linearly between nodes, 0 below them and a given number above."""
    if np.array_equal(nodes, grid):
        return values
    cell = np.clip(np.searchsorted(nodes, grid, side="right") - 1, 0, len(nodes) - 2)
    share = (grid - nodes[cell]) / (nodes[cell + 1] - nodes[cell])
    inside = (grid >= nodes[0]) & (grid <= nodes[-1])
    result = values[:, cell] * np.where(inside, 1 - share, 0.0)
    result += values[:, cell + 1] * np.where(inside, share, 0.0)
    result[:, grid > nodes[-1]] = above
    return result


def rank(rows: Doubles, values: Doubles) -> NDArray[np.intp]:
    """Return how many entries of each sorted row are not above values of shape (n, m), by bisection."""
    low = np.zeros(values.shape, dtype=np.intp)
    high = np.full(values.shape, rows.shape[1], dtype=np.intp)
    for _ in range(int(rows.shape[1]).bit_length()):
        middle = (low + high) // 2
        below = (low < high) & (np.take_along_axis(rows, np.minimum(middle, rows.shape[1] - 1), axis=1) <= values)
        high = np.where(below, high, np.minimum(middle, high))
        low = np.where(below, middle + 1, low)
    return low
