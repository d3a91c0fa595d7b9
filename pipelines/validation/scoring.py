"""Scores of single objects, and stacked densities by tomographic bin, in one pass over batches of estimates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.photoz.densities import Densities
from pipelines.validation.configuration import ValidationParameters
from pipelines.validation.estimates import EstimatesTable, MatchedBatch
from pipelines.validation.reference import Reference
from pipelines.validation.sample import Sample, joined

__all__ = ["Scores", "grid_of", "score"]

_Doubles = NDArray[np.float64]

#: Numbers of the temporary arrays of one part: few enough for the caches of a processor.
_PART = 2**18


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the matched objects of one table of estimates.

    Parameters
    ----------
    sample
        The objects, in the order of the table.
    reference
        Their rows in the reference.
    stacks
        Sums of the densities on the grid: of all objects, then of each tomographic bin; shape (bins + 1, points).
    group_stacks
        Sums of the densities on the grid of each group of objects; shape (groups, points).
    """

    sample: Sample
    reference: NDArray[np.int64]
    stacks: _Doubles
    group_stacks: _Doubles


def grid_of(param: ValidationParameters) -> _Doubles:
    """Return the grid of redshifts."""
    first, last, points = param.grid
    return np.linspace(first, last, points)


def score(
    table: EstimatesTable,
    reference: Reference,
    param: ValidationParameters,
    done: Callable[[int], None],
    groups: NDArray[np.intp] | None = None,
) -> Scores:
    """Score all objects of a table that have a selected reference.

    Parameters
    ----------
    done
        Is told the number of objects that are scored so far.
    groups
        The group of each row of the reference, from 0, whose densities are summed apart; by default all are one.

    Raises
    ------
    InvalidValueError
        Densities are negative.
    """
    grid = grid_of(param)
    groups = np.zeros(len(reference), dtype=np.intp) if groups is None else groups
    stacks = np.zeros((int(groups.max(initial=0)) + 1, len(param.tomographic_edges), len(grid)))
    parts: list[Sample] = []
    rows: list[NDArray[np.int64]] = []
    count = 0
    for batch in table.batches(reference.is_selected):
        for part in _parts(batch, len(grid)):
            parts.append(_scored(part, reference, table, param, grid, (stacks, groups)))
            rows.append(part.reference)
            count += len(part.reference)
        done(count)
    return Scores(
        joined(parts),
        np.concatenate(rows) if rows else np.empty(0, dtype=np.int64),
        stacks.sum(axis=0),
        stacks[:, 0],
    )


def _parts(batch: MatchedBatch, points: int) -> Iterator[MatchedBatch]:
    """Yield parts of a batch of which the temporary arrays are small."""
    width = points if batch.densities is None else max(points, batch.densities.form.size)
    step = max(_PART // width, 1)
    for start in range(0, len(batch.reference), step):
        part = slice(start, start + step)
        densities = batch.densities
        yield MatchedBatch(
            batch.reference[part],
            None if batch.points is None else batch.points[part],
            None if densities is None else densities.part(part),
        )


def _scored(
    part: MatchedBatch,
    reference: Reference,
    table: EstimatesTable,
    param: ValidationParameters,
    grid: _Doubles,
    sums: tuple[_Doubles, NDArray[np.intp]],
) -> Sample:
    """Return the scores of a part, and add its densities to the stacks of the groups."""
    stacks, groups = sums
    z_true, magnitude = reference.z[part.reference], reference.magnitude[part.reference]
    densities = part.densities
    if densities is None:
        assert part.points is not None  # noqa: S101 - a table without densities has point estimates
        nothing = np.full(len(z_true), np.nan)
        return Sample(z_true, part.points, magnitude, *(nothing for _ in range(6)))
    on_grid = densities.on_grid(grid)
    points = _computed(densities, on_grid, grid, table.point) if part.points is None else part.points
    weights = np.concatenate([[0.0], np.diff(grid), [0.0]])
    weights = (weights[1:] + weights[:-1]) / 2
    nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, z_true, side="left")
    _add_to_stacks(stacks, on_grid, points, groups[part.reference], param)
    return Sample(
        z_true,
        points,
        magnitude,
        pit=densities.pit(z_true),
        square=(on_grid * on_grid) @ weights,
        at_truth=densities.density(z_true),
        at_grid=on_grid[np.arange(len(z_true)), nearest],
        crps=densities.crps(z_true),
        brier=_brier(densities, z_true, np.asarray(param.z_edges)),
    )


def _computed(densities: Densities, on_grid: _Doubles, grid: _Doubles, point: str) -> _Doubles:
    """Return a point estimate that is computed of the densities; the mode is on the grid, as RAIL's."""
    if point == "mean":
        return densities.mean()
    if point == "median":
        return densities.median()
    return np.where(densities.valid, grid[np.argmax(on_grid, axis=1)], np.nan)


def _add_to_stacks(
    stacks: _Doubles, on_grid: _Doubles, points: _Doubles, groups: NDArray[np.intp], param: ValidationParameters
) -> None:
    """Add densities to those of all objects and of the tomographic bins of their groups."""
    edges = np.asarray(param.tomographic_edges)
    inside = np.isfinite(points) & (points >= edges[0]) & (points < edges[-1])
    bins = groups * stacks.shape[1] + np.where(inside, np.searchsorted(edges, points, side="right"), 0)
    rows = np.flatnonzero(np.isfinite(on_grid[:, 0]))
    rows = rows[np.argsort(bins[rows], kind="stable")]
    if not len(rows):
        return
    present, first = np.unique(bins[rows], return_index=True)
    # Sums of the rows of each bin; a product of matrices would start threads, which wait for each other.
    sums = np.add.reduceat(on_grid[rows], first, axis=0)
    for place, total in zip(present, sums, strict=True):
        group, number = divmod(int(place), stacks.shape[1])
        stacks[group, 0] += total
        if number:
            stacks[group, number] += total


def _brier(densities: Densities, z_true: _Doubles, edges: _Doubles) -> _Doubles:
    """Return the Brier score of the probabilities between edges."""
    probabilities = np.diff(densities.cdf_on_grid(edges), axis=1)
    bins = np.searchsorted(edges, z_true, side="right") - 1
    inside = (bins >= 0) & (bins < len(edges) - 1)
    truth = np.zeros_like(probabilities)
    truth[np.flatnonzero(inside), bins[inside]] = 1.0
    result: _Doubles = np.sum((probabilities - truth) ** 2, axis=1)
    return result
