"""Models of challenges, submissions, scores and boards."""

from typing import Literal

from pydantic import Field

from webui.api.models.base import Instant, Json, Response

__all__ = ["Board", "BoardEntry", "Challenge", "Check", "LogLines", "Score", "ScoreOnBoard", "Submission"]


class Challenge(Response):
    """A challenge; a task set has its truth and their parts for organisers, and after the publication."""

    id: int
    name: str = Field(description="Name in addresses.")
    state: Literal["draft", "open", "closed", "published"]
    accepts_submissions: bool
    can_change: bool = Field(description="Whether you run it.")
    takes_part: bool = Field(description="Whether you may submit.")
    organisers: list[str]
    groups: list[str] = Field(description="Groups whose members take part; all users without any.")
    title: str
    description: str
    rules: str
    tasks: list[Json]
    metrics: list[Json]
    primary_metric: str
    parameters: Json
    opens_at: Instant | None
    closes_at: Instant | None
    limits: Json
    scores_shown: str
    is_public: bool
    shown_parts: list[str] = Field(description="Parts of the truth whose scores you see.")
    created_by: str
    created_at: Instant | None
    updated_at: Instant | None
    submissions: str
    board: str


class Check(Response):
    """Result of one check of a submission."""

    name: str
    passed: bool
    sentence: str


class Submission(Response):
    """A submission to a challenge, with its checks."""

    id: int
    challenge: str
    task_set: str
    user: str
    product: int | None = Field(description="Number of the product with the estimates; null for a file.")
    file_name: str | None
    size: int | None
    sha256: str | None
    state: Literal["checking", "rejected", "queued", "scored", "failed", "withdrawn"]
    method: str
    description: str
    code: str
    training_set: int | None
    authors: list[str]
    seconds: float | None = Field(description="Time that the estimation took.")
    checks: list[Check]
    job: str | None = Field(description="UWS job of the scoring.")
    error: str | None
    submitted_at: Instant | None
    scored_at: Instant | None
    withdrawn_at: Instant | None
    reproduction: Json = Field(description="Checksums, versions and parameters with which it was scored.")


class Score(Response):
    """A metric of a submission on a subset of the truth."""

    challenge: str
    task_set: str
    submission_id: int
    metric: str
    subset: str
    value: float | None
    uncertainty: float | None
    objects: int


class LogLines(Response):
    """The log of a scoring."""

    lines: list[str]


class ScoreOnBoard(Response):
    """A metric on a board."""

    value: float | None
    uncertainty: float | None


class BoardEntry(Response):
    """A submission on a board."""

    rank: int | None
    medal: str | None
    points: int
    submission_id: int
    method: str
    authors: list[str]
    code: str
    user: str
    submitted_at: Instant | None
    values: dict[str, ScoreOnBoard]


class Board(Response):
    """Submissions to a task set, ranked by a metric."""

    challenge: str
    task_set: str
    subset: str
    metric: str
    direction: str
    target: float | None
    subsets: list[str]
    metrics: list[str]
    count: int
    results: list[BoardEntry]
