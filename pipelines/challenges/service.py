"""`ChallengeService`: make, change, open, close and publish challenges."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow, UserRow
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError
from pipelines.challenges.checks import check_truth
from pipelines.challenges.definition import ChallengeDefinition, TaskSet
from pipelines.challenges.files import ChallengeFiles
from pipelines.challenges.models import Challenge, ChallengeState
from pipelines.challenges.names import checked_name
from pipelines.challenges.schema import ChallengeRow, SubmissionRow, TruthRow
from pipelines.challenges.storage import challenge_of_row, count_of, find_challenge, record_challenge, visible
from products.sharing.hidden import find_managed, hide, show
from products.storage import find_product

__all__ = ["ChallengeService"]

#: The states that follow a state.
_NEXT: Mapping[ChallengeState, frozenset[ChallengeState]] = {
    ChallengeState.DRAFT: frozenset({ChallengeState.OPEN}),
    ChallengeState.OPEN: frozenset({ChallengeState.DRAFT, ChallengeState.CLOSED}),
    ChallengeState.CLOSED: frozenset({ChallengeState.OPEN, ChallengeState.PUBLISHED}),
    ChallengeState.PUBLISHED: frozenset(),
}


class ChallengeService:
    """Make, change, open, close and publish challenges.

    The truth of a challenge is hidden from its first draft until it is published.

    Parameters
    ----------
    files
        Reader of the files of truths and test products.
    """

    def __init__(self, database: Database, files: ChallengeFiles) -> None:
        self._database = database
        self._files = files

    def list(self, identity: Identity) -> tuple[Challenge, ...]:
        """Return the challenges that the identity may see, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(ChallengeRow).where(visible(identity)).order_by(ChallengeRow.id.desc()))
            return tuple(challenge_of_row(row, identity) for row in rows)

    def get(self, identity: Identity, name: str) -> Challenge:
        """Return a challenge, or raise NotFoundError if there is none that the identity may see."""
        with self._database.read() as session:
            return challenge_of_row(find_challenge(session, identity, name), identity)

    def require_maker(self, identity: Identity) -> None:
        """Raise unless the identity may make challenges: administrators may."""
        identity.require(Scope.WRITE)
        if not identity.acts_as_admin:
            raise PermissionDeniedError("Only administrators make challenges; they name the organisers of each.")

    def require_manager(self, identity: Identity, name: str) -> Challenge:
        """Return a challenge that the identity may change, or raise."""
        with self._database.read() as session:
            return challenge_of_row(self._managed(session, identity, name, lock=False), identity)

    def create(
        self,
        identity: Identity,
        name: str,
        definition: ChallengeDefinition,
        *,
        organisers: Sequence[str] = (),
        groups: Sequence[str] = (),
    ) -> Challenge:
        """Make a challenge, as a draft.

        Parameters
        ----------
        organisers
            Accounts that run it beside the administrators.
        groups
            Groups whose members may take part; every registered user without any.

        Raises
        ------
        PermissionDeniedError
            The identity is no administrator.
        ConflictError
            There is a challenge of this name.
        """
        self.require_maker(identity)
        now = utc_now()
        try:
            with self._database.write() as session:
                row = ChallengeRow(
                    name=checked_name(name),
                    state=ChallengeState.DRAFT,
                    definition=definition.model_dump(mode="json"),
                    version=1,
                    created_by=identity.name or "",
                    created_at=now,
                    updated_at=now,
                    organisers=_accounts(session, organisers),
                    groups=_groups(session, groups),
                )
                session.add(row)
                session.flush()
                _set_tasks(session, identity, row, definition)
                record_challenge(session, identity, "create challenge", row, title=definition.title,
                                 organisers=[*organisers], groups=[*groups])  # fmt: skip
                return challenge_of_row(row, identity)
        except IntegrityError as error:
            raise ConflictError(f"There is already a challenge named '{name:.64}'.", field="name") from error

    def change(
        self,
        identity: Identity,
        name: str,
        *,
        definition: ChallengeDefinition | None = None,
        organisers: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
    ) -> Challenge:
        """Change a challenge; None leaves a part as it is.

        Raises
        ------
        PermissionDeniedError
            The identity does not run the challenge.
        ConflictError
            What scores are computed from would change although there are submissions.
        """
        with self._database.write() as session:
            row = self._managed(session, identity, name)
            before = ChallengeDefinition.model_validate(row.definition)
            if definition is not None and definition != before:
                self._check_change(session, row, before, definition)
                row.definition = definition.model_dump(mode="json")
            old = {"organisers": [user.name for user in row.organisers], "groups": [group.name for group in row.groups]}
            if organisers is not None:
                row.organisers = _accounts(session, organisers)
            if groups is not None:
                row.groups = _groups(session, groups)
            _touch(row)
            session.flush()
            _set_tasks(session, identity, row, definition or before)
            new = {"organisers": [user.name for user in row.organisers], "groups": [group.name for group in row.groups]}
            details: dict[str, Any] = {key: [old[key], new[key]] for key in old if old[key] != new[key]}
            if definition is not None:
                details |= _differences(before, definition)
            if details:
                record_challenge(session, identity, "change challenge", row, **details)
            return challenge_of_row(row, identity)

    def set_state(self, identity: Identity, name: str, state: ChallengeState) -> Challenge:
        """Open, close, re-open or publish a challenge, or make it a draft again.

        Nothing happens if it is in that state already. Opening checks that the objects of each truth are those of the
        test products. Publication shows the truths to those who may read them by their visibility.

        Raises
        ------
        ConflictError
            The state does not follow the present one.
        InvalidValueError
            A truth does not fit its test products.
        """
        identity.require(Scope.WRITE)
        if state is ChallengeState.OPEN:
            self._check_truths(identity, name)
        with self._database.write() as session:
            row = self._managed(session, identity, name)
            before = challenge_of_row(row, identity)
            if before.state is state:
                return before
            _check_step(session, before, state)
            row.state = state
            _touch(row)
            session.flush()
            _hide_truths(session, _truths_of(session, row.id))
            record_challenge(session, identity, f"{state} challenge", row, state=[before.state.value, state.value])
            return challenge_of_row(row, identity)

    def delete(self, identity: Identity, name: str) -> None:
        """Delete a draft without submissions; its truths are no longer hidden."""
        with self._database.write() as session:
            row = self._managed(session, identity, name)
            if row.state != ChallengeState.DRAFT or count_of(session, SubmissionRow.challenge_id == row.id):
                raise ConflictError(f"The challenge '{row.name}' is {row.state}; only drafts can be deleted.")
            truths = _truths_of(session, row.id)
            record_challenge(session, identity, "delete challenge", row)
            session.delete(row)
            session.flush()
            _hide_truths(session, truths)

    @staticmethod
    def _managed(session: Session, identity: Identity, name: str, *, lock: bool = True) -> ChallengeRow:
        row = find_challenge(session, identity, name, lock=lock)
        identity.require(Scope.WRITE)
        if not challenge_of_row(row, identity).manages:
            raise PermissionDeniedError(f"Only the organisers of '{row.name}' and administrators may do this.")
        return row

    def _check_change(
        self, session: Session, row: ChallengeRow, before: ChallengeDefinition, after: ChallengeDefinition
    ) -> None:
        """Raise ConflictError if scores that exist would no longer be those of the definition."""
        scored = [[each.tasks, each.parameters, each.limits.smallest_subset] for each in (before, after)]
        if scored[0] != scored[1] and count_of(session, SubmissionRow.challenge_id == row.id):
            raise ConflictError(
                f"The challenge '{row.name}' has submissions; its task sets, parameters and smallest subset stay as "
                "they are.",
                field="tasks",
            )

    def _check_truths(self, identity: Identity, name: str) -> None:
        """Check the truths of a challenge that is to be opened; those of an open one were checked, and are not read."""
        challenge = self.require_manager(identity, name)
        if challenge.state is ChallengeState.OPEN:
            return
        for task in challenge.definition.tasks:
            check_truth(self._files, task, challenge.definition)


def _check_step(session: Session, before: Challenge, state: ChallengeState) -> None:
    if state not in _NEXT[before.state]:
        following = " or ".join(sorted(_NEXT[before.state])) or "nothing"
        raise ConflictError(
            f"The challenge '{before.name}' is {before.state}; it can become {following}, not {state}.", field="state"
        )
    if state is ChallengeState.OPEN and before.definition.closed_at(utc_now()):
        raise ConflictError(
            f"The closing time of '{before.name}', {before.definition.closes_at:%Y-%m-%d %H:%M} UTC, is over; "
            "change it first.",
            field="closes_at",
        )
    if state is ChallengeState.DRAFT and count_of(session, SubmissionRow.challenge_id == before.id):
        raise ConflictError(f"The challenge '{before.name}' has submissions; close it instead.", field="state")


def _touch(row: ChallengeRow) -> None:
    row.version += 1
    row.updated_at = utc_now()


def _set_tasks(session: Session, identity: Identity, row: ChallengeRow, definition: ChallengeDefinition) -> None:
    """Store the truths of a challenge, hide them, and show those that it no longer has."""
    before = _truths_of(session, row.id)
    for task in definition.tasks:
        _check_products(session, identity, task, before)
    session.execute(delete(TruthRow).where(TruthRow.challenge_id == row.id))
    for task in definition.tasks:
        session.add(TruthRow(challenge_id=row.id, task_set=task.name, product_id=task.truth))
    session.flush()
    _hide_truths(session, before | {task.truth for task in definition.tasks})


def _check_products(session: Session, identity: Identity, task: TaskSet, known: frozenset[int]) -> None:
    """Raise InvalidValueError unless the products of a task set exist and its truth may be hidden by the caller."""
    if task.truth in {*task.test, *task.training}:
        raise InvalidValueError(
            f"The product {task.truth} is the truth of the task set '{task.name}' and one of its other products; the "
            "truth is hidden, so it needs a product of its own.",
            field="tasks",
        )
    try:
        for number in (*task.test, *task.training):
            find_product(session, identity, number)
        if task.truth not in known:
            find_managed(session, identity, task.truth)
    except (NotFoundError, PermissionDeniedError) as error:
        raise InvalidValueError(f"Task set '{task.name}': {error.message}", field="tasks") from error


def _truths_of(session: Session, challenge_id: int) -> frozenset[int]:
    return frozenset(session.scalars(select(TruthRow.product_id).where(TruthRow.challenge_id == challenge_id)))


def _hide_truths(session: Session, product_ids: frozenset[int]) -> None:
    """Hide products that are truths of challenges that are not published from all but the organisers of these."""
    for number in sorted(product_ids):
        rows = session.scalars(
            select(ChallengeRow)
            .join(TruthRow, TruthRow.challenge_id == ChallengeRow.id)
            .where(TruthRow.product_id == number, ChallengeRow.state != ChallengeState.PUBLISHED)
        ).all()
        if rows:
            hide(session, number, {user.id for row in rows for user in row.organisers})
        else:
            show(session, number)


def _accounts(session: Session, names: Sequence[str]) -> list[UserRow]:
    found = []
    for name in dict.fromkeys(names):
        user = session.scalar(select(UserRow).where(UserRow.name == name.strip(), UserRow.is_active))
        if user is None:
            raise InvalidValueError(f"There is no account named '{name:.150}'.", field="organisers")
        found.append(user)
    return found


def _groups(session: Session, names: Sequence[str]) -> list[GroupRow]:
    found = []
    for name in dict.fromkeys(names):
        group = session.scalar(select(GroupRow).where(GroupRow.name == name.strip()))
        if group is None:
            raise InvalidValueError(f"There is no group named '{name:.150}'.", field="groups")
        found.append(group)
    return found


def _differences(before: ChallengeDefinition, after: ChallengeDefinition) -> dict[str, Any]:
    """Return old and new values of what changed; texts are named alone."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    texts = {"description", "rules"}
    return {key: "changed" if key in texts else [old[key], new[key]] for key in old if old[key] != new[key]}
