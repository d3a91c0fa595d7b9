"""PDF documents of drawn charts: the shapes and texts of their SVG on one page, as vectors."""

import io
import re
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

__all__ = ["pdf_of_svg"]

_STEP = re.compile(r"([MLHVhvz])([^MLHVhvz]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_FONT = "Helvetica"
_ANCHORS = {"start": "drawString", "middle": "drawCentredString", "end": "drawRightString"}


def pdf_of_svg(svg: bytes) -> bytes:
    """Return a PDF document of the SVG document of a chart.

    It takes the elements that `core.charts.chart` draws: groups, rectangles, circles, texts that are moved or rotated
    as a whole, paths of straight lines, and rectangles that clip. The page is light: style elements, which are for
    screens, are left out.

    Raises
    ------
    ValueError
        An element is another one.
    """
    from reportlab.pdfgen.canvas import Canvas

    root = etree.fromstring(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=(width, height), invariant=1)
    title = next((child.text for child in root if _name(child) == "title"), "")
    canvas.setTitle(title or "")
    canvas.translate(0, height)
    canvas.scale(1, -1)  # SVG counts downwards
    _Page(canvas, root).draw()
    canvas.save()
    return content.getvalue()


class _Page:
    """A page on which the elements of a chart are drawn."""

    def __init__(self, canvas: "Canvas", root: etree._Element) -> None:
        self._canvas = canvas
        self._root = root
        self._clips = {child.get("id"): child[0] for child in root if _name(child) == "clipPath"}

    def draw(self) -> None:
        """Draw all elements, in their order."""
        self._draw_all(self._root)

    def _draw_all(self, parent: etree._Element) -> None:
        for element in parent:
            name = _name(element)
            if name == "g":
                self._canvas.saveState()
                self._clip(element.get("clip-path"))
                self._draw_all(element)
                self._canvas.restoreState()
            elif name == "text":
                self._write(element)
            elif name in {"rect", "circle", "path"}:
                self._draw_shape(name, element)
            elif name not in {"title", "style", "clipPath"}:
                raise ValueError(f"a chart has no element '{name}'")

    def _clip(self, reference: str | None) -> None:
        if reference is not None:
            box = self._clips[reference.removeprefix("url(#").removesuffix(")")]
            path = self._canvas.beginPath()
            path.rect(*(float(box.get(key)) for key in ("x", "y", "width", "height")))
            self._canvas.clipPath(path, stroke=0, fill=0)

    def _draw_shape(self, name: str, element: etree._Element) -> None:
        canvas, path = self._canvas, self._canvas.beginPath()
        fill, stroke = element.get("fill", "none"), element.get("stroke", "none")
        if fill != "none":
            canvas.setFillColor(fill)
        if stroke != "none":
            canvas.setStrokeColor(stroke)
        canvas.setLineWidth(float(element.get("stroke-width", "1")))
        canvas.setDash([float(each) for each in element.get("stroke-dasharray", "").split()])
        if name == "circle":
            path.circle(*(float(element.get(key)) for key in ("cx", "cy", "r")))
        elif name == "rect":
            sizes = [float(element.get(key, "0")) for key in ("x", "y", "width", "height")]
            path.rect(*sizes)
        else:
            _trace(path, element.get("d"))
        canvas.drawPath(path, stroke=int(stroke != "none"), fill=int(fill != "none"))

    def _write(self, element: etree._Element) -> None:
        canvas = self._canvas
        canvas.saveState()
        moves = dict(re.findall(r"(translate|rotate)\(([^)]*)\)", element.get("transform", "")))
        if "translate" in moves:
            canvas.translate(*map(float, moves["translate"].split()))
        if "rotate" in moves:
            canvas.rotate(float(moves["rotate"]))
        canvas.translate(float(element.get("x")), float(element.get("y")))
        canvas.scale(1, -1)  # letters stand upright
        canvas.setFillColor(element.get("fill"))
        canvas.setFont(_FONT, float(element.get("font-size")))
        getattr(canvas, _ANCHORS[element.get("text-anchor")])(0, 0, element.text or "")
        canvas.restoreState()


def _trace(path: Any, steps: str) -> None:
    """Add the steps of the path of an SVG: straight lines to points, or along one axis."""
    x = y = 0.0
    for command, text in _STEP.findall(steps):
        numbers = [float(each) for each in _NUMBER.findall(text)]
        if command == "z":
            path.close()
            continue
        if command in "ML":
            x, y = numbers
        elif command in "Hh":
            x = numbers[0] + (x if command == "h" else 0.0)
        else:
            y = numbers[0] + (y if command == "v" else 0.0)
        (path.moveTo if command == "M" else path.lineTo)(x, y)


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
