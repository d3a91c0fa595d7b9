"""View of the report of any pipeline: facts, tables of counts, charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.models import AnyPipeline
from pipelines.outputs.reports import CountTable, Drawing, HistogramFigure
from products.inspection.inspection import Inspection
from webui.charts.histogram import HistogramPlot, bar_plot
from webui.charts.sky_map import SkyMap, sky_map

__all__ = ["SKY", "Figure", "ReportView"]

#: Key of the sky map among the charts.
SKY = "sky"


@dataclass(frozen=True, slots=True)
class Figure:
    """A histogram of a report.

    Parameters
    ----------
    key
        Part of the address of its SVG file.
    second
        Label of the outline over the bars; empty when there is none.
    """

    key: str
    title: str
    x_label: str
    plot: HistogramPlot
    second: str = ""

    @classmethod
    def of(cls, figure: HistogramFigure) -> "Figure":
        """Return the chart of a histogram."""
        plot = bar_plot(figure.edges, figure.counts, outline=figure.outline)
        return cls(figure.key, figure.title, figure.x_label, plot, figure.outline_label)


@dataclass(frozen=True, slots=True)
class ReportView:
    """View of a report for the template."""

    facts: tuple[tuple[str, str | int], ...]
    warnings: tuple[str, ...]
    tables: tuple[CountTable, ...]
    figures: tuple[Figure, ...]
    sky: SkyMap | None
    drawings: tuple[Drawing, ...] = ()

    @property
    def pictures(self) -> tuple[tuple[str, str], ...]:
        """Keys and titles of all charts."""
        sky = ((SKY, "Positions of the rows of the result"),) if self.sky else ()
        figures = ((figure.key, figure.title) for figure in self.figures)
        return (*sky, *figures, *((drawing.key, drawing.title) for drawing in self.drawings))

    @classmethod
    def of(cls, pipeline: AnyPipeline, values: Mapping[str, Any], inspection: str | None) -> "ReportView":
        """Return the view of a report, with a sky map of the rows of the product.

        Parameters
        ----------
        values
            JSON of the report.
        """
        report = pipeline.report(values)
        found = None if inspection is None or not report.has_sky_map else Inspection.from_json(inspection)
        return cls(
            facts=report.facts,
            warnings=report.warnings,
            tables=tuple(table for table in report.tables if table.rows),
            figures=tuple(Figure.of(figure) for figure in report.figures),
            sky=sky_map(found.density_map) if found and found.density_map else None,
            drawings=report.drawings,
        )
