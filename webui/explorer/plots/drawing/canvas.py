"""SVG documents of plots: elements with classes, whose colours are in the style sheet ``plot-drawing.css``."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from lxml import etree
from numpy.typing import NDArray

import webui
from core.votable import legal_xml

__all__ = ["HEIGHT", "WIDTH", "Canvas", "message_drawing", "points_path"]

#: Size of a plot in its own units.
WIDTH, HEIGHT = 640.0, 470.0
_SVG = "http://www.w3.org/2000/svg"
_STYLE = Path(webui.__file__).parent / "static" / "plot-drawing.css"
_CHARACTERS = 76


class Canvas:
    """An SVG document that is being drawn.

    Parameters
    ----------
    title
        Its text alternative.
    data
        Values for scripts, which become attributes ``data-…`` of the document.
    """

    def __init__(self, title: str, data: Mapping[str, str] | None = None) -> None:
        size = {"viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "width": f"{WIDTH:g}", "height": f"{HEIGHT:g}"}
        self._number = crc32(f"{title}{data}".encode())
        given = {f"data-{name}": value for name, value in (data or {}).items()}
        self._root = etree.Element(
            f"{{{_SVG}}}svg",
            {**size, "class": "drawing", "role": "img", "aria-label": legal_xml(title), **given},
            nsmap={None: _SVG},
        )
        style = etree.SubElement(self._root, f"{{{_SVG}}}style")
        style.text = _style_sheet(_STYLE.stat().st_mtime_ns)
        self.add("title").text = legal_xml(title)
        self.add("rect", "paper", width=WIDTH, height=HEIGHT)

    def name(self, part: str) -> str:
        """Return the id of an element, another one than in other plots of a page."""
        return f"{part}-{self._number:x}"

    def add(
        self, element: str, css: str = "", parent: etree._Element | None = None, **attributes: str | float
    ) -> etree._Element:
        """Add an element; underscores in names of attributes stand for hyphens."""
        texts = {name.replace("_", "-"): _text(value) for name, value in attributes.items()}
        if css:
            texts["class"] = css
        return etree.SubElement(self._root if parent is None else parent, f"{{{_SVG}}}{element}", texts)

    def write(self, text: str, x: float, y: float, anchor: str = "middle", css: str = "", **more: str | float) -> None:
        """Write a text."""
        self.add("text", css, x=x, y=y, text_anchor=anchor, **more).text = legal_xml(text)

    def document(self) -> bytes:
        """Return the document."""
        return bytes(etree.tostring(self._root, xml_declaration=True, encoding="UTF-8"))


def message_drawing(title: str, message: str) -> bytes:
    """Return a drawing that has a message instead of a plot."""
    canvas = Canvas(f"{title}. {message}")
    lines = [""]
    for word in message.split():
        if len(lines[-1]) + len(word) > _CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    for number, line in enumerate(lines[:12]):
        canvas.write(line[: _CHARACTERS * 2], WIDTH / 2, HEIGHT / 2 - 40 + 24 * number, css="message")
    return canvas.document()


def points_path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Return a path of lines without length, which round caps show as dots."""
    return "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))


@lru_cache(maxsize=2)
def _style_sheet(_changed: int) -> str:
    return _STYLE.read_text()


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"
