"""Computation of a plot from its specification: queries, then a drawing and a table of what is in it."""

from webui.explorer.plots.densities import Plane, plot_plane
from webui.explorer.plots.drawing.histogram import draw_histogram
from webui.explorer.plots.drawing.plane import draw_plane
from webui.explorer.plots.drawing.sky import draw_sky
from webui.explorer.plots.histograms import Histogram, count_histogram
from webui.explorer.plots.queries import SelectedRows, Steps
from webui.explorer.plots.sky import SkyRows, map_sky
from webui.explorer.plots.specifications import PlotSpecification

__all__ = ["PlotContent", "compute_plot", "draw_plot"]

PlotContent = Histogram | Plane | SkyRows


def compute_plot(rows: SelectedRows, specification: PlotSpecification) -> Steps[PlotContent]:
    """Return what a plot shows.

    Raises
    ------
    InvalidValueError
        The table has no positions for a map of the sky.
    """
    if specification.kind.name == "sky":
        return (yield from map_sky(rows, specification.colour))
    if specification.kind.name == "xy":
        return (yield from plot_plane(rows, specification))
    return (
        yield from count_histogram(
            rows,
            specification.quantities[0],
            bins=specification.bins,
            is_log="logx" in specification.flags,
            densities=specification.densities,
        )
    )


def draw_plot(found: PlotContent, specification: PlotSpecification) -> bytes:
    """Return the SVG document of a plot."""
    if isinstance(found, Histogram):
        return draw_histogram(found, specification)
    if isinstance(found, Plane):
        return draw_plane(found, specification)
    return draw_sky(found, specification)
