"""Figures of a validation, which compare all tables of estimates."""

from collections.abc import Iterator, Sequence

from core.charts.chart import COLOURS, Cells, Chart, Guide, Series
from pipelines.outputs.reports import Drawing
from pipelines.validation.report import BINNED_BY, Bin, EstimatesReport, ValidationReport

__all__ = ["drawings"]

#: Metrics that are drawn against redshift and magnitude: name, and field of `Requirements`.
_TRENDS = {
    "bias": ("Bias", "bias"),
    "sigma_iqr": ("\N{GREEK SMALL LETTER SIGMA}_IQR", "sigma"),
    "outlier_rate": ("Outlier rate", "outlier_rate"),
}
_OUTLIER = 0.15
#: Bins with fewer objects are not drawn: their scatter tells nothing.
_FEWEST = 10


def drawings(report: ValidationReport) -> tuple[Drawing, ...]:
    """Return the figures of a report, which are drawn when they are asked for."""
    charts = dict(_charts(report))
    return tuple(Drawing(key, chart.title, chart.svg) for key, chart in charts.items())


def _charts(report: ValidationReport) -> Iterator[tuple[str, Chart]]:
    calibrated = [each for each in report.estimates if each.pit_counts]
    if calibrated:
        yield "pit", _pit_histogram(calibrated, report)
        yield "qq", _qq_plot(calibrated, report)
    for by, words in BINNED_BY.items():
        if any(_filled(each, by) for each in report.estimates):
            for name in _TRENDS:
                yield f"{name}-{by}", _trend(report, name, by, words)
    for number, each in enumerate(report.estimates, start=1):
        if each.tomography:
            yield f"nz-{number}", _redshift_distribution(each, report)
        yield f"redshifts-{number}", _redshift_map(each)


def _pit_histogram(estimates: Sequence[EstimatesReport], report: ValidationReport) -> Chart:
    series = []
    for each in estimates:
        bins, total = len(each.pit_counts), sum(each.pit_counts)
        edges = [index / bins for index in range(bins + 1)]
        heights = [count * bins / total for count in each.pit_counts]
        series.append(Series(each.name, edges, heights, kind="steps", colour=_colour(report, each)))
    return Chart("Histogram of the PIT", "PIT", "density", (0.0, 1.0), series, (Guide("uniform", (0, 1), (1, 1)),))


def _qq_plot(estimates: Sequence[EstimatesReport], report: ValidationReport) -> Chart:
    series = [
        Series(each.name, report.levels, each.pit_quantiles, colour=_colour(report, each)) for each in estimates
    ]  # fmt: skip
    diagonal = Guide("calibrated", (0, 0), (1, 1))
    return Chart(
        "Quantiles of the PIT (QQ plot)", "quantile of the uniform distribution", "quantile of the PIT", (0.0, 1.0),
        series, (diagonal,), y_range=(0.0, 1.0),
    )  # fmt: skip


def _trend(report: ValidationReport, name: str, by: str, words: str) -> Chart:
    label, field = _TRENDS[name]
    bins = [(each, _filled(each, by)) for each in report.estimates]
    lows, highs = ([getattr(one, end) for _, of in bins for one in of] for end in ("low", "high"))
    low, high = min(lows), max(highs)
    series = []
    for number, (each, of) in enumerate(bins):
        # Points of several estimates stand beside each other in their bins.
        share = (number + 1) / (len(bins) + 1)
        x = [one.low + share * (one.high - one.low) for one in of]
        values, errors = [one.metrics.get(name) for one in of], [one.errors.get(name) for one in of]
        series.append(Series(each.name, x, values, errors, "points", _colour(report, each)))
    limit = getattr(report.requirements, field)
    guides = []
    if limit is not None:
        guides.append(Guide("requirement", (low, limit), (high, limit)))
        if name == "bias":
            guides.append(Guide("requirement", (low, -limit), (high, -limit)))
    axis = f"{words} ({report.magnitude})" if by == "magnitude" and report.magnitude else words
    title = f"{label} against {words}, in bins of at least {_FEWEST} objects"
    # Scatter and rates are not negative, though their error bars may be.
    y_range = None if name == "bias" else (0.0, _highest(series, limit or 0.0))
    return Chart(title, axis, label, (low, high), series, guides, y_range=y_range)


def _highest(series: Sequence[Series], limit: float) -> float:
    """Return the upper end of an axis from 0, for values with their errors and a limit."""
    tops = [
        value + (error or 0.0)
        for each in series
        for value, error in zip(each.y, each.errors, strict=True)
        if value is not None
    ]
    return 1.06 * max([limit, *tops]) or 1.0


def _filled(each: EstimatesReport, by: str) -> tuple[Bin, ...]:
    """Return the bins that have enough objects to be drawn."""
    return tuple(one for one in each.bins.get(by, ()) if one.objects >= _FEWEST)


def _redshift_distribution(each: EstimatesReport, report: ValidationReport) -> Chart:
    edges = report.true_edges
    width = edges[1] - edges[0]
    binned = [one for one in each.tomography if one.low is not None] or list(each.tomography)
    series = []
    for number, one in enumerate(binned):
        colour = COLOURS[number % len(COLOURS)]
        label = "all" if one.low is None else f"{one.low:g}-{one.high:g}"
        heights = [count / (width * one.objects) for count in one.true_counts]
        series.append(Series("", edges, heights, kind="steps", colour=colour, is_dashed=True))
        series.append(Series(label, report.grid, one.stacked, colour=colour))
    return Chart(
        f"N(z) of {each.name} by tomographic bin: stacked densities (lines) and reference redshifts (dashed steps)",
        "redshift z", "N(z), normalised to 1", (report.grid[0], report.grid[-1]), series,
    )  # fmt: skip


def _redshift_map(each: EstimatesReport) -> Chart:
    edges = each.redshifts.edges
    low, high = edges[0], edges[-1]
    limits = [Guide("", (low, low + sign * _OUTLIER * (1 + low)), (high, high + sign * _OUTLIER * (1 + high)))
              for sign in (-1, 1)]  # fmt: skip
    return Chart(
        f"Point estimates ({each.point}) of {each.name} against reference redshifts; |Δ| is {_OUTLIER} on the lines",
        "reference redshift", "point estimate", (low, high), (), limits, Cells(edges, each.redshifts.counts),
        (low, high),
    )  # fmt: skip


def _colour(report: ValidationReport, each: EstimatesReport) -> str:
    return COLOURS[report.estimates.index(each) % len(COLOURS)]
