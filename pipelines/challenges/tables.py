"""Rows of the TAP tables of challenges, with the rule who may see which submissions and scores."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import or_, select

from core.auth.models import Identity
from core.database import Database
from core.markdown import plain_text
from pipelines.challenges.models import Challenge, Submission, SubmissionState
from pipelines.challenges.schema import ChallengeRow, SubmissionRow
from pipelines.challenges.storage import challenge_of_row, shown_parts, stored_scores, submission_of_row, visible

__all__ = ["ChallengeBlock", "ChallengeTableSource"]


@dataclass(frozen=True, slots=True)
class ChallengeBlock:
    """A challenge with its submissions and scores, as one identity may see them."""

    database: Database
    challenge: Challenge
    user_id: int | None

    @property
    def key(self) -> str:
        """A text that is another whenever what is seen is another."""
        challenge = self.challenge
        seen = (challenge.id, challenge.version, challenge.state, sorted(shown_parts(challenge)), challenge.manages,
                self.user_id)  # fmt: skip
        return hashlib.sha256(repr(seen).encode()).hexdigest()

    def rows(self, table: str) -> Iterable[Mapping[str, object]]:
        """Return its rows of a table."""
        if table == "challenges":
            return [_challenge_row(self.challenge)]
        return self._submissions() if table == "submissions" else self._scores()

    def _submissions(self) -> Iterator[Mapping[str, object]]:
        for each in self._seen():
            yield {
                "submission_id": each.id,
                "challenge": each.challenge,
                "task_set": each.task_set,
                "method": each.method.method,
                "authors": "; ".join(each.method.authors) or None,
                "submitted_by": each.user,
                "state": each.state.value,
                "code": each.method.code or None,
                "seconds": each.method.seconds,
                "submitted_at": _iso(each.submitted_at),
                "scored_at": _iso(each.scored_at),
            }

    def _scores(self) -> Iterator[Mapping[str, object]]:
        scored = [each for each in self._seen() if each.state is SubmissionState.SCORED]
        with self.database.read() as session:
            scores = stored_scores(session, scored, self.challenge)
        names = ("challenge", "task_set", "submission_id", "metric", "subset", "value", "uncertainty", "objects")
        return ({name: getattr(score, name) for name in names} for score in scores)

    def _seen(self) -> Sequence[Submission]:
        """Return all submissions for those who run the challenge, else those on the board and the caller's own."""
        statement = select(SubmissionRow).where(SubmissionRow.challenge_id == self.challenge.id)
        if not self.challenge.manages:
            own = SubmissionRow.user_id == (self.user_id or 0)
            on_board = SubmissionRow.state == SubmissionState.SCORED
            statement = statement.where(or_(own, on_board) if shown_parts(self.challenge) else own)
        with self.database.read() as session:
            rows = session.scalars(statement.order_by(SubmissionRow.id))
            return [submission_of_row(row, self.challenge) for row in rows]


class ChallengeTableSource:
    """The challenges that identities may see, as rows of tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def blocks(self, identity: Identity) -> Sequence[ChallengeBlock]:
        """Return the challenges that an identity may see."""
        with self._database.read() as session:
            rows = session.scalars(select(ChallengeRow).where(visible(identity)).order_by(ChallengeRow.id))
            found = [challenge_of_row(row, identity) for row in rows]
        return [ChallengeBlock(self._database, challenge, identity.user_id) for challenge in found]


def _challenge_row(challenge: Challenge) -> Mapping[str, object]:
    definition = challenge.definition
    return {
        "name": challenge.name,
        "title": definition.title,
        "description": plain_text(definition.description) or None,
        "state": challenge.state.value,
        "task_sets": ",".join(task.name for task in definition.tasks),
        "primary_metric": definition.primary.name,
        "opens_at": _iso(definition.opens_at),
        "closes_at": _iso(definition.closes_at),
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
