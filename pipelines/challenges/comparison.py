"""Comparison of submissions on a board: metrics side by side, in bins of redshift and magnitude, and distributions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.auth.models import Identity
from core.database import Database
from core.errors import InvalidValueError
from pipelines.challenges.board import Board, BoardEntry, BoardService, BoardValue
from pipelines.challenges.definition import PRIVATE, PUBLIC, WHOLE
from pipelines.challenges.distributions.disclosure import disclosed
from pipelines.challenges.distributions.models import Distributions
from pipelines.challenges.schema import DistributionsRow, ScoreRow
from pipelines.challenges.storage import shown_parts, shown_value
from pipelines.validation.metrics import METRICS

__all__ = ["BINNED_BY", "MOST_COMPARED", "Comparison", "ComparisonService", "ScoreBin", "SideBySide"]

#: By what objects are put into bins, in words.
BINNED_BY: Mapping[str, str] = {"z_true": "true redshift", "magnitude": "magnitude"}
#: Most submissions in one figure, which has a colour for each.
MOST_COMPARED = 6


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """A metric of the objects between two edges."""

    low: float
    high: float
    value: BoardValue


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some submissions of a board with their scores in bins.

    Parameters
    ----------
    board
        The board; its entries are those that are compared, the best first.
    part
        Part of the truth whose bins these are; None if the caller may see none.
    bins
        By what objects are put into bins, metric and submission, to the bins from low to high.
    distributions
        Submission to its distributions on the part of the board, as the caller may see them.
    """

    board: Board
    part: str | None
    bins: Mapping[tuple[str, str, int], tuple[ScoreBin, ...]]
    distributions: Mapping[int, Distributions]

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """What is drawn: by what objects are put into bins, and the metric."""
        found = {(by, metric) for (by, metric, _), bins in self.bins.items() if len(bins) > 1}
        return tuple((by, name) for by in BINNED_BY for name in self.board.columns if (by, name) in found)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A metric of two submissions.

    Parameters
    ----------
    apart
        Their difference in units of its uncertainty; None if there is none.
    """

    part: str
    label: str
    words: str
    first: BoardValue
    second: BoardValue
    apart: float | None


class ComparisonService:
    """Comparisons of submissions.

    Parameters
    ----------
    boards
        Boards, which decide what a caller may see.
    """

    def __init__(self, database: Database, boards: BoardService) -> None:
        self._database = database
        self._boards = boards

    def compare(
        self, identity: Identity, name: str, *, task_set: str = "", subset: str = "", metric: str = "",
        submissions: Sequence[int] = (),
    ) -> Comparison:  # fmt: skip
        """Return the best submissions of a board, or chosen ones, with their scores in bins; see `of_board`."""
        board = self._boards.board(identity, name, task_set=task_set, subset=subset, metric=metric)
        return self.of_board(board, submissions)

    def of_board(self, board: Board, submissions: Sequence[int] = ()) -> Comparison:
        """Return the best submissions of a board, or chosen ones, with their scores in bins.

        Raises
        ------
        InvalidValueError
            A submission is not on the board, or there are too many.
        """
        entries = _chosen(board, submissions)
        parts = {each.partition(" ")[0] for each in board.subsets if " " in each}
        wanted = (board.part, PUBLIC, PRIVATE)
        part = next((each for each in wanted if each in parts), None)
        chosen = Board(board.challenge, board.task, board.subset, board.metric, board.subsets, entries)
        bins = {} if part is None else self._bins(chosen, part)
        return Comparison(chosen, part, bins, self._distributions(chosen))

    def side_by_side(
        self, identity: Identity, name: str, first: int, second: int, *, task_set: str = ""
    ) -> tuple[Comparison, tuple[SideBySide, ...]]:
        """Return two submissions with all their metrics that the caller may see."""
        found = self.compare(identity, name, task_set=task_set, submissions=(first, second))
        parts = sorted(shown_parts(found.board.challenge))
        values: dict[tuple[str, str, int], BoardValue] = {}
        with self._database.read() as session:
            rows = session.execute(
                select(ScoreRow.subset, ScoreRow.metric, ScoreRow.submission_id, ScoreRow.value, ScoreRow.uncertainty)
                .where(ScoreRow.submission_id.in_((first, second)), ScoreRow.subset.in_(parts))
            )  # fmt: skip
            for part, metric, number, value, uncertainty in rows:
                values[part, metric, number] = _shown(found.board, value, uncertainty)
        nothing = BoardValue(None, None)
        lines = []
        for part in parts:
            for each in METRICS:
                one, other = (values.get((part, each.name, number), nothing) for number in (first, second))
                if one.value is not None or other.value is not None:
                    lines.append(SideBySide(part, each.label, each.words, one, other, _apart(one, other)))
        return found, tuple(lines)

    def _bins(self, board: Board, part: str) -> dict[tuple[str, str, int], tuple[ScoreBin, ...]]:
        numbers = [entry.submission.id for entry in board.entries]
        bins: dict[tuple[str, str, int], list[ScoreBin]] = {}
        with self._database.read() as session:
            rows = session.execute(
                select(ScoreRow.subset, ScoreRow.metric, ScoreRow.submission_id, ScoreRow.value, ScoreRow.uncertainty)
                .where(ScoreRow.submission_id.in_(numbers), ScoreRow.metric.in_(board.columns))
                .where(ScoreRow.subset.startswith(f"{part} "))
            )  # fmt: skip
            for subset, metric, number, value, uncertainty in rows:
                _, by, edges = subset.split(" ")
                low, high = _edges(edges)
                shown = _shown(board, value, uncertainty)
                bins.setdefault((by, metric, number), []).append(ScoreBin(low, high, shown))
        return {key: tuple(sorted(found, key=lambda each: each.low)) for key, found in bins.items()}

    def _distributions(self, board: Board) -> dict[int, Distributions]:
        """Return the distributions of the submissions on the part of a board, by number; earlier scorings made none."""
        wanted = board.part
        if wanted not in shown_parts(board.challenge):
            return {}
        parts = (PUBLIC, PRIVATE) if wanted == WHOLE else (wanted,)
        numbers = [entry.submission.id for entry in board.entries]
        stored: dict[int, Distributions] = {}
        with self._database.read() as session:
            rows = session.execute(
                select(DistributionsRow.submission_id, DistributionsRow.content)
                .where(DistributionsRow.submission_id.in_(numbers), DistributionsRow.part.in_(parts))
            )  # fmt: skip
            for number, content in rows:
                each = Distributions.from_object(content)
                stored[number] = stored[number] + each if number in stored else each
        shown = ((number, disclosed(stored[number], board.challenge)) for number in numbers if number in stored)
        return {number: each for number, each in shown if each is not None}


def _chosen(board: Board, submissions: Sequence[int]) -> tuple[BoardEntry, ...]:
    if not submissions:
        return board.entries[:MOST_COMPARED]
    if len(submissions) > MOST_COMPARED:
        raise InvalidValueError(
            f"{len(submissions)} submissions are too many; choose up to {MOST_COMPARED}.", field="submissions"
        )
    by_number = {entry.submission.id: entry for entry in board.entries}
    for number in submissions:
        if number not in by_number:
            raise InvalidValueError(f"The submission {number} is not on this board.", field="submissions")
    return tuple(by_number[number] for number in dict.fromkeys(submissions))


def _edges(text: str) -> tuple[float, float]:
    """Return the edges of a bin such as ``0.25-0.5`` or ``-1--0.5``."""
    middle = text.index("-", 1)
    while text[middle - 1] == "e":  # an exponent
        middle = text.index("-", middle + 1)
    return float(text[:middle]), float(text[middle + 1 :])


def _shown(board: Board, value: float | None, uncertainty: float | None) -> BoardValue:
    return BoardValue(shown_value(board.challenge, value), shown_value(board.challenge, uncertainty))


def _apart(one: BoardValue, other: BoardValue) -> float | None:
    """Return the difference of two values in units of its uncertainty; the same objects make it an upper limit."""
    if one.value is None or other.value is None:
        return None
    error = math.hypot(one.uncertainty or 0.0, other.uncertainty or 0.0)
    return abs(one.value - other.value) / error if error else None
