"""Conversion of the report of an estimation to a `RunReport` for its page."""

from collections.abc import Iterator

import numpy as np

from pipelines.estimation.report import EstimationReport
from pipelines.outputs.reports import CountTable, HistogramFigure, RunReport

__all__ = ["run_report"]


def run_report(report: EstimationReport) -> RunReport:
    """Return the facts, tables and figures of a report."""
    facts: list[tuple[str, str | int]] = [
        ("Algorithm", report.algorithm),
        ("Objects", report.estimated),
        ("Objects without an estimate", report.without_density),
        ("Training set", report.training),
        ("Objects trained on", report.trained),
    ]
    facts += [("Model", f"{report.model.name} ({report.model.format})"), ("SHA-256 of it", report.model.sha256)]
    facts += [(f"Version of {name}", version) for name, version in report.software.items()]
    tables = (
        CountTable(
            "Photometry", ("In the training set", "Error", "Of the objects", "Its error"), tuple(_columns(report))
        ),
        CountTable("Not trained on", ("Reason", "Rows"), tuple(report.left_out.items())),
    )
    return RunReport(tuple(facts), report.warnings, tables, tuple(_figures(report)))


def _columns(report: EstimationReport) -> Iterator[tuple[str, ...]]:
    none = ("none",) * len(report.magnitudes)
    yield from zip(
        report.magnitudes, report.errors or none, report.object_magnitudes, report.object_errors or none, strict=True
    )


def _figures(report: EstimationReport) -> Iterator[HistogramFigure]:
    """Yield N(z), the sum of the densities, with the redshifts of the training set as a line of the same area."""
    grid, edges = np.array(report.grid), np.array(report.edges)
    cumulative = np.append(0, np.cumsum(np.diff(grid) * (np.array(report.stacked[1:]) + report.stacked[:-1]) / 2))
    counts = np.diff(np.interp(edges, grid, cumulative))
    known = np.array(report.training_counts, dtype=np.float64)
    # A model that was trained before has no redshifts.
    outline = known / known.sum() * counts.sum() if known.sum() else np.empty(0)
    yield HistogramFigure(
        "nz", "N(z)", "redshift", report.edges, counts.round().astype(int).tolist(),
        outline.round().astype(int).tolist() if len(outline) else None,
        "training set, scaled" if len(outline) else "",
    )  # fmt: skip
