"""The board of a challenge: submissions ranked by a metric on a subset of the truth."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database
from core.errors import InvalidValueError
from pipelines.challenges.definition import PRIVATE, PUBLIC, WHOLE, ChosenMetric, TaskSet
from pipelines.challenges.models import Challenge, ChallengeState, Submission, SubmissionState
from pipelines.challenges.schema import ScoreRow, SubmissionRow
from pipelines.challenges.storage import challenge_of_row, find_challenge, shown_parts, shown_value, submission_of_row

__all__ = ["Board", "BoardEntry", "BoardService", "BoardValue"]

_MEDALS = ("gold", "silver", "bronze")


@dataclass(frozen=True, slots=True)
class BoardValue:
    """A metric of a submission; None where it has no value."""

    value: float | None
    uncertainty: float | None


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """A submission on a board.

    Parameters
    ----------
    rank
        Place by the metric of the ranking, from 1; None without a value.
    medal
        ``gold``, ``silver`` or ``bronze``; submissions within the uncertainties of each other share one.
    points
        Tiers that its metrics reach, in all.
    values
        The metrics of the board, and that of the ranking, by name.
    """

    rank: int | None
    medal: str | None
    points: int
    submission: Submission
    values: Mapping[str, BoardValue]


@dataclass(frozen=True, slots=True)
class Board:
    """A board, as the caller may see it now.

    Parameters
    ----------
    metric
        The metric of the ranking.
    subsets
        The subsets whose scores the caller may see; without any, the board has no entries.
    """

    challenge: Challenge
    task: TaskSet
    subset: str
    metric: ChosenMetric
    subsets: tuple[str, ...]
    entries: tuple[BoardEntry, ...]

    @property
    def part(self) -> str:
        """The part of the truth to which the subset belongs."""
        return self.subset.partition(" ")[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the metrics that entries have, that of the ranking first."""
        names = (self.metric.name, *(metric.name for metric in self.challenge.definition.metrics))
        return tuple(dict.fromkeys(names))


class BoardService:
    """Boards of challenges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def board(self, identity: Identity, name: str, *, task_set: str = "", subset: str = "", metric: str = "") -> Board:
        """Return the board of a task set, ranked by a metric on a subset.

        Parameters
        ----------
        task_set
            By default the first one.
        subset
            By default the public part while the challenge is open, and the private part afterwards.
        metric
            By default the primary metric; any metric of the validation pipeline will do.

        Raises
        ------
        NotFoundError
            There is no such challenge that the identity may see.
        InvalidValueError
            There is no such task set, subset or metric.
        """
        with self._database.read() as session:
            challenge = challenge_of_row(find_challenge(session, identity, name), identity)
            definition = challenge.definition
            task = definition.require_task(task_set) if task_set else definition.tasks[0]
            ranked = _metric_of(challenge, metric)
            rows = session.scalars(
                select(SubmissionRow)
                .where(SubmissionRow.challenge_id == challenge.id, SubmissionRow.task_set == task.name)
                .where(SubmissionRow.state == SubmissionState.SCORED)
                .order_by(SubmissionRow.id)
            ).all()
            subsets = _subsets_of(session, challenge, rows[0].id) if rows else ()
            chosen = _subset_of(challenge, subsets, subset)
            if not subsets:
                return Board(challenge, task, chosen, ranked, subsets, ())
            submissions = [submission_of_row(row, challenge) for row in rows]
            names = {ranked.name, *(each.name for each in definition.metrics)}
            values = _values(session, challenge, task, chosen, names)
        entries = tuple(_ranked(challenge, ranked, submissions, values))
        return Board(challenge, task, chosen, ranked, subsets, entries)


def _metric_of(challenge: Challenge, name: str) -> ChosenMetric:
    definition = challenge.definition
    if not name:
        return definition.primary
    found = next((metric for metric in definition.metrics if metric.name == name), None)
    if found is not None:
        return found
    try:
        return ChosenMetric(name=name)
    except ValueError as error:
        raise InvalidValueError(f"There is no metric '{name:.64}'.", field="metric") from error


def _subsets_of(session: Session, challenge: Challenge, submission_id: int) -> tuple[str, ...]:
    """Return the subsets that the caller may see, which are the same for all submissions of a task set."""
    parts = shown_parts(challenge)
    found = session.scalars(
        select(ScoreRow.subset).where(ScoreRow.submission_id == submission_id).distinct().order_by(ScoreRow.subset)
    )
    return tuple(subset for subset in found if subset.partition(" ")[0] in parts)


def _subset_of(challenge: Challenge, subsets: Sequence[str], wanted: str) -> str:
    if wanted:
        if subsets and wanted not in subsets:
            raise InvalidValueError(
                f"There are no scores on '{wanted:.64}' that you may see; choose among {', '.join(subsets)}.",
                field="subset",
            )
        return wanted
    is_open = challenge.state in {ChallengeState.DRAFT, ChallengeState.OPEN}
    preferred = (PUBLIC, WHOLE, PRIVATE) if is_open else (PRIVATE, WHOLE, PUBLIC)
    return next((name for name in preferred if name in subsets), preferred[0])


def _values(
    session: Session, challenge: Challenge, task: TaskSet, subset: str, names: set[str]
) -> dict[int, dict[str, BoardValue]]:
    """Return the metrics of all submissions on a subset, by submission."""
    rows = session.execute(
        select(ScoreRow.submission_id, ScoreRow.metric, ScoreRow.value, ScoreRow.uncertainty)
        .join(SubmissionRow, SubmissionRow.id == ScoreRow.submission_id)
        .where(SubmissionRow.challenge_id == challenge.id, SubmissionRow.task_set == task.name)
        .where(SubmissionRow.state == SubmissionState.SCORED)
        .where(ScoreRow.subset == subset, ScoreRow.metric.in_(names))
    )
    found: dict[int, dict[str, BoardValue]] = {}
    for number, metric, value, uncertainty in rows:
        found.setdefault(number, {})[metric] = BoardValue(
            shown_value(challenge, value), shown_value(challenge, uncertainty)
        )
    return found


def _ranked(
    challenge: Challenge,
    metric: ChosenMetric,
    submissions: Sequence[Submission],
    values: Mapping[int, Mapping[str, BoardValue]],
) -> Iterator[BoardEntry]:
    """Yield the entries, the best first; those without a value come last, and equal ones share a rank."""

    def value_of(submission: Submission) -> BoardValue:
        return values.get(submission.id, {}).get(metric.name, BoardValue(None, None))

    with_value = [each for each in submissions if value_of(each).value is not None]
    with_value.sort(key=lambda each: (metric.cost(value_of(each).value or 0.0), each.id))
    medals = _medals(metric, [value_of(each) for each in with_value])
    rank, last = 0, math.nan
    for place, submission in enumerate(with_value):
        cost = metric.cost(value_of(submission).value or 0.0)
        rank, last = (rank if cost == last else place + 1), cost
        yield _entry(challenge, submission, values, rank, medals[place])
    for submission in submissions:
        if value_of(submission).value is None:
            yield _entry(challenge, submission, values, None, None)


def _medals(metric: ChosenMetric, values: Sequence[BoardValue]) -> list[str | None]:
    """Return the medals of sorted values; whatever is within the uncertainties of the best of a medal shares it."""
    found: list[str | None] = []
    number, first = -1, BoardValue(None, None)
    for each in values:
        assert each.value is not None  # noqa: S101 - values are given
        if first.value is not None:
            apart = metric.cost(each.value) - metric.cost(first.value)
            if apart <= math.hypot(first.uncertainty or 0.0, each.uncertainty or 0.0):
                found.append(_medal(number))
                continue
        number, first = number + 1, each
        found.append(_medal(number))
    return found


def _medal(number: int) -> str | None:
    return _MEDALS[number] if number < len(_MEDALS) else None


def _entry(
    challenge: Challenge,
    submission: Submission,
    values: Mapping[int, Mapping[str, BoardValue]],
    rank: int | None,
    medal: str | None,
) -> BoardEntry:
    own = values.get(submission.id, {})
    points = sum(
        metric.tier_points(own[metric.name].value) for metric in challenge.definition.metrics if metric.name in own
    )
    return BoardEntry(rank, medal, points, submission, own)
