"""Drawing of a histogram."""

from collections.abc import Sequence

import numpy as np

from webui.explorer.plots.drawing.canvas import Canvas, message_drawing
from webui.explorer.plots.drawing.frame import BOTTOM, Frame, caption_of, draw_caption, significant
from webui.explorer.plots.histograms import Histogram
from webui.explorer.plots.specifications import PlotSpecification

__all__ = ["NO_VALUES", "draw_histogram"]

NO_VALUES = "No selected row has a value that can be drawn. Widen the selection or choose another column."


def draw_histogram(found: Histogram, specification: PlotSpecification) -> bytes:
    """Return the SVG document of a histogram."""
    binning = found.binning
    if binning is None:
        return message_drawing(specification.title, NO_VALUES)
    stacked = np.zeros(0) if found.stacked is None else found.stacked
    is_log = "logcount" in specification.flags
    highest = max(float(found.counts.max()), *(stacked.tolist()), 1.0)
    heights = (0.7, highest * 1.5) if is_log else (0.0, highest * 1.04)
    frame = Frame.of(binning.limits, heights, specification.flags, y_is_log=is_log)
    width = f"in bins of {significant(binning.width)}{' dex' if binning.is_log else ''}"
    caption = caption_of(found.rows, found.drawn, found.beyond, width)
    data = frame.data | {"kind": "histogram", "caption": caption, "x-column": found.quantity.filter_name}
    canvas = Canvas(f"{specification.title}. {caption}", data)
    frame.draw(canvas, found.quantity.label, "rows in a bin")
    places = [round(place, 1) for place in frame.x.places(binning.edges).tolist()]
    canvas.add("path", "bars", d=_bars(places, found.counts.tolist(), frame))
    if found.stacked is not None:
        canvas.add("path", "over", d=_steps(places, stacked.tolist(), frame))
        canvas.add("path", "over", d=f"M{frame.right - 190:g} 14h24")
        canvas.write("sum of the densities p(z)", frame.right - 160, 19, "start", "small")
    frame.draw_axes(canvas)
    draw_caption(canvas, caption)
    return canvas.document()


def _bars(places: list[float], counts: list[int], frame: Frame) -> str:
    return "".join(
        f"M{begin:g} {BOTTOM:g}V{frame.y.place(count):.1f}H{end:g}V{BOTTOM:g}z"
        for begin, end, count in zip(places, places[1:], counts, strict=False)
        if count
    )


def _steps(places: list[float], counts: Sequence[float], frame: Frame) -> str:
    heights = [frame.y.place(max(count, frame.y.low)) for count in counts]
    steps = "".join(f"V{height:.1f}H{end:g}" for height, end in zip(heights, places[1:], strict=True))
    return f"M{places[0]:g} {BOTTOM:g}{steps}V{BOTTOM:g}"
