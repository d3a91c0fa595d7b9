"""`RunReport`: facts, count tables and histograms for the page of a run, common to all pipelines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["CountTable", "Drawing", "HistogramFigure", "RunReport"]


@dataclass(frozen=True, slots=True)
class CountTable:
    """A table of counts; its first column holds names."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class HistogramFigure:
    """Counts between edges, to be drawn as bars.

    Parameters
    ----------
    key
        Name of the figure in URLs, unique in its report; ``sky`` is reserved for the sky map.
    edges, counts
        Edges of the bins, one more than there are counts.
    outline
        Other counts between the same edges, drawn as a line over the bars.
    outline_label
        What the outline shows; empty when there is none.
    """

    key: str
    title: str
    x_label: str
    edges: Sequence[float]
    counts: Sequence[int]
    outline: Sequence[int] | None = None
    outline_label: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that is an SVG document of its own.

    Parameters
    ----------
    key
        Name of the figure in URLs, unique in its report.
    draw
        Returns the document.
    """

    key: str
    title: str
    draw: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class RunReport:
    """Content of the report page of a run.

    Parameters
    ----------
    facts
        Names and values, the most important first.
    warnings
        What an astronomer should look at, a sentence each.
    tables
        Those without a row are not shown.
    drawings
        Figures that the pipeline draws itself.
    has_sky_map
        Whether a map shows where the rows of the result lie, if they have positions.
    """

    facts: tuple[tuple[str, str | int], ...]
    warnings: tuple[str, ...] = ()
    tables: tuple[CountTable, ...] = ()
    figures: tuple[HistogramFigure, ...] = ()
    has_sky_map: bool = True
    drawings: tuple[Drawing, ...] = ()
