"""Conversion of the report of a training set to a `RunReport` for its page."""

from pipelines.outputs.reports import CountTable, HistogramFigure, RunReport
from pipelines.training.report import MagnitudeSummary, TrainingSetReport

__all__ = ["run_report"]

_MOST_MAGNITUDES_DRAWN = 6


def run_report(report: TrainingSetReport) -> RunReport:
    """Return the facts, tables and histograms of a report."""
    facts = (
        ("Redshifts", report.redshifts),
        ("Redshifts with an object", report.redshifts_matched),
        ("Objects looked at", report.objects_passed),
        ("Objects matched", report.objects_matched),
        ("Redshifts of several objects", report.redshifts_of_several_objects),
        ("Objects of several redshifts", report.objects_of_several_redshifts),
        ("Rows for training", report.training),
        ("Rows for validation", report.validation),
        ("Seed of the split", report.seed),
    )
    return RunReport(facts, report.warnings, _tables(report), _figures(report))


def _tables(report: TrainingSetReport) -> tuple[CountTable, ...]:
    surveys = tuple((each.survey or "missing", each.redshifts, each.matched) for each in report.surveys)
    cuts = tuple((each.condition, each.left_out) for each in (*report.object_cuts, *report.cuts))
    return (
        CountTable("Redshifts by survey", ("Survey", "Redshifts", "With an object"), surveys),
        CountTable("Cuts", ("Condition", "Rows left out"), cuts),
        CountTable(
            "Magnitudes",
            ("Column", "Values", "5 %", "Median", "95 %"),
            tuple(_magnitudes(each) for each in report.magnitudes),
        ),
    )


def _magnitudes(each: MagnitudeSummary) -> tuple[str | int, ...]:
    percentiles = (each.percentile_5, each.median, each.percentile_95)
    return (each.column, each.values, *(f"{magnitude:.2f}" for magnitude in percentiles))


def _figures(report: TrainingSetReport) -> tuple[HistogramFigure, ...]:
    split, near = report.redshift, report.separation_arcsec
    return (
        HistogramFigure(
            "nz", "Redshifts of training", "redshift z", split.edges, split.training, split.validation, "validation"
        ),
        HistogramFigure(
            "separation", "Separations of redshift and object", "arcseconds", near.edges, near.counts
        ),
        *(
            HistogramFigure(f"mag-{number}", each.column, "magnitude", each.histogram.edges, each.histogram.counts)
            for number, each in enumerate(report.magnitudes[:_MOST_MAGNITUDES_DRAWN])
        ),
    )  # fmt: skip
