"""Dark theme of charts: a style element of their SVG that replaces colours where the reader's theme is dark."""

from collections.abc import Mapping

__all__ = ["DARK_COLOURS", "dark_style"]

#: What stands for each colour of a chart on a dark ground; shades of cells run from dark to light there.
DARK_COLOURS: Mapping[str, str] = {
    "#ffffff": "#1a2126",
    "#3f4850": "#c3cdd4",
    "#e1e6ea": "#303b43",
    "#56616b": "#a3b0b9",
    "#8a2b06": "#ffa45c",
    "#0072b2": "#3f9fdc",
    "#d55e00": "#f08a45",
    "#009e73": "#35c79b",
    "#cc79a7": "#dd97bd",
    "#e69f00": "#f0b93a",
    "#56b4e9": "#a6dcff",
    "#000000": "#e4e9ec",
    "#d8e9f2": "#1d4557",
    "#a9cfe2": "#286985",
    "#76b0d0": "#3a86a7",
    "#428db7": "#5ba9c8",
    "#1d6a97": "#93cbe1",
    "#0b4a70": "#d3edf8",
}


def dark_style() -> str:
    """Return the text of the style element; it selects the attributes in which charts have their colours."""
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK_COLOURS.items()
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
