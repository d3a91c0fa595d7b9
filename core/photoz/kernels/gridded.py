"""Densities that are tabulated: linear between points of a grid, constant in bins, or on a grid of each object.

Definitions are those of ``qp``: a density that is linear between points has a CDF that is summed at the points by the
trapezium rule and linear between them. On a shared grid it begins, not with 0, but with half of the first cell
(``qp.interp``, ``_compute_ycumul``); on a grid of each object each cell counts with the density at its upper end
(``qp.interp_irregular``).
"""

from abc import abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Doubles, Kernel
from core.photoz.kernels.tables import interpolated, interpolated_on_grid, rank

__all__ = ["Histogram", "Interpolated", "IrregularlyInterpolated", "trapezium_weights"]


#: Points at which a CDF is computed directly, rather than from the CDF at all nodes.
_FEW_POINTS = 8


class _Tabulated(Kernel):
    """Densities whose CDF is linear between nodes; the nodes are one grid (g,), or one for each object (n, g)."""

    @property
    @abstractmethod
    def nodes(self) -> Doubles:
        """Redshifts at which the CDF is known."""

    @property
    @abstractmethod
    def cumulated(self) -> Doubles:
        """CDF at the nodes, of shape (n, g)."""

    def cdf(self, z: Doubles) -> Doubles:
        """Return the probabilities of lower redshifts: 0 below the first node, 1 above the last."""
        return interpolated(self.nodes, self.cumulated, z, below=0.0, above=1.0)

    def cdf_on_grid(self, grid: Doubles) -> Doubles:
        """Return the CDF on a grid, of shape (n, g)."""
        if self.nodes.ndim > 1:
            return super().cdf_on_grid(grid)
        if len(grid) <= _FEW_POINTS and "cumulated" not in vars(self):
            return self._cdf_at_few(grid)
        return interpolated_on_grid(self.nodes, self.cumulated, grid, above=1.0)

    def cdf_weights(self, grid: Doubles) -> Doubles:
        """Return the weights of the values of a row in its CDF on a grid, not normalised, of shape (size, g).

        Only for nodes that all objects share.
        """
        raise NotImplementedError

    def _cdf_at_few(self, grid: Doubles) -> Doubles:
        """Return the CDF at few points without the CDF at all nodes: one product of matrices."""
        sums: Doubles = self.parameters @ self.cdf_weights(np.append(grid, self.nodes[-1]))
        return np.asarray(sums[:, :-1] / sums[:, -1:])

    def _parts(self, grid: Doubles) -> Doubles:
        """Return the widths of the parts of cells that lie below the points of a grid, of shape (cells, g)."""
        widths = np.diff(self.nodes)[:, None]
        return np.asarray(np.clip(grid - self.nodes[:-1, None], 0.0, widths))

    def quantile(self, p: Doubles) -> Doubles:
        """Return the inverse of the CDF, linear between nodes; what the CDF begins above is at the first node."""
        known, count = self.cumulated, self.cumulated.shape[1]
        cell = np.clip(rank(known, p) - 1, 0, count - 2)
        low, high = np.take_along_axis(known, cell, axis=1), np.take_along_axis(known, cell + 1, axis=1)
        start, end = self._node(cell), self._node(cell + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            result = start + (p - low) * ((end - start) / (high - low))
        result = np.where(p < known[:, :1], self._node(np.zeros_like(cell)), result)
        return np.where(p >= known[:, -1:], self._node(np.full_like(cell, count - 1)), result)

    def crps(self, z: Doubles) -> Doubles:
        """Return the continuous ranked probability score, exact for a CDF F that is linear between nodes.

        Over the nodes it is the integral of F squared, minus twice that of F above z, plus the distance from z to the
        last node; a redshift outside of them adds its distance to the nearest end.
        """
        known, first, last = self.cumulated, self.nodes[..., 0], self.nodes[..., -1]
        inside = np.clip(z, first, last)
        at = interpolated(self.nodes, known, inside[:, None], below=0.0, above=1.0)[:, 0]
        cell = self._cell(inside[:, None])
        after = self._node(cell + 1)[:, 0]
        upper = np.take_along_axis(known, cell + 1, axis=1)[:, 0]
        widths = np.diff(self.nodes)
        weights = (_padded(widths, 0, 1) + _padded(widths, 1, 0)) / 2
        squares = _summed(known * known, weights) * 2 / 3 + _summed(known[:, 1:] * known[:, :-1], widths) / 3
        # The integral of F from the first node above z on: the trapezium rule without the cell before that node.
        above = np.where(np.arange(known.shape[1]) > cell, known, 0.0)
        rest = _summed(above, weights) - upper * (after - self._node(cell)[:, 0]) / 2
        total: Doubles = squares - 2 * rest - (at + upper) * (after - inside) + last - inside
        return total + np.abs(z - inside)

    def _cell(self, z: Doubles) -> NDArray[np.intp]:
        """Return the cells of redshifts, which lie between the nodes."""
        found = np.searchsorted(self.nodes, z, side="right") if self.nodes.ndim == 1 else rank(self.nodes, z)
        return np.clip(found - 1, 0, self.cumulated.shape[1] - 2).astype(np.intp)

    def _node(self, index: NDArray[np.intp]) -> Doubles:
        """Return the redshifts of nodes by their places."""
        return self.nodes[index] if self.nodes.ndim == 1 else np.take_along_axis(self.nodes, index, axis=1)


class Interpolated(_Tabulated):
    """Densities that are linear between the points of a shared grid and 0 outside of it (``qp.interp``)."""

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows have a positive integral."""
        return np.asarray(_trapezium(np.asarray(form.grid), parameters) > 0)

    @property
    def nodes(self) -> Doubles:
        """Points of the grid."""
        return self.grid

    @cached_property
    def integrals(self) -> Doubles:
        """Integrals of the densities as given, by the trapezium rule."""
        return _trapezium(self.grid, self.parameters)

    @cached_property
    def cumulated(self) -> Doubles:
        """CDF at the points of the grid; at the first one half of the first cell."""
        values, widths = self.parameters, np.diff(self.grid)
        result = np.empty_like(values)
        cells = result[:, 1:]
        np.add(values[:, 1:], values[:, :-1], out=cells)
        cells *= widths * 0.5
        np.cumsum(cells, axis=1, out=cells)
        result[:, 0] = 0.5 * values[:, 0] * widths[0]
        result /= result[:, -1:].copy()
        return result

    def cdf_weights(self, grid: Doubles) -> Doubles:
        """Return the weights of the values of a row in its CDF on a grid, not normalised, of shape (size, g)."""
        halves = self._parts(grid) / 2
        result = np.vstack([halves, np.zeros((1, len(grid)))])
        result[1:] += halves
        result[0] = np.where(grid >= self.grid[0], (self.grid[1] - self.grid[0]) / 2, 0.0)
        return result

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""
        return interpolated(self.grid, self.parameters, z, below=0.0, above=0.0) / self.integrals[:, None]

    def on_grid(self, grid: Doubles) -> Doubles:
        """Return the densities on a grid, of shape (n, g)."""
        return interpolated_on_grid(self.grid, self.parameters, grid, above=0.0) / self.integrals[:, None]

    def total_on_grid(self, grid: Doubles) -> Doubles:
        """Return the sum of the densities of all objects on a grid, of shape (g,)."""
        total = (1 / self.integrals) @ self.parameters
        result: Doubles = interpolated_on_grid(self.grid, total[None, :], grid, above=0.0)[0]
        return result

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return means and variances, by qp's sum over the points times their spacing.

        If the spacing varies, by the trapezium rule: qp takes the first spacing for all.
        """
        widths = np.diff(self.grid)
        weights = np.full_like(self.grid, widths[0]) if _uniform(widths) else trapezium_weights(self.grid)
        return _moments(self.grid, weights, self.parameters, self.integrals)

    def mode(self) -> Doubles:
        """Return the point of the grid with the highest density."""
        return np.asarray(self.grid[np.argmax(self.parameters, axis=1)])


class Histogram(_Tabulated):
    """Densities that are constant between shared edges and 0 outside of them (``qp.hist``)."""

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows have a positive integral."""
        return np.asarray(parameters @ np.diff(form.grid) > 0)

    @property
    def nodes(self) -> Doubles:
        """Edges of the bins."""
        return self.grid

    @cached_property
    def integrals(self) -> Doubles:
        """Integrals of the densities as given."""
        result: Doubles = self.parameters @ np.diff(self.grid)
        return result

    @cached_property
    def cumulated(self) -> Doubles:
        """CDF at the edges."""
        result = np.zeros((len(self.parameters), len(self.grid)))
        np.cumsum(self.parameters * np.diff(self.grid), axis=1, out=result[:, 1:])
        result /= self.integrals[:, None]
        return result

    def cdf_weights(self, grid: Doubles) -> Doubles:
        """Return the weights of the values of a row in its CDF on a grid, not normalised, of shape (size, g)."""
        return self._parts(grid)

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""
        index, inside = self._bins(z)
        return np.where(inside, np.take_along_axis(self.parameters, index, axis=1), 0.0) / self.integrals[:, None]

    def on_grid(self, grid: Doubles) -> Doubles:
        """Return the densities on a grid, of shape (n, g)."""
        index, inside = self._bins(grid)
        return np.where(inside, self.parameters[:, index], 0.0) / self.integrals[:, None]

    def total_on_grid(self, grid: Doubles) -> Doubles:
        """Return the sum of the densities of all objects on a grid, of shape (g,)."""
        index, inside = self._bins(grid)
        return np.where(inside, ((1 / self.integrals) @ self.parameters)[index], 0.0)

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return the means and variances of masses in the middle of the bins, as qp does."""
        middles = (self.grid[1:] + self.grid[:-1]) / 2
        return _moments(middles, np.diff(self.grid), self.parameters, self.integrals)

    def mode(self) -> Doubles:
        """Return the middle of the bin with the highest density."""
        highest = np.argmax(self.parameters, axis=1)
        return np.asarray((self.grid[highest] + self.grid[highest + 1]) / 2)

    def _bins(self, z: Doubles) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the bins of redshifts, and whether they are in one: by arithmetic if all are as wide, as qp does."""
        widths = np.diff(self.grid)
        if _uniform(widths):
            with np.errstate(invalid="ignore"):
                position = np.floor((z - self.grid[0]) / widths[0])
        else:
            position = np.searchsorted(self.grid, z, side="left").astype(np.float64) - 1
        inside = (position >= 0) & (position < len(widths))
        return np.where(inside, position, 0).astype(np.intp), inside


class IrregularlyInterpolated(_Tabulated):
    """Densities that are linear between the points of a grid of each object (``qp.interp_irregular``)."""

    @staticmethod
    def usable(form: DensityForm, parameters: Doubles) -> NDArray[np.bool_]:
        """Return which rows have redshifts that increase and a positive integral."""
        del form
        half = parameters.shape[1] // 2
        widths = np.diff(parameters[:, :half], axis=1)
        return np.asarray(np.all(widths >= 0, axis=1) & (np.sum(widths * parameters[:, half + 1 :], axis=1) > 0))

    @property
    def nodes(self) -> Doubles:
        """Redshifts of each object, of shape (n, g)."""
        return self.parameters[:, : self.parameters.shape[1] // 2]

    @property
    def values(self) -> Doubles:
        """Densities as given, of shape (n, g)."""
        return self.parameters[:, self.parameters.shape[1] // 2 :]

    @cached_property
    def integrals(self) -> Doubles:
        """Integrals of the densities as given, each cell with the density at its upper end."""
        result: Doubles = np.sum(np.diff(self.nodes, axis=1) * self.values[:, 1:], axis=1)
        return result

    @cached_property
    def cumulated(self) -> Doubles:
        """CDF at the redshifts."""
        result = np.zeros(self.nodes.shape)
        np.cumsum(np.diff(self.nodes, axis=1) * self.values[:, 1:], axis=1, out=result[:, 1:])
        result /= self.integrals[:, None]
        return result

    def density(self, z: Doubles) -> Doubles:
        """Return the densities at redshifts."""
        return interpolated(self.nodes, self.values, z, below=0.0, above=0.0) / self.integrals[:, None]

    def moments(self) -> tuple[Doubles, Doubles]:
        """Return the means and variances of the distribution that the CDF describes."""
        masses, low, high = np.diff(self.cumulated, axis=1), self.nodes[:, :-1], self.nodes[:, 1:]
        mean = np.sum(masses * (low + high), axis=1) / 2
        square = np.sum(masses * (low * low + low * high + high * high), axis=1) / 3
        return mean, square - mean * mean

    def mode(self) -> Doubles:
        """Return the redshift with the highest density."""
        highest = np.argmax(self.values, axis=1)[:, None]
        return np.take_along_axis(self.nodes, highest, axis=1)[:, 0]


def _trapezium(grid: Doubles, values: Doubles) -> Doubles:
    """Return integrals by the trapezium rule."""
    result: Doubles = values @ trapezium_weights(grid)
    return result


def trapezium_weights(grid: Doubles) -> Doubles:
    """Return the weights of the points in the trapezium rule."""
    widths = np.concatenate([[0.0], np.diff(grid), [0.0]])
    return np.asarray((widths[1:] + widths[:-1]) / 2)


def _moments(points: Doubles, weights: Doubles, values: Doubles, integrals: Doubles) -> tuple[Doubles, Doubles]:
    """Return means and variances from weighted sums over points."""
    mean = values @ (points * weights) / integrals
    return mean, values @ (points * points * weights) / integrals - mean * mean


def _padded(widths: Doubles, before: int, after: int) -> Doubles:
    """Return widths with zeros before and after them along the last axis."""
    return np.pad(widths, [(0, 0)] * (widths.ndim - 1) + [(before, after)])


def _summed(values: Doubles, weights: Doubles) -> Doubles:
    """Return weighted sums of rows, with weights for all or for each of them."""
    if weights.ndim == 1:
        result: Doubles = values @ weights
        return result
    return np.asarray(np.einsum("ij,ij->i", values, weights))


def _uniform(widths: Doubles) -> bool:
    """Return whether all cells are as wide as the first, with qp's tolerance."""
    return bool(np.allclose(widths, widths[0]))
