"""Figures of a board: its ranking, metrics of several submissions in bins, and their distributions."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from core.charts.chart import COLOURS, Cells, Chart, Guide, Series
from core.errors import NotFoundError
from pipelines.challenges.board import Board, BoardEntry
from pipelines.challenges.comparison import BINNED_BY, Comparison
from pipelines.challenges.distributions.models import Distributions
from pipelines.validation.metrics import METRICS

__all__ = ["OVERLAYS", "REDSHIFTS", "distribution_names", "figure_chart", "figure_names", "ranking_chart"]

_LABELS = {metric.name: metric.label for metric in METRICS}
_LONGEST = 28
_MOST = 60
#: |z_phot - z_true| / (1 + z_true) beyond which an estimate is commonly called an outlier.
_OUTLIER = 0.15

#: Figures of distributions with one line for each submission: name, and its words.
OVERLAYS: Mapping[str, str] = {
    "pit": "Histogram of the PIT",
    "qq": "Quantiles of the PIT (QQ plot)",
    "nz": "N(z): stacked densities, and true redshifts",
}
#: The figure of the point estimates of one submission against true redshifts; its number follows.
REDSHIFTS = "redshifts"


def figure_names(found: Comparison) -> tuple[str, ...]:
    """Return the names of the figures of a comparison: ``bias-z_true``, ``pit``, ``redshifts-3``."""
    return (*(f"{metric}-{by}" for by, metric in found.figures), *distribution_names(found))


def distribution_names(found: Comparison) -> tuple[str, ...]:
    """Return the names of the figures of distributions: overlays, then one for each submission."""
    maps = [number for number, each in found.distributions.items() if each.redshifts.any()]
    return (*(name for name in OVERLAYS if any(_drawn(found, name))), *(f"{REDSHIFTS}-{number}" for number in maps))


def figure_chart(found: Comparison, figure: str) -> Chart:
    """Return a figure of a comparison by its name, one series a submission.

    Raises
    ------
    NotFoundError
        There is no such figure.
    """
    names = figure_names(found)
    if figure not in names:
        raise NotFoundError(
            f"There is no figure '{figure:.80}' of this board; there are {', '.join(names) or 'none'}.", field="figure"
        )
    overlays: Mapping[str, Callable[[Comparison], Chart]] = {"pit": _pit_histogram, "qq": _qq_plot, "nz": _stacked}
    if figure in overlays:
        return overlays[figure](found)
    first, _, second = figure.rpartition("-")
    if first == REDSHIFTS:
        return _redshift_map(found, int(second))
    return _trend(found, first, second)


def ranking_chart(board: Board) -> Chart:
    """Return the chart of a ranking: a point for each of the best submissions, in the order of their ranks."""
    metric = board.metric
    ranked = [entry for entry in board.entries if entry.rank is not None][:_MOST]
    scores = [entry.values.get(metric.name) for entry in ranked]
    places = [float(place) for place in range(1, len(ranked) + 1)]
    ends = (0.0, len(ranked) + 1.0)
    thresholds = list(metric.tiers)
    if metric.direction == "target":
        thresholds = [metric.target + sign * tier for tier in metric.tiers for sign in (1, -1)]
    label = _LABELS.get(metric.name, metric.name)
    return Chart(
        title=f"{label} of the submissions to {board.challenge.definition.title}, {board.task.name}, {board.subset}",
        x_label="Place",
        y_label=label,
        x_range=ends,
        series=[
            Series(
                f"{label} ± standard error",
                places,
                [None if score is None else score.value for score in scores],
                [None if score is None else score.uncertainty for score in scores],
                kind="points",
            )
        ],
        guides=[Guide("Tiers", (ends[0], each), (ends[1], each)) for each in thresholds],
    )


def _trend(found: Comparison, metric: str, by: str) -> Chart:
    """Return the chart of a metric in bins of redshift or magnitude."""
    board, label = found.board, _LABELS[metric]
    series, lows, highs = [], [], []
    for number, entry in enumerate(board.entries):
        bins = found.bins.get((by, metric, entry.submission.id), ())
        share = (number + 1) / (len(board.entries) + 1)  # points of several submissions stand beside each other
        x = [each.low + share * (each.high - each.low) for each in bins]
        values, errors = [each.value.value for each in bins], [each.value.uncertainty for each in bins]
        series.append(Series(_short(entry), x, values, errors, "points", COLOURS[number % len(COLOURS)]))
        lows += [each.low for each in bins]
        highs += [each.high for each in bins]
    ends = (min(lows), max(highs))
    chosen = next(each for each in (board.metric, *board.challenge.definition.metrics) if each.name == metric)
    guides = (
        [Guide("Target", (ends[0], chosen.target), (ends[1], chosen.target))] if chosen.direction == "target" else []
    )
    title = f"{label} against {BINNED_BY[by]}, {board.challenge.definition.title}, {board.task.name}, {found.part}"
    return Chart(title, BINNED_BY[by], label, ends, series, guides)


def _pit_histogram(found: Comparison) -> Chart:
    series = [
        Series(
            label, each.pit_edges.tolist(), (each.pit * len(each.pit) / each.pit.sum()).tolist(), (), "steps", colour
        )
        for label, colour, each in _drawn(found, "pit")
    ]
    uniform = Guide("uniform", (0, 1), (1, 1))
    return Chart(_title(found, OVERLAYS["pit"]), "PIT", "density", (0.0, 1.0), series, [uniform])


def _qq_plot(found: Comparison) -> Chart:
    series = []
    for label, colour, each in _drawn(found, "qq"):
        share = np.concatenate([[0.0], np.cumsum(each.pit)]) / each.pit.sum()
        series.append(Series(label, share.tolist(), each.pit_edges.tolist(), colour=colour))
    return Chart(
        _title(found, OVERLAYS["qq"]), "quantile of the uniform distribution", "quantile of the PIT", (0.0, 1.0),
        series, [Guide("calibrated", (0, 0), (1, 1))], y_range=(0.0, 1.0),
    )  # fmt: skip


def _stacked(found: Comparison) -> Chart:
    series, truth = [], None
    for label, colour, each in _drawn(found, "nz"):
        edges, width = each.edges.tolist(), each.edges[1] - each.edges[0]
        if truth is None and each.true_counts.any():
            heights = _density(each.true_counts, width)
            truth = Series("true redshifts", edges, heights, (), "steps", "#000000", is_dashed=True)
        series.append(Series(label, edges, _density(each.stacked, width), (), "steps", colour))
    low, high = next(iter(found.distributions.values())).limits
    lines = series if truth is None else [truth, *series]
    return Chart(_title(found, OVERLAYS["nz"]), "redshift z", "N(z), normalised to 1", (low, high), lines)


def _redshift_map(found: Comparison, number: int) -> Chart:
    each = found.distributions[number]
    low, high = each.limits
    lines = [
        Guide("", (low, low + sign * _OUTLIER * (1 + low)), (high, high + sign * _OUTLIER * (1 + high)))
        for sign in (-1, 1)
    ]
    entry = next(entry for entry in found.board.entries if entry.submission.id == number)
    counts = [[int(count) for count in row] for row in each.redshifts.tolist()]
    return Chart(
        _title(found, f"Point estimates of {entry.submission.method.method}; |Δ| is {_OUTLIER} on the lines"),
        "true redshift", "point estimate", (low, high), (), lines, Cells(each.edges.tolist(), counts), (low, high),
    )  # fmt: skip


def _drawn(found: Comparison, name: str) -> Iterator[tuple[str, str, Distributions]]:
    """Yield label, colour and distributions of the submissions that a figure has."""
    for number, entry in enumerate(found.board.entries):
        each = found.distributions.get(entry.submission.id)
        if each is not None and (each.stacked if name == "nz" else each.pit).any():
            yield _short(entry), COLOURS[number % len(COLOURS)], each


def _density(counts: NDArray[np.float64], width: float) -> list[float]:
    """Return counts in bins of a width as a density that is normalised to 1."""
    return [float(count) for count in counts / (width * counts.sum())]


def _short(entry: BoardEntry) -> str:
    name = entry.submission.method.method
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


def _title(found: Comparison, words: str) -> str:
    board = found.board
    return f"{words}, {board.challenge.definition.title}, {board.task.name}, {board.part}"
