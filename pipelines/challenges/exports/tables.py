"""Boards and scores as tables: CSV, ECSV, and LaTeX for papers."""

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from pipelines.challenges.board import Board, BoardValue
from pipelines.challenges.models import Score

__all__ = ["board_csv", "board_ecsv", "board_latex", "scores_csv"]

_SIGNIFICANT = 2
_LATEX = str.maketrans(
    {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "\n": " ", "\r": " "}
    | {character: rf"\{character}" for character in "&%$#_{}"}
)


def scores_csv(scores: Sequence[Score]) -> str:
    """Return scores as CSV, in the columns of ``photoz.scores``."""
    names = ("challenge", "task_set", "submission_id", "metric", "subset", "value", "uncertainty", "objects")
    return _csv(names, [[getattr(score, name) for name in names] for score in scores])


def board_csv(board: Board) -> str:
    """Return a board as CSV: one row for each submission, and two columns for each metric."""
    names = board.columns
    header = ["rank", "medal", "points", "submission_id", "method", "user", "submitted_at"]
    header += [column for name in names for column in (name, f"{name}_err")]
    rows = []
    for entry in board.entries:
        own = entry.submission
        row: list[object] = [entry.rank, entry.medal, entry.points, own.id, own.method.method, own.user]
        row.append(_iso(own.submitted_at))
        for name in names:
            value = entry.values.get(name)
            row += [None, None] if value is None else [value.value, value.uncertainty]
        rows.append(row)
    return _csv(header, rows)


def board_ecsv(board: Board) -> str:
    """Return a board as ECSV, which astropy and TOPCAT read with types, descriptions and missing values."""
    from astropy.table import MaskedColumn, Table

    entries = board.entries
    texts = {
        "medal": [entry.medal or "" for entry in entries],
        "method": [entry.submission.method.method for entry in entries],
        "user": [entry.submission.user for entry in entries],
        "submitted_at": [_iso(entry.submission.submitted_at) for entry in entries],
    }
    ranks = [entry.rank for entry in entries]
    table = Table(
        {
            "rank": MaskedColumn([rank or 0 for rank in ranks], dtype="int64", mask=[rank is None for rank in ranks]),
            "points": MaskedColumn([entry.points for entry in entries], dtype="int64"),
            "submission_id": MaskedColumn([entry.submission.id for entry in entries], dtype="int64"),
            **{name: MaskedColumn(values, dtype="str") for name, values in texts.items()},
        }
    )
    for name in board.columns:
        scores = [entry.values.get(name) for entry in entries]
        for column, values, what in (
            (name, [None if score is None else score.value for score in scores], "Metric"),
            (f"{name}_err", [None if score is None else score.uncertainty for score in scores], "Standard error of"),
        ):
            missing = [value is None for value in values]
            numbers = [0.0 if value is None else float(value) for value in values]
            table[column] = MaskedColumn(numbers, dtype="float64", mask=missing, description=f"{what} {name}")
    table.meta.update(
        challenge=board.challenge.name, task_set=board.task.name, subset=board.subset, ranked_by=board.metric.name
    )
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return text.getvalue()


def board_latex(board: Board) -> str:
    """Return a board as a table of LaTeX: rank, method, author, and each metric with its standard error."""
    metrics = board.columns
    lines = [
        r"\begin{table}",
        (
            rf"\caption{{{_latex(board.challenge.definition.title)}, task set {_latex(board.task.name)}, "
            rf"{_latex(board.subset)} objects, ranked by {_latex(board.metric.name)}.}}"
        ),
        rf"\begin{{tabular}}{{rll{'c' * len(metrics)}}}",
        r"\hline",
        " & ".join(["Rank", "Method", "Submitted by", *map(_latex, metrics)]) + r" \\",
        r"\hline",
    ]
    for entry in board.entries:
        own = entry.submission
        cells = [str(entry.rank or "--"), _latex(own.method.method), _latex(own.user)]
        cells += [_measured(entry.values.get(name)) for name in metrics]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}", ""])


def _latex(text: str) -> str:
    return text.translate(_LATEX)


def _measured(value: BoardValue | None) -> str:
    """Return a value with as many decimals as its standard error has for two significant digits."""
    if value is None or value.value is None:
        return "--"
    error = value.uncertainty
    if not error:
        return f"${value.value:.4g}$"
    decimals = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(abs(error))))
    return rf"${value.value:.{decimals}f} \pm {error:.{decimals}f}$"


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return text.getvalue()


def _safe(value: object) -> object:
    """Return a text so that no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
