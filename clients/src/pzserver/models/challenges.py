"""Challenges, submissions, scores and boards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pzserver.models.base import Json, Model

__all__ = ["Board", "BoardEntry", "Challenge", "Check", "Score", "ScoreOnBoard", "Submission"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge(Model):
    """A challenge; its task sets have their truths for organisers, and after the publication."""

    id: int
    name: str
    state: str
    accepts_submissions: bool
    can_change: bool
    takes_part: bool
    organisers: tuple[str, ...]
    groups: tuple[str, ...]
    title: str
    description: str
    rules: str
    tasks: tuple[Json, ...]
    metrics: tuple[Json, ...]
    primary_metric: str
    parameters: Json
    opens_at: datetime | None
    closes_at: datetime | None
    limits: Json
    scores_shown: str
    is_public: bool
    shown_parts: tuple[str, ...]
    created_by: str
    created_at: datetime | None
    updated_at: datetime | None
    submissions: str
    board: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Model):
    """Result of one check of a submission."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(Model):
    """A submission to a challenge, with its checks."""

    id: int
    challenge: str
    task_set: str
    user: str
    product: int | None
    file_name: str | None
    size: int | None
    sha256: str | None
    state: str
    method: str
    description: str
    code: str
    training_set: int | None
    authors: tuple[str, ...]
    seconds: float | None
    checks: tuple[Check, ...]
    job: str | None
    error: str | None
    submitted_at: datetime | None
    scored_at: datetime | None
    withdrawn_at: datetime | None
    reproduction: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Model):
    """A metric of a submission on a subset of the truth."""

    challenge: str
    task_set: str
    submission_id: int
    metric: str
    subset: str
    value: float | None
    uncertainty: float | None
    objects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOnBoard(Model):
    """A metric on a board."""

    value: float | None
    uncertainty: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardEntry(Model):
    """A submission on a board."""

    rank: int | None
    medal: str | None
    points: int
    submission_id: int
    method: str
    authors: tuple[str, ...]
    code: str
    user: str
    submitted_at: datetime | None
    values: Mapping[str, ScoreOnBoard]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board(Model):
    """Submissions to a task set, ranked by a metric."""

    challenge: str
    task_set: str
    subset: str
    metric: str
    direction: str
    target: float | None
    subsets: tuple[str, ...]
    metrics: tuple[str, ...]
    count: int
    results: tuple[BoardEntry, ...]
