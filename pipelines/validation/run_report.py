"""Conversion of the report of a validation to a `RunReport` for its page, which compares the estimates."""

from collections.abc import Iterator

from pipelines.outputs.reports import CountTable, RunReport
from pipelines.validation.drawings import drawings
from pipelines.validation.metrics import METRICS
from pipelines.validation.report import EstimatesReport, ValidationReport

__all__ = ["run_report"]

_NOTHING = "\N{EN DASH}"
#: Metrics of the requirements, and the fields of `Requirements`.
_REQUIRED = {"bias": "bias", "sigma_iqr": "sigma", "outlier_rate": "outlier_rate"}


def run_report(report: ValidationReport) -> RunReport:
    """Return the facts, tables and figures of a report."""
    facts: tuple[tuple[str, str | int], ...] = (
        ("Reference", report.reference),
        ("Reference redshifts", report.reference_objects),
        ("Tables of estimates", len(report.estimates)),
        *((f"Objects of {each.name}", each.objects) for each in report.estimates),
        ("Bootstrap resamples", report.bootstrap),
    )
    return RunReport(facts, report.warnings, tuple(_tables(report)), has_sky_map=False, drawings=drawings(report))


def _tables(report: ValidationReport) -> Iterator[CountTable]:
    names = tuple(each.name for each in report.estimates)
    rows = tuple(
        (metric.label, *(_with_error(each, metric.name) for each in report.estimates))
        for metric in METRICS
        if any(each.metrics.get(metric.name) is not None for each in report.estimates)
    )
    yield CountTable("Metrics", ("Metric", *names), rows)
    yield CountTable("Requirements", ("Requirement", *names), tuple(_requirements(report)))
    yield CountTable("Estimates", ("Property", *names), tuple(_properties(report)))
    for each in report.estimates:
        yield CountTable(f"N(z) of {each.name}", ("Bin", "Objects", "Δ⟨z⟩", "Δσ_z", "KS", "CvM"), tuple(_bins(each)))
    cuts = {**report.left_out, **{text: count for each in report.estimates for text, count in each.left_out.items()}}
    yield CountTable("Cuts", ("Condition", "Rows left out"), tuple(cuts.items()))


def _with_error(each: EstimatesReport, name: str) -> str:
    error = each.errors.get(name)
    return _text(each.metrics.get(name)) + ("" if error is None else f" ± {error:.1g}")


def _requirements(report: ValidationReport) -> Iterator[tuple[str, ...]]:
    for metric in METRICS:
        limit = getattr(report.requirements, _REQUIRED[metric.name]) if metric.name in _REQUIRED else None
        if limit is not None:
            met = ("met" if each.meets.get(metric.name) else "not met" for each in report.estimates)
            yield (f"{metric.label} up to {limit:g}", *met)


def _properties(report: ValidationReport) -> Iterator[tuple[str | int, ...]]:
    yield ("Point estimate", *(each.point for each in report.estimates))
    yield ("Form of densities", *(each.form or "none" for each in report.estimates))
    yield ("Matched by", *(each.matched_by for each in report.estimates))
    yield ("Rows", *(each.rows for each in report.estimates))
    yield ("With a reference", *(each.matched for each in report.estimates))
    yield ("Without density", *(each.without_density for each in report.estimates))
    yield ("Without point estimate", *(each.without_point for each in report.estimates))


def _bins(each: EstimatesReport) -> Iterator[tuple[str | int, ...]]:
    for one in each.tomography:
        label = "all" if one.low is None or one.high is None else f"{one.low:g} to {one.high:g}"
        numbers = (one.mean_difference, one.sigma_difference, one.ks, one.cvm)
        yield (label, one.objects, *(_text(value) for value in numbers))


def _text(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.4g}"
