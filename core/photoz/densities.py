"""Densities of many objects, p(z): values, CDFs, quantiles, moments and scores, vectorised by form."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from core.photoz.forms import DensityForm
from core.photoz.kernels.base import Kernel
from core.photoz.kernels.choice import kernel_of, usable_rows

__all__ = ["Densities"]

Doubles = NDArray[np.float64]

#: Numbers of one temporary array; blocks of rows are as long as that allows.
_BLOCK = 2**18


@dataclass(frozen=True, slots=True)
class Densities:
    """Densities of n objects, all of one form.

    Each density is normalised on its own. Results have one number for each object (or one row); that of an object
    without a valid density is NaN. The definitions are those of ``qp`` (``Ensemble.pdf``, ``cdf``, ``ppf``, …) with
    its defaults, and the classes in ``core.photoz.kernels`` say where they are peculiar.

    Parameters
    ----------
    form
        How a row of parameters stands for a density.
    parameters
        Array of shape (n, size). A row with a value that is not finite, or that stands for no density (no positive
        integral, no positive width, redshifts that decrease), counts as missing.

    Raises
    ------
    ValueError
        If the shape does not fit the form.
    """

    form: DensityForm
    parameters: Doubles
    _valid: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    _kernels: list[Kernel] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        parameters = np.ascontiguousarray(self.parameters, dtype=np.float64)
        if parameters.ndim != 2 or parameters.shape[1] != self.form.size:
            raise ValueError(f"arrays of shape {parameters.shape} are not n densities of {self.form.size} values")
        valid = np.empty(len(parameters), dtype=np.bool_)
        for rows in self._slices(len(parameters)):
            valid[rows] = usable_rows(self.form, parameters[rows])
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "_valid", valid)

    @classmethod
    def from_arrow(cls, form: DensityForm, array: "pa.Array | pa.ChunkedArray") -> "Densities":
        """Return the densities of an Arrow array of lists, without Python objects.

        A null, a null in the list, or a list of another length gives a missing density.
        """
        return cls(form, _matrix(array, form.size))

    def __len__(self) -> int:
        return len(self.parameters)

    def part(self, rows: slice) -> "Densities":
        """Return some of the objects, whose rows are not checked again."""
        chosen = object.__new__(Densities)
        for name, value in (
            ("form", self.form),
            ("parameters", self.parameters[rows]),
            ("_valid", self._valid[rows]),
            ("_kernels", []),
        ):
            object.__setattr__(chosen, name, value)
        return chosen

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which objects have a density."""
        return self._valid

    def density(self, z: ArrayLike) -> Doubles:
        """Return p(z) of each object at one redshift for all, or one for each."""
        if np.ndim(z) == 0:
            return self.on_grid(np.reshape(z, 1))[:, 0]
        return self._numbers(lambda kernel, at: kernel.density(at[:, None])[:, 0], z)

    def cdf(self, z: ArrayLike) -> Doubles:
        """Return the probability of a lower redshift of each object at one redshift for all, or one for each."""
        if np.ndim(z) == 0:
            return self.cdf_on_grid(np.reshape(z, 1))[:, 0]
        return self._numbers(lambda kernel, at: kernel.cdf(at[:, None])[:, 0], z)

    def quantile(self, p: ArrayLike) -> Doubles:
        """Return the redshift at a probability; as in qp, that at 0 and 1 is infinite, and NaN outside of them."""
        levels = np.broadcast_to(np.asarray(p, dtype=np.float64), (len(self),))
        inside = (levels > 0) & (levels < 1)
        found = self._numbers(lambda kernel, at: kernel.quantile(at[:, None])[:, 0], np.where(inside, levels, 0.5))
        ends = np.select([levels == 0, levels == 1], [-np.inf, np.inf], np.nan)
        return np.where(inside | ~self._valid, found, ends)

    def probability(self, low: ArrayLike, high: ArrayLike) -> Doubles:
        """Return the probability of a redshift between two."""
        if np.ndim(low) == np.ndim(high) == 0:
            ends = self.cdf_on_grid(np.hstack([low, high]))
            return np.asarray(ends[:, 1] - ends[:, 0])
        return self.cdf(high) - self.cdf(low)

    def on_grid(self, grid: ArrayLike) -> Doubles:
        """Return the densities on a grid, of shape (n, g)."""
        points = np.asarray(grid, dtype=np.float64)
        return self._rows(lambda kernel: kernel.on_grid(points), len(points))

    def cdf_on_grid(self, grid: ArrayLike) -> Doubles:
        """Return the CDFs on a grid, of shape (n, g)."""
        points = np.asarray(grid, dtype=np.float64)
        return self._rows(lambda kernel: kernel.cdf_on_grid(points), len(points))

    def mean(self) -> Doubles:
        """Return the means."""
        return self._numbers(lambda kernel, _: kernel.moments()[0], 0.0)

    def std(self) -> Doubles:
        """Return the standard deviations."""
        return self._numbers(lambda kernel, _: np.sqrt(np.maximum(kernel.moments()[1], 0.0)), 0.0)

    def median(self) -> Doubles:
        """Return the medians."""
        return self.quantile(0.5)

    def mode(self, grid: ArrayLike | None = None) -> Doubles:
        """Return the redshifts of the highest density: on a grid, as qp does, or at the points of the form."""
        if grid is None:
            return self._numbers(lambda kernel, _: kernel.mode(), 0.0)
        points = np.asarray(grid, dtype=np.float64)
        return self._numbers(lambda kernel, _: points[np.argmax(kernel.on_grid(points), axis=1)], 0.0, len(points))

    def odds(self, half_width: float = 0.06) -> Doubles:
        """Return the probability within mode ± ``half_width`` (1 + mode) (Benitez 2000, ApJ 536, 571)."""
        mode = self.mode()
        reach = half_width * (1 + mode)
        return self.probability(mode - reach, mode + reach)

    def pit(self, z: ArrayLike) -> Doubles:
        """Return the probability integral transform: the CDF at the true redshift."""
        return self.cdf(z)

    def crps(self, z: ArrayLike) -> Doubles:
        """Return the continuous ranked probability score against a true redshift.

        The integral of the square of CDF minus step (Hersbach 2000, WF 15, 559), over the CDF of the form: exact for
        tabulated forms and mixtures of normal densities, else by quadrature.
        """
        return self._numbers(lambda kernel, at: kernel.crps(at), z)

    def total_on_grid(self, grid: ArrayLike) -> Doubles:
        """Return the sum of the densities of all objects on a grid, of shape (g,)."""
        points = np.asarray(grid, dtype=np.float64)
        total = np.zeros(len(points))
        for _, kernel in self._blocks(len(points)):
            total += kernel.total_on_grid(points)
        return total

    def _numbers(self, work: Callable[[Kernel, Doubles], Doubles], given: ArrayLike, width: int = 1) -> Doubles:
        """Return one number of each object, from its density and what was given for it."""
        values = np.broadcast_to(np.asarray(given, dtype=np.float64), (len(self),))
        result = np.full(len(self), np.nan)
        for rows, kernel in self._blocks(width):
            result[rows] = work(kernel, values[rows])
        result[np.isnan(values)] = np.nan
        return result

    def _rows(self, work: Callable[[Kernel], Doubles], width: int) -> Doubles:
        """Return a row of numbers of each object."""
        result = np.full((len(self), width), np.nan)
        for rows, kernel in self._blocks(width):
            result[rows] = work(kernel)
        return result

    def _blocks(self, width: int) -> Iterator[tuple[NDArray[np.intp] | slice, Kernel]]:
        """Yield blocks of valid rows with their arithmetic, which keeps what it computes if it is the only one."""
        if self._kernels:
            yield self._chosen(slice(0, len(self))), self._kernels[0]
            return
        slices = list(self._slices(len(self), width))
        for rows in slices:
            chosen = self._chosen(rows)
            parameters = self.parameters[chosen]
            if not len(parameters):
                continue
            kernel = kernel_of(self.form, parameters)
            if len(slices) == 1:
                self._kernels.append(kernel)
            yield chosen, kernel

    def _chosen(self, rows: slice) -> NDArray[np.intp] | slice:
        """Return the valid rows of a block."""
        valid = self._valid[rows]
        return rows if valid.all() else np.flatnonzero(valid) + rows.start

    def _slices(self, count: int, width: int = 1) -> Iterator[slice]:
        """Yield blocks of rows."""
        step = max(_BLOCK // max(self.form.size, width), 1)
        for start in range(0, count, step):
            yield slice(start, min(start + step, count))


def _matrix(array: "pa.Array | pa.ChunkedArray", size: int) -> Doubles:
    """Return lists of one length as the rows of a matrix; other rows are NaN."""
    import pyarrow.compute as pc

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(array), -1)
    complete = pc.equal(lengths, size).to_numpy(zero_copy_only=False)
    whole = bool(complete.all())
    values = (array if whole else array.filter(pa.array(complete))).flatten()
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False).reshape(-1, size)
    if whole:
        return np.asarray(numbers)
    result = np.full((len(array), size), np.nan)
    result[complete] = numbers
    return result
