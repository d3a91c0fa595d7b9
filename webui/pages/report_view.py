"""The report of a run as its page shows it: tables of counts, and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.combine.report import CombineReport
from pipelines.known import COMBINE
from pipelines.models import Pipeline
from pipelines.training.report import TrainingSetReport
from products.inspection.inspection import Inspection
from webui.pages.histogram import HistogramPlot, bar_plot
from webui.pages.sky_map import SkyMap, sky_map

__all__ = ["SKY", "CountTable", "Figure", "ReportView"]

#: Key of the map of the sky among the pictures.
SKY = "sky"

_MOST_SURVEYS_DRAWN = 4


@dataclass(frozen=True, slots=True)
class CountTable:
    """A table of counts; its first column holds names."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot of counts.

    Parameters
    ----------
    key
        For its address in the page.
    second
        What the outline over the bars shows; empty when there is none.
    """

    key: str
    title: str
    x_label: str
    plot: HistogramPlot
    second: str = ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """What the page of a report shows."""

    facts: tuple[tuple[str, str | int], ...]
    warnings: tuple[str, ...]
    tables: tuple[CountTable, ...]
    figures: tuple[Figure, ...]
    sky: SkyMap | None

    @property
    def pictures(self) -> tuple[tuple[str, str], ...]:
        """Keys and titles of all pictures."""
        sky = ((SKY, "Where the rows of the result lie"),) if self.sky else ()
        return (*sky, *((figure.key, figure.title) for figure in self.figures))

    @classmethod
    def of(cls, pipeline: Pipeline, report: Mapping[str, Any], inspection: str | None) -> "ReportView":
        """Prepare a report, with a map of where the rows of the product lie."""
        found = None if inspection is None else Inspection.from_json(inspection)
        sky = sky_map(found.density_map) if found and found.density_map else None
        if pipeline is COMBINE:
            return _combined(CombineReport.model_validate(report), sky)
        return _trained(TrainingSetReport.model_validate(report), sky)


def _combined(report: CombineReport, sky: SkyMap | None) -> ReportView:
    facts: list[tuple[str, str | int]] = [
        ("Rows of all catalogues", report.rows_in),
        ("Cut by quality", report.rows_cut),
        ("Rows in the result", report.rows_out),
    ]
    if report.ties:
        facts += [("Pairs within the radius", report.pairs)]
    catalogues = tuple((each.internal_name, each.rows_in, each.rows_cut, each.rows_out) for each in report.catalogues)
    tables = [
        CountTable("Rows by catalogue", ("Catalogue", "In", "Cut", "Out"), catalogues),
        CountTable(
            "Rows by survey",
            ("Survey", "In", "Out"),
            tuple((name, each.rows_in, each.rows_out) for name, each in report.surveys.items()),
        ),
        *_flags(report),
        CountTable("What became of rows", ("Result", "Rows"), _pairs(report.ties)),
        CountTable("Why", ("Reason", "Rows"), _pairs(report.reasons)),
        CountTable("Groups of duplicates", ("Rows in the group", "Groups"), _pairs(report.group_sizes)),
    ]
    figures = [_figure("nz", "Redshifts in the result", "redshift z", report.redshifts.edges, report.redshifts.counts)]
    largest = sorted(report.surveys.items(), key=lambda item: -item[1].rows_out)[:_MOST_SURVEYS_DRAWN]
    for number, (name, each) in enumerate(largest if len(report.surveys) > 1 else []):
        histogram = each.redshifts
        figures.append(_figure(f"nz-{number}", f"Redshifts of {name}", "redshift z", histogram.edges, histogram.counts))
    if report.pairs:
        near, differences = report.separations, report.redshift_differences
        figures.append(_figure("separation", "Separations of pairs", "arcseconds", near.edges, near.counts))
        figures.append(
            _figure("dz", "Differences of their redshifts", "|z1 - z2|", differences.edges, differences.counts)
        )
    return ReportView(tuple(facts), tuple(report.warnings), _filled(tables), tuple(figures), sky)


def _flags(report: CombineReport) -> list[CountTable]:
    """Give the flags of all catalogues, before and after; one column for each value."""
    tables = []
    for title, attribute in (("Flags before", "flags_before"), ("Flags after", "flags_after")):
        found = {each.internal_name: getattr(each, attribute) for each in report.catalogues}
        values = sorted({value for counts in found.values() for value in counts}, key=_by_number)[:12]
        rows = tuple((name, *(counts.get(value, 0) for value in values)) for name, counts in found.items())
        tables.append(CountTable(title, ("Catalogue", *values), rows if values else ()))
    kinds = sorted({kind for each in report.catalogues for kind in each.instruments})
    rows = tuple((each.internal_name, *(each.instruments.get(kind, 0) for kind in kinds)) for each in report.catalogues)
    return [*tables, CountTable("Instruments", ("Catalogue", *kinds), rows if kinds else ())]


def _trained(report: TrainingSetReport, sky: SkyMap | None) -> ReportView:
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
    tables = (
        CountTable(
            "Redshifts by survey",
            ("Survey", "Redshifts", "With an object"),
            tuple((each.survey or "missing", each.redshifts, each.matched) for each in report.surveys),
        ),
        CountTable("Cuts", ("Condition", "Rows left out"), tuple((c.condition, c.left_out) for c in _cuts(report))),
        CountTable(
            "Magnitudes",
            ("Column", "Values", "5 %", "Median", "95 %"),
            tuple(
                (
                    each.column,
                    each.values,
                    f"{each.percentile_5:.2f}",
                    f"{each.median:.2f}",
                    f"{each.percentile_95:.2f}",
                )
                for each in report.magnitudes
            ),
        ),
    )
    split, near = report.redshift, report.separation_arcsec
    figures = [
        Figure(
            "nz", "Redshifts of training", "redshift z",
            bar_plot(split.edges, split.training, outline=split.validation), "validation",
        ),
        _figure("separation", "Separations of redshift and object", "arcseconds", near.edges, near.counts),
    ]  # fmt: skip
    for number, each in enumerate(report.magnitudes[:6]):
        histogram = each.histogram
        figures.append(_figure(f"mag-{number}", each.column, "magnitude", histogram.edges, histogram.counts))
    return ReportView(facts, report.warnings, _filled(tables), tuple(figures), sky)


def _cuts(report: TrainingSetReport) -> Sequence[Any]:
    return (*report.object_cuts, *report.cuts)


def _figure(key: str, title: str, x_label: str, edges: Sequence[float], counts: Sequence[int]) -> Figure:
    return Figure(key, title, x_label, bar_plot(edges, counts))


def _pairs(counts: Mapping[Any, int]) -> tuple[tuple[str | int, ...], ...]:
    return tuple((str(name), count) for name, count in counts.items())


def _filled(tables: Sequence[CountTable]) -> tuple[CountTable, ...]:
    return tuple(table for table in tables if table.rows)


def _by_number(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
