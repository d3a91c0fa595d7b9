"""Rules by which submissions are admitted: times, limits, files that were submitted before."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from core.errors import ConflictError, TooLargeError, TooManyRequestsError
from pipelines.challenges.definition import TaskSet
from pipelines.challenges.files import TableFile
from pipelines.challenges.models import WAITING, Challenge, ChallengeState, SubmissionState
from pipelines.challenges.schema import SubmissionRow
from pipelines.challenges.storage import count_of

__all__ = ["check_limits", "check_new", "check_open", "rejected_before", "task_of", "too_large"]

_DAY = timedelta(days=1)
#: States of submissions that count towards the limits: scores may have been computed, or may yet be.
_COUNTED = (*WAITING, SubmissionState.SCORED, SubmissionState.WITHDRAWN)
_STANDING = (*WAITING, SubmissionState.SCORED)


def task_of(challenge: Challenge, name: str) -> TaskSet:
    """Return a task set by its name, which may be empty if there is one alone, or raise InvalidValueError."""
    tasks = challenge.definition.tasks
    if not name and len(tasks) == 1:
        return tasks[0]
    return challenge.definition.require_task(name)


def check_open(challenge: Challenge, now: datetime) -> None:
    """Raise ConflictError unless submissions are accepted now."""
    if challenge.accepts_at(now):
        return
    definition = challenge.definition
    if challenge.state is ChallengeState.OPEN:
        when = f"it opens at {definition.opens_at:%Y-%m-%d %H:%M} UTC"
    elif definition.closed_at(now):
        when = f"it closed at {definition.closes_at:%Y-%m-%d %H:%M} UTC"
    else:
        when = f"it is {challenge.state}"
    raise ConflictError(f"The challenge '{challenge.name}' accepts no submissions now: {when}.")


def check_new(session: Session, challenge: Challenge, task: TaskSet, user_id: int, sha256: str) -> None:
    """Raise ConflictError if the user has submitted the same file to the task set, and not withdrawn it."""
    same = _of_file(challenge, task, user_id, sha256)
    number = session.scalar(select(SubmissionRow.id).where(*same, SubmissionRow.state.in_(_STANDING)))
    if number is not None:
        raise ConflictError(
            f"You have submitted this file to '{task.name}' already, as submission {number}; withdraw that one first.",
            field="file",
        )


def check_limits(session: Session, challenge: Challenge, task: TaskSet, user_id: int, now: datetime) -> None:
    """Raise unless the limits of the challenge allow one more submission of the user."""
    limits = challenge.definition.limits
    own = (
        SubmissionRow.challenge_id == challenge.id,
        SubmissionRow.task_set == task.name,
        SubmissionRow.user_id == user_id,
        SubmissionRow.state.in_(_COUNTED),
    )
    if limits.in_all is not None and count_of(session, *own) >= limits.in_all:
        raise ConflictError(
            f"You have made {limits.in_all} submissions to '{task.name}', which is the limit; withdrawn ones count."
        )
    recent = SubmissionRow.submitted_at > now - _DAY
    if limits.per_day is not None and count_of(session, *own, recent) >= limits.per_day:
        raise TooManyRequestsError(
            f"You have made {limits.per_day} submissions to '{task.name}' within 24 hours, which is the limit; submit "
            "again later."
        )


def rejected_before(
    session: Session, challenge: Challenge, task: TaskSet, user_id: int, sha256: str
) -> SubmissionRow | None:
    """Return the rejected submission of the same file, which a new attempt replaces."""
    same = _of_file(challenge, task, user_id, sha256)
    return session.scalar(select(SubmissionRow).where(*same, SubmissionRow.state == SubmissionState.REJECTED))


def too_large(file: TableFile, challenge: Challenge) -> TooLargeError:
    """Return the error of a file that is larger than the challenge accepts."""
    most = challenge.definition.limits.max_bytes
    return TooLargeError(f"The file {file.name} has {file.size} bytes; the challenge accepts {most} bytes.")


def _of_file(challenge: Challenge, task: TaskSet, user_id: int, sha256: str) -> Sequence[ColumnElement[bool]]:
    return (
        SubmissionRow.challenge_id == challenge.id,
        SubmissionRow.task_set == task.name,
        SubmissionRow.user_id == user_id,
        SubmissionRow.sha256 == sha256,
    )
