"""Drawing of a lineage: boxes in columns by level, made from left to right, with curves between them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from products.provenance.lineage import Lineage, LineageNode

__all__ = ["LineageBox", "LineageDrawing", "lineage_drawing"]

_WIDTH, _HEIGHT = 200.0, 46.0
_GAP_X, _GAP_Y = 90.0, 18.0
_MARGIN = 8.0
_LONGEST_LABEL = 25
_HIDDEN = "not visible to you"


@dataclass(frozen=True, slots=True)
class LineageBox:
    """A box of the drawing, with its upper left corner.

    Parameters
    ----------
    detail
        The second line: the internal name of a product, or what else it is.
    is_focus
        Whether it is the product whose lineage is drawn.
    """

    node: LineageNode
    x: float
    y: float
    label: str
    detail: str
    is_focus: bool


@dataclass(frozen=True, slots=True)
class LineageDrawing:
    """The drawing for the template: boxes, and the SVG path and the title of each curve."""

    width: float
    height: float
    boxes: tuple[LineageBox, ...]
    curves: tuple[tuple[str, str], ...]
    box_width: float = _WIDTH
    box_height: float = _HEIGHT


def lineage_drawing(lineage: Lineage) -> LineageDrawing:
    """Lay out a lineage."""
    columns: defaultdict[int, list[LineageNode]] = defaultdict(list)
    for node in lineage.nodes:
        columns[node.level].append(node)
    levels = sorted(columns)
    tallest = max(len(column) for column in columns.values())
    height = tallest * (_HEIGHT + _GAP_Y) - _GAP_Y + 2 * _MARGIN
    boxes: dict[str, LineageBox] = {}
    for place, level in enumerate(levels):
        boxes.update(_column(columns[level], _MARGIN + place * (_WIDTH + _GAP_X), height, lineage.focus))
    width = len(levels) * (_WIDTH + _GAP_X) - _GAP_X + 2 * _MARGIN
    curves = tuple(
        (_curve(boxes[edge.source], boxes[edge.target]), _title(boxes, edge.source, edge.target, edge.role))
        for edge in lineage.edges
    )
    return LineageDrawing(width, height, tuple(boxes.values()), curves)


def _column(nodes: Sequence[LineageNode], x: float, height: float, focus: str) -> Mapping[str, LineageBox]:
    used = len(nodes) * (_HEIGHT + _GAP_Y) - _GAP_Y
    top = (height - used) / 2
    return {
        node.key: LineageBox(
            node, x, top + row * (_HEIGHT + _GAP_Y), _short(node.label or _HIDDEN), _detail(node), node.key == focus
        )
        for row, node in enumerate(nodes)
    }


def _detail(node: LineageNode) -> str:
    if node.product is not None:
        return _short(node.product.internal_name)
    return {"file": "file in VOSpace", "other": "data release or other"}.get(node.kind, "an input")


def _curve(source: LineageBox, target: LineageBox) -> str:
    x1, y1 = source.x + _WIDTH, source.y + _HEIGHT / 2
    x2, y2 = target.x, target.y + _HEIGHT / 2
    bend = max(abs(x2 - x1) / 2, _GAP_X / 2)
    return f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _title(boxes: Mapping[str, LineageBox], source: str, target: str, role: str) -> str:
    return f"{boxes[source].label} → {boxes[target].label}" + (f": {role}" if role else "")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
