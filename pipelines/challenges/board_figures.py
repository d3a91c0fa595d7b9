"""Figures of a board: metrics of several submissions against redshift and magnitude, and all files for a paper."""

import io
import zipfile

from core.charts.chart import COLOURS, Chart, Guide, Series
from core.errors import NotFoundError
from pipelines.challenges.board import Board
from pipelines.challenges.board_chart import board_svg
from pipelines.challenges.board_tables import board_csv, board_ecsv, board_latex
from pipelines.challenges.comparison import BINNED_BY, Comparison
from pipelines.validation.metrics import METRICS

__all__ = ["board_zip", "trend_svg"]

_LABELS = {metric.name: metric.label for metric in METRICS}
_LONGEST = 28


def trend_svg(found: Comparison, figure: str) -> bytes:
    """Return a chart of a metric in bins, one series a submission.

    Parameters
    ----------
    figure
        Metric and bins: ``bias-z_true``.

    Raises
    ------
    NotFoundError
        There is no such figure.
    """
    metric, _, by = figure.rpartition("-")
    if (by, metric) not in found.figures:
        names = ", ".join(f"{name}-{each}" for each, name in found.figures) or "none"
        raise NotFoundError(f"There is no figure '{figure:.80}' of this board; there are {names}.", field="figure")
    board, label = found.board, _LABELS[metric]
    series, lows, highs = [], [], []
    for number, entry in enumerate(board.entries):
        bins = found.bins.get((by, metric, entry.submission.id), ())
        share = (number + 1) / (len(board.entries) + 1)  # points of several submissions stand beside each other
        x = [each.low + share * (each.high - each.low) for each in bins]
        values, errors = [each.value.value for each in bins], [each.value.uncertainty for each in bins]
        name = entry.submission.method.method
        short = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
        series.append(Series(short, x, values, errors, "points", COLOURS[number % len(COLOURS)]))
        lows += [each.low for each in bins]
        highs += [each.high for each in bins]
    ends = (min(lows), max(highs))
    chosen = next(each for each in (board.metric, *board.challenge.definition.metrics) if each.name == metric)
    guides = (
        [Guide("Target", (ends[0], chosen.target), (ends[1], chosen.target))] if chosen.direction == "target" else []
    )
    title = f"{label} against {BINNED_BY[by]}, {board.challenge.definition.title}, {board.task.name}, {found.part}"
    return Chart(title, BINNED_BY[by], label, ends, series, guides).svg()


def board_zip(board: Board, found: Comparison) -> bytes:
    """Return the tables and figures of a board for a paper, as one zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        files: dict[str, str | bytes] = {
            "board.csv": board_csv(board), "board.ecsv": board_ecsv(board), "board.tex": board_latex(board),
            "ranking.svg": board_svg(board),
        }  # fmt: skip
        files |= {f"{metric}-{by}.svg": trend_svg(found, f"{metric}-{by}") for by, metric in found.figures}
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without the time, so that equal boards are equal files
    return content.getvalue()
