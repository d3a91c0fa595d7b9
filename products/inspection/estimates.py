"""Findings about the densities of a table, accumulated in one pass: how many there are, N(z), widths, odds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from core.photoz.blocks import density_blocks
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.guesses import Guess, best_assignment

__all__ = ["DensityFindings", "DensitySpread", "density_sentences", "identifier_sentences"]

_POINTS = 151
_WIDTH_BINS, _WIDEST = 50, 0.5
_ODDS_BINS = 20
_PIT_BINS = 20
#: Largest difference of an integral from 1 that is not mentioned.
_TOLERANCE = 0.01
_LOWEST, _HIGHEST = -1.0, 20.0


@dataclass(frozen=True, slots=True)
class DensityFindings:
    """What is known of the densities in a column.

    Parameters
    ----------
    form
        Name of their form.
    size
        Values of one object.
    first, last
        Ends of the shared grid, if the form has one.
    objects, missing
        Number of rows, and of those without a density.
    negative, lowest
        Number of objects with negative densities, and the lowest of them.
    unnormalised
        Number of objects whose densities do not integrate to 1 as they are given.
    grid, stacked
        Redshifts, and N(z) on them: the sum of all densities.
    widths
        Numbers of objects by standard deviation / (1 + mean), in 50 equal bins from 0 to 0.5; the last has all others.
    odds
        Numbers of objects by the probability within 0.06 (1 + z) of the mode, in 20 bins from 0 to 1.
    ranks
        Numbers of objects by the CDF at their point estimate, in 20 bins from 0 to 1; empty without point estimates.
    """

    column: str
    form: str
    size: int
    first: float | None
    last: float | None
    objects: int
    missing: int
    negative: int
    lowest: float | None
    unnormalised: int
    grid: tuple[float, ...]
    stacked: tuple[float, ...]
    widths: tuple[int, ...]
    odds: tuple[int, ...]
    ranks: tuple[int, ...] = ()

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> "DensityFindings":
        """Return findings from the object that JSON has of them."""
        lists = ("grid", "stacked", "widths", "odds", "ranks")
        return cls(**{**item, **{key: tuple(item[key]) for key in lists}})


class DensitySpread:
    """Accumulator of the densities of one column.

    Parameters
    ----------
    column
        Name of the column.
    form
        Form of its arrays.

    Raises
    ------
    ValueError
        Densities of this form cannot be computed.
    """

    def __init__(self, column: str, form: DensityForm) -> None:
        Densities(form, np.ones((1, form.size)))  # raises what it would raise for rows
        self._column, self._form = column, form
        self._grid: np.ndarray | None = None
        self._stacked = np.zeros(_POINTS)
        self._objects = self._missing = self._negative = self._unnormalised = 0
        self._lowest: float | None = None
        self._widths = np.zeros(_WIDTH_BINS, np.int64)
        self._odds = np.zeros(_ODDS_BINS, np.int64)
        self._ranks: np.ndarray | None = None

    def add(self, array: pa.Array, points: np.ndarray | None) -> None:
        """Add densities.

        Parameters
        ----------
        points
            Point estimates of the same objects, if the table has them.
        """
        for rows, densities in density_blocks(self._form, array):
            self._add_block(densities, None if points is None else points[rows])

    def _add_block(self, densities: Densities, points: np.ndarray | None) -> None:
        valid = densities.valid
        self._objects += len(valid)
        self._missing += len(valid) - int(np.count_nonzero(valid))
        self._look_at_values(densities)
        if not valid.any():
            return
        if self._grid is None:
            self._grid = _shown_grid(self._form, densities)
        self._stacked += densities.total_on_grid(self._grid)
        widths = densities.std() / (1 + densities.mean())
        self._widths += _counts(np.clip(widths / _WIDEST, 0, 1), _WIDTH_BINS)
        self._odds += _counts(np.clip(densities.odds(), 0, 1), _ODDS_BINS)
        if points is not None:
            ranks = np.zeros(_PIT_BINS, np.int64) if self._ranks is None else self._ranks
            self._ranks = ranks + _counts(np.clip(densities.cdf(points), 0, 1), _PIT_BINS)

    def findings(self) -> DensityFindings:
        """Return the findings about all densities."""
        grid = self._form.grid if self._form.name in {"interp", "hist"} else ()
        return DensityFindings(
            column=self._column,
            form=self._form.name,
            size=self._form.size,
            first=grid[0] if grid else None,
            last=grid[-1] if grid else None,
            objects=self._objects,
            missing=self._missing,
            negative=self._negative,
            lowest=self._lowest,
            unnormalised=self._unnormalised,
            grid=() if self._grid is None else tuple(np.round(self._grid, 6).tolist()),
            stacked=() if self._grid is None else tuple(float(f"{value:.5g}") for value in self._stacked),
            widths=tuple(self._widths.tolist()),
            odds=tuple(self._odds.tolist()),
            ranks=() if self._ranks is None else tuple(self._ranks.tolist()),
        )

    def _look_at_values(self, densities: Densities) -> None:
        """Count negative densities and those that are not normalised, in the forms that give densities themselves."""
        if self._form.name not in {"interp", "hist"}:
            return
        grid = np.asarray(self._form.grid)
        values = densities.parameters[np.isfinite(densities.parameters).all(axis=1)]
        negative = values.min(axis=1, initial=0.0) < 0
        if negative.any():
            self._negative += int(np.count_nonzero(negative))
            self._lowest = min(self._lowest or 0.0, float(values.min()))
        totals = np.trapezoid(values, grid, axis=1) if self._form.name == "interp" else values @ np.diff(grid)
        self._unnormalised += int(np.count_nonzero(np.abs(totals - 1) > _TOLERANCE))


def density_sentences(found: DensityFindings) -> Iterator[str]:
    """Yield sentences about densities that are missing, negative or not normalised."""
    of = f"of {found.objects} objects in {found.column}"
    if found.missing:
        yield f"{found.missing} {of} have no density: values are missing, not finite, or have no positive integral."
    if found.negative:
        yield f"{found.negative} {of} have negative densities, down to {found.lowest:g}."
    if found.unnormalised:
        yield (
            f"{found.unnormalised} {of} have densities whose integral is not 1 (by more than {_TOLERANCE:.0%}); they "
            "are kept as they are, and normalised where they are used."
        )


def identifier_sentences(guesses: Sequence[Guess], statistics: Mapping[str, ColumnStatistics]) -> Iterator[str]:
    """Yield sentences about identifiers of objects that are missing or not unique."""
    column = next((name for name, meaning in best_assignment(guesses).items() if meaning == "id"), None)
    if column is None:
        yield "No column identifies the objects: the estimates cannot be compared with other tables by identifier."
        return
    known = statistics[column]
    if known.nulls:
        yield f"{known.nulls} objects have no identifier in {column}."
    if known.unique is False and known.nulls == 0:
        yield f"Identifiers in {column} occur more than once: estimates cannot be told apart by them."


def _counts(fractions: np.ndarray, bins: int) -> np.ndarray:
    """Count fractions from 0 to 1 in equal bins; NaN is left out."""
    numbers = fractions[np.isfinite(fractions)] * bins
    return np.bincount(np.minimum(numbers.astype(np.int64), bins - 1), minlength=bins)


def _shown_grid(form: DensityForm, densities: Densities) -> np.ndarray:
    """Return redshifts for N(z): over the shared grid, or where the densities of the first objects lie."""
    if form.name in {"interp", "hist"}:
        low, high = form.grid[0], form.grid[-1]
    else:
        low = max(_LOWEST, min(0.0, float(np.nanmin(densities.quantile(0.001)))))
        high = min(_HIGHEST, float(np.nanmax(densities.quantile(0.999))))
    return np.linspace(low, high if high > low else low + 1, _POINTS)
