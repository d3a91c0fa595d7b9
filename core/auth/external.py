"""Accounts of users who sign in at an OpenID provider or a trusted proxy.

An account is linked to the subject of a sign-in service, never to a name alone: a user who gets another one's name
there does not get the account here. Groups of a sign-in service are distinguished from local ones by their source.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from core.auth.audit import Subject, record
from core.auth.credentials import identity_of_row
from core.auth.models import Identity, Scope
from core.auth.schema import ExternalIdentityRow, GroupRow, UserRow, group_members
from core.auth.service import ACCOUNT_NAME
from core.database import Database, utc_now
from core.errors import ConflictError, NotFoundError, PermissionDeniedError

__all__ = ["ExternalAccounts", "ExternalUser"]

_log = logging.getLogger(__name__)

_LONGEST_GROUP = 150
_MOST_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class ExternalUser:
    """User as a sign-in service describes them.

    Parameters
    ----------
    source
        Kind of the service, and source of its groups here: ``oidc`` or ``proxy``.
    issuer, subject
        The service, and its permanent identifier of the user.
    name
        Name of the account when it is created.
    groups
        Names of their groups. Groups of earlier sign-ins that are not listed are removed.
    """

    source: str
    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    email: str = ""


class ExternalAccounts:
    """Accounts of users who sign in at another service.

    Parameters
    ----------
    admin_group
        Users of the service are administrators here if, and only if, they are members of this group; None leaves their
        rights unchanged.
    required_group
        Only members of this group of the service may sign in; None allows all users.
    """

    def __init__(
        self, database: Database, *, admin_group: str | None = None, required_group: str | None = None
    ) -> None:
        self._database = database
        self._admin_group = admin_group
        self._required_group = required_group

    def sign_in(self, person: ExternalUser) -> Identity:
        """Return the identity of a user of a sign-in service; their account is created, or updated.

        Raises
        ------
        PermissionDeniedError
            The user may not sign in: the group is missing, the account is closed, or its name cannot be used.
        ConflictError
            Another user has an account of this name.
        """
        if self._required_group is not None and self._required_group not in person.groups:
            message = f"Only members of the group '{self._required_group}' may sign in here."
            raise PermissionDeniedError(message)
        with self._database.read() as session:
            row = _find(session, person)
            if row is not None and self._is_current(row, person):
                return _checked(row)
        try:
            return self._update(person)
        except IntegrityError:
            # Another request created the account or one of the groups at the same time.
            return self._update(person)

    def link(self, identity: Identity, name: str, issuer: str, subject: str) -> None:
        """Link an existing account to a user of a sign-in service; for the operator of the server.

        Parameters
        ----------
        identity
            Who links it, for the audit log.

        Raises
        ------
        NotFoundError
            There is no such account.
        ConflictError
            The user of the service is linked to an account already.
        """
        try:
            with self._database.write() as session:
                row = session.scalar(select(UserRow).where(UserRow.name == name))
                if row is None:
                    message = f"There is no account named '{name}'."
                    raise NotFoundError(message)
                session.add(ExternalIdentityRow(user_id=row.id, issuer=issuer, subject=subject, created_at=utc_now()))
                record(session, identity, "link account", Subject.USER, row.id, row.name, issuer=issuer)
        except IntegrityError as e:
            message = f"'{subject}' of {issuer} is linked to an account already."
            raise ConflictError(message) from e

    def _update(self, person: ExternalUser) -> Identity:
        with self._database.write() as session:
            row = _find(session, person) or _make(session, person)
            _checked(row)
            before = _rights(row, person.source)
            if (person.first_name, person.last_name, person.email) != ("", "", ""):
                row.first_name, row.last_name, row.email = person.first_name, person.last_name, person.email
            if self._admin_group is not None:
                row.is_admin = self._admin_group in person.groups
            _set_groups(session, row, person.source, person.groups)
            session.flush()
            session.refresh(row, ["groups"])
            identity, after = _checked(row), _rights(row, person.source)
            if after != before:
                changed = {name: [before[name], after[name]] for name in after if after[name] != before[name]}
                action, issuer = "change account", person.issuer
                record(session, identity, action, Subject.USER, row.id, row.name, issuer=issuer, **changed)
            return identity

    def _is_current(self, row: UserRow, person: ExternalUser) -> bool:
        current = (person.first_name, person.last_name, person.email)
        if current not in {("", "", ""), (row.first_name, row.last_name, row.email)}:
            return False
        stored = {group.name for group in row.groups if group.source == person.source}
        is_admin = row.is_admin if self._admin_group is None else self._admin_group in person.groups
        return stored == set(_usable(person.groups)) and is_admin == row.is_admin


def _find(session: Session, person: ExternalUser) -> UserRow | None:
    return session.scalar(
        select(UserRow)
        .join(ExternalIdentityRow, ExternalIdentityRow.user_id == UserRow.id)
        .where(ExternalIdentityRow.issuer == person.issuer, ExternalIdentityRow.subject == person.subject)
        .options(selectinload(UserRow.groups))
    )


def _make(session: Session, person: ExternalUser) -> UserRow:
    if not ACCOUNT_NAME.fullmatch(person.name):
        message = f"'{person.name:.150}' cannot be an account's name here; ask the administrators of this server."
        raise PermissionDeniedError(message)
    if session.scalar(select(UserRow.id).where(UserRow.name == person.name)) is not None:
        message = (
            f"There is already an account named '{person.name}' here, which is not linked to this sign-in. "
            "If it is yours, ask the administrators of this server to link it."
        )
        raise ConflictError(message)
    now = utc_now()
    row = UserRow(name=person.name, password_hash=None, is_admin=False, is_active=True, created_at=now)
    session.add(row)
    session.flush()
    session.add(ExternalIdentityRow(user_id=row.id, issuer=person.issuer, subject=person.subject, created_at=now))
    record(session, _checked(row), "create account", Subject.USER, row.id, row.name, issuer=person.issuer)
    return row


def _rights(row: UserRow, source: str) -> dict[str, object]:
    """Return what a sign-in service decides of an account."""
    return {"is_admin": row.is_admin, "groups": sorted(group.name for group in row.groups if group.source == source)}


def _checked(row: UserRow) -> Identity:
    if not row.is_active:
        message = f"The account '{row.name}' is closed; ask the administrators of this server."
        raise PermissionDeniedError(message)
    return identity_of_row(row, Scope.ADMIN)


def _usable(names: Sequence[str]) -> list[str]:
    """Return the names that can be names of groups here."""
    good = [name for name in dict.fromkeys(names) if name.isprintable() and 0 < len(name) <= _LONGEST_GROUP]
    return good[:_MOST_GROUPS]


def _set_groups(session: Session, user: UserRow, source: str, names: Sequence[str]) -> None:
    """Set the groups of a user that have this source; local groups are unchanged."""
    wanted = _usable(names)
    known = {row.name: row for row in session.scalars(select(GroupRow).where(GroupRow.name.in_(wanted)))}
    for name in wanted:
        if name not in known:
            known[name] = GroupRow(name=name, description="", source=source)
            session.add(known[name])
        elif known[name].source != source:
            _log.warning("the group '%s' of %s has the name of a group from elsewhere and is left out", name, source)
    session.flush()
    theirs = select(GroupRow.id).where(GroupRow.source == source)
    session.execute(
        delete(group_members).where(group_members.c.user_id == user.id, group_members.c.group_id.in_(theirs))
    )
    joined = [row.id for row in known.values() if row.source == source]
    if joined:
        session.execute(insert(group_members), [{"group_id": group_id, "user_id": user.id} for group_id in joined])
