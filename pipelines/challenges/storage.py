"""Queries of challenges and submissions, with the rule who may see them, and conversion of rows to values."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true, update
from sqlalchemy.orm import Session

from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.auth.schema import GroupRow
from core.database import utc_now
from core.errors import NotFoundError
from pipelines.challenges.definition import PRIVATE, PUBLIC, WHOLE, ChallengeDefinition, ScoresShown
from pipelines.challenges.models import (
    Challenge,
    ChallengeState,
    CheckResult,
    Score,
    Submission,
    SubmissionState,
    SubmittedMethod,
)
from pipelines.challenges.schema import (
    ChallengeRow,
    ScoreRow,
    SubmissionRow,
    challenge_groups,
    challenge_organisers,
)

__all__ = [
    "challenge_of_row",
    "changed",
    "count_of",
    "find_challenge",
    "managed",
    "record_challenge",
    "score_of_row",
    "shown_parts",
    "shown_value",
    "stored_scores",
    "submission_of_row",
    "visible",
]


def managed(identity: Identity) -> ColumnElement[bool]:
    """Return the condition on ``ChallengeRow`` under which the identity runs a challenge."""
    if identity.acts_as_admin:
        return true()
    organised = challenge_organisers
    own = select(organised.c.challenge_id).where(organised.c.user_id == (identity.user_id or 0))
    return ChallengeRow.id.in_(own)


def visible(identity: Identity) -> ColumnElement[bool]:
    """Return the condition on ``ChallengeRow`` under which the identity may see a challenge.

    Drafts are seen by those who run them; others by those who may take part, and by everyone if they are public.
    """
    started = ChallengeRow.state != ChallengeState.DRAFT
    shown = [ChallengeRow.definition["is_public"].as_boolean().is_(True)]
    if identity.user_id is not None:
        limited = select(challenge_groups.c.challenge_id)
        own = limited.join(GroupRow, GroupRow.id == challenge_groups.c.group_id)
        shown += [
            ChallengeRow.id.not_in(limited),
            ChallengeRow.id.in_(own.where(GroupRow.name.in_(identity.groups))),
        ]
    return or_(managed(identity), and_(started, or_(*shown)))


def find_challenge(session: Session, identity: Identity, name: str, *, lock: bool = False) -> ChallengeRow:
    """Return a challenge that the identity may see.

    Raises
    ------
    NotFoundError
        It does not exist or may not be seen; the message is the same.
    """
    statement = select(ChallengeRow).where(ChallengeRow.name == name, visible(identity))
    row = session.scalar(statement.with_for_update(of=ChallengeRow) if lock else statement)
    if row is None:
        raise NotFoundError(f"There is no challenge '{name:.64}'.")
    return row


def challenge_of_row(row: ChallengeRow, identity: Identity, now: datetime | None = None) -> Challenge:
    """Return the challenge of a row, as the identity sees it."""
    definition = ChallengeDefinition.model_validate(row.definition)
    state = ChallengeState(row.state)
    if state is ChallengeState.OPEN and definition.closed_at(now or utc_now()):
        state = ChallengeState.CLOSED
    manages = identity.acts_as_admin or identity.user_id in {user.id for user in row.organisers}
    groups = tuple(group.name for group in row.groups)
    takes_part = not identity.is_anonymous and (manages or not groups or not identity.groups.isdisjoint(groups))
    return Challenge(
        id=row.id,
        name=row.name,
        state=state,
        definition=definition,
        organisers=tuple(user.name for user in row.organisers),
        groups=groups,
        version=row.version,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        manages=manages,
        takes_part=takes_part,
    )


def shown_parts(challenge: Challenge) -> frozenset[str]:
    """Return the parts of the truth whose scores the caller may see now."""
    whole = frozenset({PUBLIC, PRIVATE, WHOLE})
    shown = challenge.definition.scores_shown
    if challenge.manages or challenge.state in {ChallengeState.CLOSED, ChallengeState.PUBLISHED}:
        return whole
    if shown is ScoresShown.AT_ONCE:
        return whole
    return frozenset({PUBLIC}) if shown is ScoresShown.PRIVATE_AFTER_CLOSING else frozenset()


def shown_value(challenge: Challenge, value: float | None) -> float | None:
    """Return a score as the caller may see it now: rounded for participants while submissions are possible.

    Exact scores would reveal the truth of single objects to whoever submits estimates that are made for it: in the
    digits of a mean there is room for several objects.
    """
    decimals = challenge.definition.limits.shown_decimals
    over = challenge.state in {ChallengeState.CLOSED, ChallengeState.PUBLISHED}
    return value if value is None or decimals is None or over or challenge.manages else round(value, decimals)


def submission_of_row(row: SubmissionRow, challenge: Challenge) -> Submission:
    """Return the submission of a row; the division of the truth is left out for those who do not run the challenge."""
    reproduction = dict(row.reproduction)
    if not challenge.manages and challenge.state is not ChallengeState.PUBLISHED:
        reproduction.pop("parts", None)
    return Submission(
        id=row.id,
        challenge=challenge.name,
        task_set=row.task_set,
        user=row.user.name,
        user_id=row.user_id,
        product_id=row.product_id,
        file_name=row.file_name,
        size=row.size,
        sha256=row.sha256,
        state=SubmissionState(row.state),
        method=_method(row.method),
        checks=tuple(_check(each) for each in row.checks),
        job_id=row.job_id,
        error=row.error,
        submitted_at=row.submitted_at,
        scored_at=row.scored_at,
        withdrawn_at=row.withdrawn_at,
        reproduction=reproduction,
    )


def score_of_row(row: ScoreRow, submission: Submission, challenge: Challenge) -> Score:
    """Return the score of a row, as the caller may see it."""
    return Score(
        challenge=submission.challenge,
        task_set=submission.task_set,
        submission_id=row.submission_id,
        metric=row.metric,
        subset=row.subset,
        value=shown_value(challenge, row.value),
        uncertainty=shown_value(challenge, row.uncertainty),
        objects=row.objects,
    )


def stored_scores(session: Session, submissions: Sequence[Submission], challenge: Challenge) -> list[Score]:
    """Return the scores of submissions that the caller may see: on parts of the truth and their bins."""
    by_id = {submission.id: submission for submission in submissions}
    rows = session.scalars(
        select(ScoreRow)
        .where(ScoreRow.submission_id.in_(by_id), _of_parts(shown_parts(challenge)))
        .order_by(ScoreRow.submission_id, ScoreRow.subset, ScoreRow.metric)
    )
    return [score_of_row(row, by_id[row.submission_id], challenge) for row in rows]


def changed(session: Session, challenge_id: int) -> None:
    """Raise the version of a challenge, in the transaction of the change."""
    session.execute(
        update(ChallengeRow).where(ChallengeRow.id == challenge_id).values(version=ChallengeRow.version + 1)
    )


def record_challenge(session: Session, identity: Identity, action: str, row: ChallengeRow, **details: Any) -> None:
    """Add an entry about a challenge to the audit log, in the transaction of the change."""
    record(session, identity, action, Subject.CHALLENGE, row.id, row.name, **details)


def count_of(session: Session, *conditions: ColumnElement[bool]) -> int:
    """Return the number of submissions that meet conditions."""
    return session.scalar(select(func.count(SubmissionRow.id)).where(*conditions)) or 0


def _of_parts(parts: Iterable[str]) -> ColumnElement[bool]:
    return or_(
        false(), *(or_(ScoreRow.subset == part, ScoreRow.subset.startswith(f"{part} ")) for part in sorted(parts))
    )


def _method(stored: dict[str, Any]) -> SubmittedMethod:
    return SubmittedMethod(**{**stored, "authors": tuple(stored.get("authors", ()))})


def _check(stored: dict[str, Any]) -> CheckResult:
    return CheckResult(str(stored["name"]), bool(stored["passed"]), str(stored["sentence"]))
