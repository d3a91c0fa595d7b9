"""Boards and scores as CSV."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from pipelines.challenges.board import Board
from pipelines.challenges.models import Score

__all__ = ["board_csv", "scores_csv"]


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
