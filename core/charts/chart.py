"""Charts drawn as SVG 1.1 documents without scripts, in the colours of the reader's theme, or as PDF."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from lxml import etree

from core.charts.dark_theme import dark_style
from core.charts.pdf import pdf_of_svg
from core.charts.ticks import round_values

__all__ = ["COLOURS", "Cells", "Chart", "Guide", "Series"]

#: Colours that people with any colour vision tell apart (Okabe & Ito 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_SHADES = ("#d8e9f2", "#a9cfe2", "#76b0d0", "#428db7", "#1d6a97", "#0b4a70")
_GROUND, _TEXT, _GRID, _AXIS, _GUIDE = "#ffffff", "#3f4850", "#e1e6ea", "#56616b", "#8a2b06"
_SVG = "http://www.w3.org/2000/svg"
_WIDTH, _HEIGHT = 640.0, 420.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 16.0, 14.0, 54.0
_LEGEND_LINE, _CHARACTER = 20.0, 7.6


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind: a line, points with their errors, or steps between edges (one more than there are values).

    Values that are None are left out.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float | None]
    errors: Sequence[float | None] = ()
    kind: Literal["line", "points", "steps"] = "line"
    colour: str = COLOURS[0]
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """A dashed line from one point to another, such as a requirement or a diagonal."""

    label: str
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts in cells between edges, the first index along x; shades are steps of their logarithm."""

    edges: Sequence[float]
    counts: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with two linear axes.

    Parameters
    ----------
    x_range, y_range
        Limits of the axes; without a range of y, that of the values and guides.
    """

    title: str
    x_label: str
    y_label: str
    x_range: tuple[float, float]
    series: Sequence[Series] = ()
    guides: Sequence[Guide] = ()
    cells: Cells | None = None
    y_range: tuple[float, float] | None = None

    def svg(self) -> bytes:
        """Return the chart as an SVG document."""
        return _Drawing(self).document()

    def pdf(self) -> bytes:
        """Return the chart as a PDF document of one page; equal charts give equal documents."""
        return pdf_of_svg(self.svg())


class _Drawing:
    """A chart that is being drawn."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._legend = _legend_lines(chart)
        self._top = _TOP + _LEGEND_LINE * len(self._legend)
        self._y_range = chart.y_range or _range_of(chart)
        size = {"width": f"{_WIDTH:g}", "height": f"{_HEIGHT:g}", "viewBox": f"0 0 {_WIDTH:g} {_HEIGHT:g}"}
        self._root = etree.Element(f"{{{_SVG}}}svg", {**size, "role": "img"}, nsmap={None: _SVG})

    def document(self) -> bytes:
        self._add("title", chart_text=self._chart.title)
        self._add("style", chart_text=dark_style())
        self._add("rect", width=_WIDTH, height=_HEIGHT, fill=_GROUND)
        inside = self._add("clipPath", id="inside")
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM - self._top
        self._add("rect", inside, x=_LEFT, y=self._top, width=width, height=height)
        self._draw_axes()
        plot = self._add("g", clip_path="url(#inside)")
        if self._chart.cells is not None:
            self._draw_cells(plot, self._chart.cells)
        for guide in self._chart.guides:
            path = f"M{self._point(*guide.start)}L{self._point(*guide.end)}"
            self._add("path", plot, d=path, fill="none", stroke=_GUIDE, stroke_dasharray="6 4")
        for series in self._chart.series:
            self._draw_series(plot, series)
        self._draw_legend()
        return bytes(etree.tostring(self._root, xml_declaration=True, encoding="UTF-8"))

    def _draw_axes(self) -> None:
        chart, bottom, right = self._chart, _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        for value in round_values(*self._y_range):
            y = self._up(value)
            self._add("path", d=f"M{_LEFT:g} {y}H{right:g}", stroke=_GRID)
            self._write(f"{value:g}", _LEFT - 8, y + 4, "end")
        for value in round_values(*chart.x_range):
            x = self._across(value)
            self._add("path", d=f"M{x} {bottom:g}v5", stroke=_AXIS)
            self._write(f"{value:g}", x, bottom + 20, "middle")
        self._add("path", d=f"M{_LEFT:g} {self._top:g}V{bottom:g}H{right:g}", fill="none", stroke=_AXIS)
        self._write(chart.x_label, (_LEFT + right) / 2, _HEIGHT - 10, "middle")
        middle = (self._top + bottom) / 2
        self._write(chart.y_label, 0, 0, "middle", transform=f"translate(18 {middle:g}) rotate(-90)")

    def _draw_series(self, plot: etree._Element, series: Series) -> None:
        paint: dict[str, Any] = {"fill": "none", "stroke": series.colour, "stroke_width": 1.8}
        if series.is_dashed:
            paint["stroke_dasharray"] = "3 3"
        if series.kind == "steps":
            self._add("path", plot, d=self._steps(series), **paint)
            return
        there = [(x, y) for x, y in zip(series.x, series.y, strict=True) if y is not None]
        if series.kind == "line" and there:
            self._add("path", plot, d="M" + "L".join(self._point(x, y) for x, y in there), **paint)
            return
        for x, y, error in zip(series.x, series.y, series.errors or [None] * len(series.y), strict=True):
            if y is None:
                continue
            if error is not None:
                at, ends = self._across(x), (self._up(y - error), self._up(y + error))
                self._add("path", plot, d=f"M{at} {ends[0]}V{ends[1]}", stroke=series.colour, stroke_width=1.4)
            self._add("circle", plot, cx=self._across(x), cy=self._up(y), r=3.4, fill=series.colour)

    def _steps(self, series: Series) -> str:
        path = f"M{self._point(series.x[0], 0.0)}"
        for (begin, end), value in zip(pairwise(series.x), series.y, strict=True):
            path += f"L{self._point(begin, value or 0.0)}H{self._across(end)}"
        return f"{path}L{self._point(series.x[-1], 0.0)}"

    def _draw_cells(self, plot: etree._Element, cells: Cells) -> None:
        """Draw the cells of each shade as one path."""
        highest = max((count for row in cells.counts for count in row), default=0)
        paths = [""] * len(_SHADES)
        for (left, right), row in zip(pairwise(cells.edges), cells.counts, strict=True):
            for (low, high), count in zip(pairwise(cells.edges), row, strict=True):
                if count:
                    share = math.log(count) / math.log(highest) if highest > 1 else 1.0
                    shade = min(int(share * len(_SHADES)), len(_SHADES) - 1)
                    paths[shade] += (
                        f"M{self._point(left, low)}H{self._across(right)}V{self._up(high)}H{self._across(left)}z"
                    )
        for fill, path in zip(_SHADES, paths, strict=True):
            if path:
                self._add("path", plot, d=path, fill=fill)

    def _draw_legend(self) -> None:
        for place, line in enumerate(self._legend):
            x, y = _LEFT, _TOP + _LEGEND_LINE * place
            for label, colour, is_dashed in line:
                paint: dict[str, Any] = {"stroke": colour, "stroke_width": 2.4}
                if is_dashed:
                    paint["stroke_dasharray"] = "4 3"
                self._add("path", d=f"M{x:g} {y:g}h18", **paint)
                self._write(label, x + 24, y + 4, "start")
                x += _legend_width(label)

    def _across(self, value: float) -> float:
        low, high = self._chart.x_range
        return round(_LEFT + (value - low) / (high - low) * (_WIDTH - _RIGHT - _LEFT), 1)

    def _up(self, value: float) -> float:
        low, high = self._y_range
        bottom = _HEIGHT - _BOTTOM
        return round(bottom - (value - low) / (high - low) * (bottom - self._top), 1)

    def _point(self, x: float, y: float) -> str:
        return f"{self._across(x)} {self._up(y)}"

    def _write(self, text: str, x: float, y: float, anchor: str, **more: str) -> None:
        self._add(
            "text", chart_text=text, x=round(x, 1), y=round(y, 1), fill=_TEXT, text_anchor=anchor, font_size=13,
            font_family="sans-serif", **more,
        )  # fmt: skip

    def _add(
        self, name: str, parent: etree._Element | None = None, *, chart_text: str | None = None, **attributes: object
    ) -> etree._Element:
        """Add an element; underscores in names of attributes stand for hyphens."""
        texts = {
            key.replace("_", "-"): f"{value:g}" if isinstance(value, float) else str(value)
            for key, value in attributes.items()
        }
        element = etree.SubElement(self._root if parent is None else parent, f"{{{_SVG}}}{name}", texts)
        element.text = chart_text
        return element


def _legend_lines(chart: Chart) -> list[list[tuple[str, str, bool]]]:
    """Return labels, colours and whether they are dashed, in lines that fit."""
    entries = [(each.label, each.colour, each.is_dashed) for each in chart.series if each.label]
    entries += [(each.label, _GUIDE, True) for each in chart.guides if each.label]
    lines: list[list[tuple[str, str, bool]]] = []
    room = 0.0
    for entry in dict.fromkeys(entries):
        width = _legend_width(entry[0])
        if width > room:
            lines.append([])
            room = _WIDTH - _LEFT - _RIGHT
        lines[-1].append(entry)
        room -= width
    return lines


def _legend_width(label: str) -> float:
    return 44 + _CHARACTER * len(label)


def _range_of(chart: Chart) -> tuple[float, float]:
    """Return the range of the values, errors and guides, with some room."""
    values = [guide.start[1] for guide in chart.guides] + [guide.end[1] for guide in chart.guides]
    for series in chart.series:
        errors = series.errors or [None] * len(series.y)
        for value, error in zip(series.y, errors, strict=True):
            if value is not None:
                values += [value - (error or 0.0), value + (error or 0.0)]
    if any(series.kind == "steps" for series in chart.series):
        values.append(0.0)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * 0.06 or max(abs(high), 1.0) * 0.06
    return (low if low == 0 else low - room), high + room
