"""Interpolating splines of degree 2 for many rows at once, with the knots of ``scipy.interpolate.make_interp_spline``.

The knots are the middles between the points, without the outermost two; the ends count three times. Each point then
lies where three B-splines differ from 0, so that the coefficients solve a tridiagonal system, here by elimination in
all rows together (its matrix is totally positive: no pivoting is needed; de Boor, A Practical Guide to Splines, ch.
XIII).
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.photoz.kernels.base import Doubles
from core.photoz.kernels.tables import interpolated, rank

__all__ = ["QuadraticSplines"]


class QuadraticSplines:
    """Interpolating splines through points (x, y) of shape (n, g); x may have one row for all.

    With fewer than three points, or where two points of a row share their x, the row is linear between points.
    """

    def __init__(self, x: Doubles, y: Doubles) -> None:
        self.x, self.y = x, y

    @cached_property
    def knots(self) -> Doubles:
        """Ends of the pieces, of shape (n or 1, pieces + 1)."""
        middles = (self.x[:, 1:] + self.x[:, :-1]) / 2
        return np.column_stack([self.x[:, 0], middles[:, 1:-1], self.x[:, -1]])

    def at(self, positions: Doubles) -> Doubles:
        """Return the values at positions of shape (n, m), which lie within the points."""
        if self.x.shape[1] < 3:
            return self._linear(positions)
        pieces = self.knots.shape[1] - 1
        piece = self._pieces(positions)
        values = _basis(_local_knots(self._full_knots, piece), positions)
        result = sum(
            np.take_along_axis(self._coefficients, np.minimum(piece + k, pieces + 1), axis=1) * values[k]
            for k in range(3)
        )
        if self._doubled.any():
            result = np.where(self._doubled[:, None], self._linear(positions), result)
        return np.asarray(result)

    @cached_property
    def _doubled(self) -> NDArray[np.bool_]:
        """Which rows have two points of the same x."""
        return np.asarray(np.any(np.diff(self.x, axis=1) <= 0, axis=1))

    @cached_property
    def _full_knots(self) -> Doubles:
        """Knots with the ends three times."""
        first, last = self.knots[:, :1], self.knots[:, -1:]
        return np.concatenate([first, first, self.knots, last, last], axis=1)

    @cached_property
    def _coefficients(self) -> Doubles:
        """Coefficients of the B-splines, of shape (n, g)."""
        count = self.x.shape[1]
        piece = np.clip(np.arange(count) - 1, 0, count - 3)[None, :]
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, middle, upper = _basis(_local_knots(self._full_knots, np.broadcast_to(piece, self.x.shape)), self.x)
        # The first and the last point lie at the ends of their pieces, where one B-spline alone differs from 0.
        lower, middle, upper = lower.copy(), middle.copy(), upper.copy()
        for column in (0, count - 1):
            lower[:, column], middle[:, column], upper[:, column] = 0.0, 1.0, 0.0
        return _solved(lower, middle, upper, self.y)

    def _pieces(self, positions: Doubles) -> NDArray[np.intp]:
        """Return the piece in which each position lies."""
        last = self.knots.shape[1] - 2
        if len(self.knots) == 1:
            found = np.searchsorted(self.knots[0], positions, side="right")
        else:
            found = rank(self.knots, positions)
        return np.clip(found - 1, 0, last).astype(np.intp)

    def _linear(self, positions: Doubles) -> Doubles:
        """Return values that are linear between points."""
        nodes = self.x[0] if len(self.x) == 1 else self.x
        return interpolated(nodes, self.y, positions, below=np.nan, above=np.nan)


def _local_knots(knots: Doubles, piece: NDArray[np.intp]) -> list[Doubles]:
    """Return the four knots around each piece: two below and with its start, two with its end and above."""
    if len(knots) == 1:
        return [knots[0][piece + k] for k in range(1, 5)]
    return [np.take_along_axis(knots, piece + k, axis=1) for k in range(1, 5)]


def _basis(around: list[Doubles], x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return the three B-splines of degree 2 that differ from 0 in a piece (de Boor's recurrence)."""
    before, start, end, after = around
    width = end - start
    right, left = (end - x) / width, (x - start) / width
    far_right, near_left = (end - x) / (end - before), (x - before) / (end - before)
    near_right, far_left = (after - x) / (after - start), (x - start) / (after - start)
    return far_right * right, near_left * right + near_right * left, far_left * left


def _solved(lower: Doubles, middle: Doubles, upper: Doubles, given: Doubles) -> Doubles:
    """Return the solutions of tridiagonal systems by elimination in all rows together."""
    count = given.shape[1]
    factor, result = np.empty(middle.shape), np.empty(given.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        pivot = middle[:, 0]
        factor[:, 0], result[:, 0] = upper[:, 0] / pivot, given[:, 0] / pivot
        for column in range(1, count):
            pivot = middle[:, column] - lower[:, column] * factor[:, column - 1]
            factor[:, column] = upper[:, column] / pivot
            result[:, column] = (given[:, column] - lower[:, column] * result[:, column - 1]) / pivot
        for column in range(count - 2, -1, -1):
            result[:, column] -= factor[:, column] * result[:, column + 1]
    return result
