"""Chart of a board: the metric of the ranking of each submission, with its standard error and the tiers."""

from core.charts.chart import Chart, Guide, Series
from pipelines.challenges.board import Board
from pipelines.validation.metrics import METRICS

__all__ = ["board_svg"]

_MOST = 60
_LABELS = {metric.name: metric.label for metric in METRICS}


def board_svg(board: Board) -> bytes:
    """Return the chart as SVG: a point for each of the best submissions, in the order of their ranks."""
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
    ).svg()
