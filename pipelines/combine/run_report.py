"""Conversion of the combination's report to a `RunReport` for its page."""

from collections.abc import Mapping
from typing import Any

from pipelines.combine.report import CombineReport, Histogram
from pipelines.outputs.reports import CountTable, HistogramFigure, RunReport

__all__ = ["run_report"]

_MOST_SURVEYS_DRAWN = 4
_MOST_FLAGS = 12


def run_report(report: CombineReport) -> RunReport:
    """Return the facts, tables and histograms of a report."""
    facts: list[tuple[str, str | int]] = [
        ("Rows of all catalogues", report.rows_in),
        ("Cut by quality", report.rows_cut),
        ("Rows in the result", report.rows_out),
    ]
    if report.ties:
        facts += [("Pairs within the radius", report.pairs)]
    if report.radius_arcsec is not None:
        facts += [
            ("Radius (arcsec)", f"{report.radius_arcsec:g}"),
            ("Redshifts agree within", f"{report.delta_z_threshold or 0:g}"),
            ("Kept by their CRD_ID alone (order of rows)", report.kept_by_identifier),
        ]
    return RunReport(tuple(facts), tuple(report.warnings), _tables(report), _figures(report))


def _tables(report: CombineReport) -> tuple[CountTable, ...]:
    catalogues = tuple(
        (each.internal_name, each.rows_in, each.rows_cut, each.rows_without_position, each.rows_out)
        for each in report.catalogues
    )
    surveys = tuple((name, each.rows_in, each.rows_out) for name, each in report.surveys.items())
    return (
        CountTable("Rows by catalogue", ("Catalogue", "In", "Cut", "Without position", "Out"), catalogues),
        CountTable("Rows by survey", ("Survey", "In", "Out"), surveys),
        *_flags(report),
        CountTable("Rows by outcome", ("Result", "Rows"), _pairs(report.ties)),
        CountTable("Why", ("Reason", "Rows"), _pairs(report.reasons)),
        CountTable("Groups of duplicates", ("Rows in the group", "Groups"), _pairs(report.group_sizes)),
    )


def _flags(report: CombineReport) -> list[CountTable]:
    """Return the flags of all catalogues, before and after; one column for each value."""
    tables = []
    for title, attribute in (("Flags before", "flags_before"), ("Flags after", "flags_after")):
        found = {each.internal_name: getattr(each, attribute) for each in report.catalogues}
        values = sorted({value for counts in found.values() for value in counts}, key=_by_number)[:_MOST_FLAGS]
        rows = tuple((name, *(counts.get(value, 0) for value in values)) for name, counts in found.items())
        tables.append(CountTable(title, ("Catalogue", *values), rows if values else ()))
    kinds = sorted({kind for each in report.catalogues for kind in each.instruments})
    rows = tuple((each.internal_name, *(each.instruments.get(kind, 0) for kind in kinds)) for each in report.catalogues)
    return [*tables, CountTable("Instruments", ("Catalogue", *kinds), rows if kinds else ())]


def _figures(report: CombineReport) -> tuple[HistogramFigure, ...]:
    figures = [_figure("nz", "Redshifts in the result", "redshift z", report.redshifts)]
    largest = sorted(report.surveys.items(), key=lambda item: -item[1].rows_out)[:_MOST_SURVEYS_DRAWN]
    for number, (name, each) in enumerate(largest if len(report.surveys) > 1 else []):
        figures.append(_figure(f"nz-{number}", f"Redshifts of {name}", "redshift z", each.redshifts))
    if report.pairs:
        figures.append(_figure("separation", "Separations of pairs", "arcseconds", report.separations))
        figures.append(_figure("dz", "Differences of their redshifts", "|z1 - z2|", report.redshift_differences))
    return tuple(figures)


def _figure(key: str, title: str, x_label: str, histogram: Histogram) -> HistogramFigure:
    return HistogramFigure(key, title, x_label, histogram.edges, histogram.counts)


def _pairs(counts: Mapping[Any, int]) -> tuple[tuple[str | int, ...], ...]:
    return tuple((str(name), count) for name, count in counts.items())


def _by_number(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
