"""Form of a column of densities: how the array of one object stands for its p(z)."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["DensityForm", "size_on_grid"]

#: For each form on a shared grid, how many points the grid has more than the array of an object.
_GRIDS: Mapping[str, int] = {"interp": 0, "hist": 1, "quant": 0}
#: For each form of several arrays of the same length, how many they are.
_GROUPS: Mapping[str, int] = {"mixmod": 3, "interp_irregular": 2}


@dataclass(frozen=True, slots=True)
class DensityForm:
    """How the array of one object stands for its p(z), in the terms of qp's parameterisations.

    Parameters
    ----------
    name
        Name of the form in qp: ``interp``, ``hist``, ``quant``, ``mixmod``, ``norm``, ``interp_irregular``,
        ``spline``, or the name of a distribution of ``scipy.stats``.
    size
        Length of the array of one object: densities on the grid (``interp``) or between its edges (``hist``),
        redshifts at the quantiles (``quant``), location and scale (``norm``), weights, means and standard deviations
        one after the other (``mixmod``), redshifts and densities (``interp_irregular``), knots, coefficients and
        order (``spline``), or the shape parameters of scipy, location and scale.
    grid
        What all objects share: redshifts (``interp``), edges of bins (``hist``), quantiles (``quant``); else empty.

    Raises
    ------
    ValueError
        If size and grid do not fit the form, or the grid does not increase.
    """

    name: str
    size: int
    grid: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("the form of the densities has no name; name one of qp's, such as interp")
        if self.size < 1:
            raise ValueError(f"an array of {self.size} values holds no density")
        if self.name in _GRIDS:
            _check_grid(self, self.size + _GRIDS[self.name])
        elif self.grid:
            raise ValueError(f"densities of the form {self.name} share no grid; leave it out")
        groups = _GROUPS.get(self.name, 1)
        if self.size % groups:
            raise ValueError(
                f"the form {self.name} has {groups} values a component, and {self.size} is no multiple of it"
            )
        if self.name == "norm" and self.size != 2:
            raise ValueError(f"the form norm has two values, location and scale, not {self.size}")
        if self.name == "spline" and not self.size % 2:
            raise ValueError(f"the form spline has as many knots as coefficients, and the order; {self.size} is even")

    def to_json(self) -> str:
        """Return the form as JSON, as it stands in the metadata of a column."""
        content: dict[str, object] = {"name": self.name, "size": self.size}
        if self.grid:
            content["grid"] = list(self.grid)
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "DensityForm":
        """Return the form that a JSON text describes.

        Raises
        ------
        ValueError
            If the text is not JSON of a form.
        """
        try:
            content: Any = json.loads(text)  # what JSON holds is checked below
            name, size, grid = content["name"], content["size"], content.get("grid", [])
            return cls(str(name), int(size), tuple(float(value) for value in grid))
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"'{text[:60]}' does not describe the form of a density (name, size, grid)") from error


def size_on_grid(name: str, points: int) -> int | None:
    """Return the length of the array of one object, given that of the grid; None for a form without a grid."""
    return points - _GRIDS[name] if name in _GRIDS else None


def _check_grid(form: DensityForm, length: int) -> None:
    """Raise ValueError unless the grid has the length, is finite and increases."""
    what = "quantiles" if form.name == "quant" else "grid"
    if len(form.grid) != length:
        raise ValueError(
            f"the {what} of the form {form.name} has {len(form.grid)} values, and arrays of {form.size} need {length}"
        )
    if length < 2:
        raise ValueError(f"the {what} of the form {form.name} has one value; at least two are needed")
    if not all(math.isfinite(value) for value in form.grid):
        raise ValueError(f"the {what} of the form {form.name} has values that are not finite numbers")
    for index, (lower, upper) in enumerate(pairwise(form.grid)):
        if upper <= lower:
            raise ValueError(
                f"the {what} of the form {form.name} does not increase: {upper:g} follows {lower:g}"
                f" at position {index + 1}"
            )
    if form.name == "quant" and (form.grid[0] < 0 or form.grid[-1] > 1):
        raise ValueError(f"the quantiles go from {form.grid[0]:g} to {form.grid[-1]:g}; they must lie between 0 and 1")
