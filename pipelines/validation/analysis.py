"""Analysis of the scores of one table: metrics overall and in bins, calibration, N(z), requirements."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipelines.validation import uniformity
from pipelines.validation.configuration import Requirements, ValidationParameters
from pipelines.validation.estimates import EstimatesTable
from pipelines.validation.metrics import measured
from pipelines.validation.report import Bin, EstimatesReport, RedshiftMap, TomographicBin
from pipelines.validation.resampling import standard_errors
from pipelines.validation.sample import Sample
from pipelines.validation.scoring import Scores, grid_of

__all__ = ["LEVELS", "analysed", "true_edges"]

_Doubles = NDArray[np.float64]

#: Levels of the quantiles of the PIT.
LEVELS: tuple[float, ...] = tuple(index / 100 for index in range(101))
_CELLS = 60
_TRUE_BINS = 60


def true_edges(param: ValidationParameters) -> _Doubles:
    """Return the edges of the histograms of reference redshifts."""
    return np.linspace(param.grid[0], param.grid[1], _TRUE_BINS + 1)


def analysed(
    name: str, table: EstimatesTable, scores: Scores, param: ValidationParameters, step: Callable[[float], None]
) -> EstimatesReport:
    """Return the report of one table.

    Parameters
    ----------
    step
        Is told the fraction done; raises to stop.
    """
    sample, generator = scores.sample, np.random.default_rng(param.random_seed)
    values = measured(sample)
    errors = standard_errors(sample, param.bootstrap, generator)
    step(0.25)
    edges: Mapping[str, tuple[float, ...]] = {
        "z_true": param.z_edges, "z_phot": param.z_edges, "magnitude": param.magnitude_edges,
    }  # fmt: skip
    bins = {}
    for number, (by, of) in enumerate(edges.items()):
        bins[by] = _bins(sample, getattr(sample, by), of, param.bootstrap, generator)
        step(0.25 * (number + 2))
    pit = sample.densities.pit
    counts, _ = np.histogram(np.clip(pit, 0, 1), bins=param.pit_bins, range=(0, 1))
    return EstimatesReport(
        name=name,
        label=table.label,
        point=table.point,
        form=None if table.density is None else table.density[1].name,
        matched_by=table.matches.how,
        rows=len(table.matches.rows),
        matched=table.matches.count,
        objects=len(sample),
        without_density=0 if table.density is None else len(sample) - len(pit),
        without_point=int(np.count_nonzero(~np.isfinite(sample.z_phot))),
        left_out=table.left_out,
        metrics=values,
        errors=errors,
        meets=_met(values, param.requirements),
        bins=bins,
        pit_counts=tuple(counts.tolist()) if len(pit) else (),
        pit_quantiles=tuple(uniformity.quantile_curve(pit, np.asarray(LEVELS)).tolist()) if len(pit) else (),
        tomography=_tomography(scores, param) if len(pit) else (),
        redshifts=_map(sample, param),
    )


def _bins(
    sample: Sample, values: _Doubles, edges: tuple[float, ...], resamples: int, generator: np.random.Generator
) -> tuple[Bin, ...]:
    """Return the metrics between edges, of the bins that have objects."""
    found = []
    place = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right") - 1, -1)
    for number in range(len(edges) - 1):
        inside = sample.take(place == number)
        if not len(inside):
            continue
        errors = standard_errors(inside, resamples, generator)
        found.append(
            Bin(
                low=edges[number],
                high=edges[number + 1],
                objects=len(inside),
                metrics=measured(inside),
                errors=errors,
            )
        )
    return tuple(found)


def _met(values: Mapping[str, float], requirements: Requirements) -> dict[str, bool]:
    """Return whether each requirement is met; one without a value is not."""
    limits = {"bias": requirements.bias, "sigma_iqr": requirements.sigma, "outlier_rate": requirements.outlier_rate}
    return {name: bool(abs(values[name]) <= limit) for name, limit in limits.items() if limit is not None}


def _tomography(scores: Scores, param: ValidationParameters) -> tuple[TomographicBin, ...]:
    """Return N(z) of all objects with a density, then of each tomographic bin that has some."""
    sample, grid, edges = scores.sample, grid_of(param), np.asarray(param.tomographic_edges)
    with_density = np.isfinite(sample.pit)
    place = np.where(np.isfinite(sample.z_phot), np.searchsorted(edges, sample.z_phot, side="right"), 0)
    limits = [(None, None), *zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    found = []
    for number, (low, high) in enumerate(limits):
        members = with_density & (place == number) if number else with_density
        if members.any():
            found.append(_compared(scores.stacks[number], grid, sample.z_true[members], (low, high), true_edges(param)))
    return tuple(found)


def _compared(
    stack: _Doubles, grid: _Doubles, z_true: _Doubles, limits: tuple[float | None, float | None], edges: _Doubles
) -> TomographicBin:
    """Return a stacked density and the reference redshifts of the same objects, compared."""
    cells = np.diff(grid) * (stack[1:] + stack[:-1]) / 2
    total = float(cells.sum())
    counts, _ = np.histogram(z_true, bins=edges)
    ks = cvm = mean = sigma = float("nan")
    if total > 0:
        at_truth = np.interp(z_true, grid, np.concatenate([[0.0], np.cumsum(cells)]) / total)
        ks, cvm = float(uniformity.kolmogorov_smirnov(at_truth)), float(uniformity.cramer_von_mises(at_truth))
        mean = float(np.trapezoid(grid * stack, grid)) / total
        sigma = float(np.sqrt(max(np.trapezoid((grid - mean) ** 2 * stack, grid) / total, 0.0)))
    return TomographicBin(
        low=limits[0],
        high=limits[1],
        objects=len(z_true),
        stacked=tuple((stack / total if total > 0 else stack).tolist()),
        true_counts=tuple(counts.tolist()),
        ks=ks,
        cvm=cvm,
        mean_difference=mean - float(z_true.mean()),
        sigma_difference=sigma - float(z_true.std()),
    )


def _map(sample: Sample, param: ValidationParameters) -> RedshiftMap:
    """Return the counts of objects by reference redshift and point estimate."""
    edges = np.linspace(param.grid[0], param.grid[1], _CELLS + 1)
    both = np.isfinite(sample.z_phot)
    counts, _, _ = np.histogram2d(sample.z_true[both], sample.z_phot[both], bins=(edges, edges))
    rows = tuple(tuple(row) for row in counts.astype(np.int64).tolist())
    return RedshiftMap(edges=tuple(edges.tolist()), counts=rows)
