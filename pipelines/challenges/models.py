"""Values of challenges: definitions, task sets, chosen metrics, submissions and scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipelines.challenges.definition import ChallengeDefinition

__all__ = [
    "CHECKS",
    "SCORE",
    "WAITING",
    "Challenge",
    "ChallengeState",
    "CheckResult",
    "Score",
    "Submission",
    "SubmissionState",
    "SubmittedMethod",
]

#: Names of the checks of a submission, in their order.
CHECKS = ("file", "ensemble", "ancillary", "columns", "identifier", "objects")
#: Name of the kind of job that checks and scores a submission.
SCORE = "score_submission"


class ChallengeState(StrEnum):
    """State of a challenge, in its order."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"


class SubmissionState(StrEnum):
    """State of a submission.

    ``checking`` waits for its checks or is being checked; ``rejected`` failed a check and was not scored; ``queued``
    waits for its scores or is being scored; ``failed`` passed the checks, but its densities or point estimates cannot
    be used, or its job was stopped.
    """

    CHECKING = "checking"
    REJECTED = "rejected"
    QUEUED = "queued"
    SCORED = "scored"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def is_waiting(self) -> bool:
        """Whether a job is to check or to score the submission."""
        return self in WAITING


#: States in which a job is to check or to score a submission.
WAITING = (SubmissionState.CHECKING, SubmissionState.QUEUED)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge.

    Parameters
    ----------
    state
        The state at the time of the look-up: an open challenge is closed from its closing time on.
    version
        Grows with every change of the challenge, of its submissions, and of its scores.
    manages
        Whether the caller is an organiser or an administrator.
    takes_part
        Whether the caller may submit, time and limits aside.
    """

    id: int
    name: str
    state: ChallengeState
    definition: ChallengeDefinition
    organisers: tuple[str, ...]
    groups: tuple[str, ...]
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    manages: bool
    takes_part: bool

    def accepts_at(self, now: datetime) -> bool:
        """Return whether submissions are accepted at a time."""
        opens = self.definition.opens_at
        return self.state is ChallengeState.OPEN and (opens is None or opens <= now)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check of a submission, with a sentence for its author."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class SubmittedMethod:
    """What the author of a submission states of the method.

    Parameters
    ----------
    method
        Name of the method, as on the board.
    code
        Address of the code.
    training_set
        Number of the product that the method was trained on.
    seconds
        Time that the estimation took.
    """

    method: str
    description: str = ""
    code: str = ""
    training_set: int | None = None
    authors: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission to a task set of a challenge.

    Parameters
    ----------
    product_id
        The product whose main file was submitted; None for a file that was sent.
    sha256
        Checksum of the file.
    reproduction
        What the scores were computed from: checksums of submission and truth, version of the code, parameters.
    """

    id: int
    challenge: str
    task_set: str
    user: str
    user_id: int
    product_id: int | None
    file_name: str
    size: int
    sha256: str
    state: SubmissionState
    method: SubmittedMethod
    checks: tuple[CheckResult, ...]
    job_id: str | None
    error: str | None
    submitted_at: datetime
    scored_at: datetime | None
    withdrawn_at: datetime | None
    reproduction: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_checked(self) -> bool:
        """Whether it passed all checks; their results are there when all are made."""
        return len(self.checks) == len(CHECKS) and not self.problems

    @property
    def problems(self) -> Sequence[str]:
        """The sentences of the checks that it did not pass."""
        return [check.sentence for check in self.checks if not check.passed]


@dataclass(frozen=True, slots=True)
class Score:
    """A metric of a submission on a subset of the truth.

    Parameters
    ----------
    subset
        ``public``, ``private`` or ``all``, or a bin of the first two, such as ``public z_true 0.25-0.5``.
    value, uncertainty
        None where there is no value, or too few objects have what the metric needs.
    objects
        Number of objects of the subset.
    """

    challenge: str
    task_set: str
    submission_id: int
    metric: str
    subset: str
    value: float | None
    uncertainty: float | None
    objects: int
