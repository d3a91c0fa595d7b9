"""Drawing of two quantities against each other: cells of density or of means, or points."""

import numpy as np
from numpy.typing import NDArray

from webui.explorer.plots.binning import Binning
from webui.explorer.plots.densities import Cells, Plane, Points
from webui.explorer.plots.drawing.axes import Scale
from webui.explorer.plots.drawing.canvas import Canvas, message_drawing, points_path
from webui.explorer.plots.drawing.frame import BOTTOM, TOP, Frame, caption_of, draw_caption
from webui.explorer.plots.drawing.histogram import NO_VALUES
from webui.explorer.plots.drawing.levels import LEVELS, ColourScale, scale_of
from webui.explorer.plots.specifications import PlotSpecification

__all__ = ["draw_plane"]


def draw_plane(found: Plane, specification: PlotSpecification) -> bytes:
    """Return the SVG document of two quantities against each other."""
    if found.x is None or found.y is None or found.content is None or not found.drawn:
        return message_drawing(specification.title, NO_VALUES)
    scale = _scale_of(found)
    frame = Frame.of(found.x.limits, found.y.limits, specification.flags, has_legend=scale is not None)
    caption = caption_of(found.rows, found.drawn, found.beyond)
    data = frame.data | {"kind": "plane", "caption": caption}
    for name, axis in (("x-column", found.x), ("y-column", found.y)):
        data[name] = axis.quantity.filter_name
    canvas = Canvas(f"{specification.title}. {caption}", data)
    frame.draw(canvas, found.x.quantity.label, found.y.quantity.label)
    if isinstance(found.content, Cells):
        _draw_cells(canvas, frame, (found.x, found.y), found.content, scale)
    else:
        _draw_points(canvas, frame, found.content, scale)
    if scale is not None:
        scale.draw(canvas, frame.right + 14, TOP, BOTTOM)
    frame.draw_axes(canvas)
    draw_caption(canvas, caption)
    return canvas.document()


def _scale_of(found: Plane) -> ColourScale | None:
    content = found.content
    cells = content if isinstance(content, Cells) else None
    return scale_of(
        counts=None if cells is None else cells.counts,
        means=None if cells is None else cells.means,
        colours=content.colours if isinstance(content, Points) else None,
        colour=None if found.colour is None else found.colour.label,
        rows="rows",
    )


def _draw_cells(
    canvas: Canvas, frame: Frame, axes: tuple[Binning, Binning], cells: Cells, scale: ColourScale | None
) -> None:
    """Draw the cells of each level as one path in units of cells, in runs along the horizontal axis."""
    if scale is None:
        return
    values = cells.counts.astype(np.float64) if cells.means is None else cells.means
    (left, across), (bottom, up) = _step(frame.x, axes[0]), _step(frame.y, axes[1])
    group = canvas.add("g", "cells", transform=f"matrix({across:.6g} 0 0 {up:.6g} {left:.6g} {bottom:.6g})")
    levels = scale.levels(values)
    for level in range(LEVELS + 1):
        chosen = levels == level
        if chosen.any():
            path = _runs(cells.columns[chosen], cells.lines[chosen])
            canvas.add("path", f"{scale.kind}-{level}", group, d=path)


def _step(scale: Scale, axis: Binning) -> tuple[float, float]:
    """Return where the cells of an axis begin, and how wide they are."""
    first, last = scale.place(axis.limits[0]), scale.place(axis.limits[1])
    return first, (last - first) / axis.count


def _runs(columns: NDArray[np.int64], lines: NDArray[np.int64]) -> str:
    order = np.lexsort((columns, lines))
    columns, lines = columns[order], lines[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(lines) != 0) | (np.diff(columns) != 1)])
    lengths = np.diff(np.r_[begins, len(columns)])
    return "".join(
        f"M{column} {line}h{length}v1h-{length}z"
        for column, line, length in zip(columns[begins], lines[begins], lengths, strict=True)
    )


def _draw_points(canvas: Canvas, frame: Frame, points: Points, scale: ColourScale | None) -> None:
    x, y = frame.x.places(points.x), frame.y.places(points.y)
    group = canvas.add("g", "points")
    if scale is None or points.colours is None:
        canvas.add("path", "plain", group, d=points_path(x, y))
        return
    levels = scale.levels(points.colours)
    for level in range(LEVELS + 1):
        chosen = levels == level
        if chosen.any():
            canvas.add("path", f"mean-{level}", group, d=points_path(x[chosen], y[chosen]))
