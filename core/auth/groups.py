"""Groups of users: every user may create one, and its managers manage the members.

Groups of a sign-in service (``source`` is not ``local``) are read-only here.
"""

import re
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.audit import Subject, record
from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow, UserRow, group_members
from core.database import Database
from core.errors import ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError

__all__ = ["LOCAL", "Group", "GroupMember", "GroupService", "find_own_group"]

#: Source of the groups that are managed here.
LOCAL = "local"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}")
_LONGEST_DESCRIPTION = 1000
#: Identifier of the group of all registered users.
_EVERYBODY = "registered"


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Member of a group; managers may change the members."""

    user_id: int
    name: str
    display_name: str
    is_manager: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its members, by name.

    Parameters
    ----------
    source
        ``local``, or the sign-in service that manages its members.
    """

    id: int
    name: str
    description: str
    source: str
    members: tuple[GroupMember, ...]

    def is_managed_by(self, identity: Identity) -> bool:
        """Return whether the identity may change the group."""
        if self.source != LOCAL or identity.is_anonymous or not identity.scope.includes(Scope.WRITE):
            return False
        return identity.acts_as_admin or any(m.is_manager and m.user_id == identity.user_id for m in self.members)


class GroupService:
    """Groups of users. A group is visible to its members and to administrators only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def groups(self, identity: Identity) -> tuple[Group, ...]:
        """Return the caller's groups, for administrators all groups, by name."""
        user_id = identity.require(Scope.READ)
        statement = select(GroupRow).order_by(GroupRow.name)
        if not identity.acts_as_admin:
            own = select(group_members.c.group_id).where(group_members.c.user_id == user_id)
            statement = statement.where(GroupRow.id.in_(own))
        with self._database.read() as session:
            return tuple(_group(session, row) for row in session.scalars(statement))

    def group(self, identity: Identity, group_id: int) -> Group:
        """Return a group of the caller, or any group for administrators.

        Raises
        ------
        NotFoundError
            The group does not exist, or the caller is no member; the message is the same.
        """
        identity.require(Scope.READ)
        with self._database.read() as session:
            return _find(session, identity, group_id)

    def create(self, identity: Identity, name: str, description: str = "") -> Group:
        """Create a group whose first member and manager is the caller.

        Raises
        ------
        InvalidValueError
            The name cannot be used.
        ConflictError
            A group of this name exists.
        """
        user_id, name = identity.require(Scope.WRITE), name.strip()
        if not _NAME.fullmatch(name) or name == _EVERYBODY:
            message = f"'{name:.160}' cannot be a group's name: use letters, digits and . _ @ + -, at most 150 of them."
            raise InvalidValueError(message, field="name")
        row = GroupRow(name=name, description=_checked_description(description), source=LOCAL)
        try:
            with self._database.write() as session:
                session.add(row)
                session.flush()
                if session.get(UserRow, user_id) is not None:  # the operator is no user
                    _join(session, row.id, user_id, manager=True)
                record(session, identity, "create group", Subject.GROUP, row.id, name)
                return _group(session, row)
        except IntegrityError as e:
            message = f"There is already a group named '{name}'."
            raise ConflictError(message, field="name") from e

    def describe(self, identity: Identity, group_id: int, description: str) -> Group:
        """Change the description of a group."""
        with self._database.write() as session:
            group = _find_managed(session, identity, group_id)
            values = {"description": _checked_description(description)}
            session.execute(update(GroupRow).where(GroupRow.id == group.id).values(**values))
            record(session, identity, "describe group", Subject.GROUP, group.id, group.name)
            return _again(session, group_id)

    def add_member(self, identity: Identity, group_id: int, user_name: str, *, manager: bool = False) -> Group:
        """Add a member, or change whether a member is a manager.

        Raises
        ------
        InvalidValueError
            There is no such account.
        ConflictError
            The group would have no manager.
        """
        with self._database.write() as session:
            group = _find_managed(session, identity, group_id)
            user = session.scalar(select(UserRow).where(UserRow.name == user_name.strip(), UserRow.is_active))
            if user is None:
                message = f"There is no account named '{user_name.strip():.150}'."
                raise InvalidValueError(message, field="user")
            _check_managers(group, user.id, stays=manager)
            _leave(session, group.id, user.id)
            _join(session, group.id, user.id, manager=manager)
            record(
                session, identity, "add member", Subject.GROUP, group.id, group.name, user=user.name, manager=manager
            )
            return _again(session, group_id)

    def remove_member(self, identity: Identity, group_id: int, user_name: str) -> None:
        """Remove a member; members may remove themselves.

        Raises
        ------
        ConflictError
            The group would have no manager.
        """
        identity.require(Scope.WRITE)
        with self._database.write() as session:
            leaves = user_name == identity.name
            group = (_find_local if leaves else _find_managed)(session, identity, group_id)
            member = next((member for member in group.members if member.name == user_name), None)
            if member is None:
                message = f"'{user_name:.150}' is not a member of the group '{group.name}'."
                raise NotFoundError(message)
            _check_managers(group, member.user_id, stays=False)
            _leave(session, group.id, member.user_id)
            record(session, identity, "remove member", Subject.GROUP, group.id, group.name, user=member.name)

    def delete(self, identity: Identity, group_id: int) -> None:
        """Delete a group; products are no longer shared with it.

        Raises
        ------
        ConflictError
            A release or a challenge is restricted to the group, and would be open to others.
        """
        try:
            with self._database.write() as session:
                group = _find_managed(session, identity, group_id)
                session.execute(delete(GroupRow).where(GroupRow.id == group.id))
                record(session, identity, "delete group", Subject.GROUP, group.id, group.name)
        except IntegrityError as e:
            message = (
                f"The group '{group.name}' restricts a release or a challenge; an administrator must open that first."
            )
            raise ConflictError(message) from e


def find_own_group(session: Session, identity: Identity, name: str) -> GroupRow:
    """Return a group that the identity may share something with: one of its own, or any for administrators.

    Raises
    ------
    InvalidValueError
        The group does not exist, or the caller is no member; the message is the same.
    """
    group = session.scalar(select(GroupRow).where(GroupRow.name == name))
    if group is None or not (name in identity.groups or identity.acts_as_admin):
        message = f"You are in no group '{name[:100]}'."
        raise InvalidValueError(message)
    return group


def _find(session: Session, identity: Identity, group_id: int) -> Group:
    row = session.get(GroupRow, group_id)
    group = None if row is None else _group(session, row)
    if group is None or not (identity.acts_as_admin or any(m.user_id == identity.user_id for m in group.members)):
        message = f"There is no group number {group_id}."
        raise NotFoundError(message)
    return group


def _find_local(session: Session, identity: Identity, group_id: int) -> Group:
    group = _find(session, identity, group_id)
    # Lock the group, so that two managers cannot leave at the same time.
    session.execute(select(GroupRow.id).where(GroupRow.id == group_id).with_for_update())
    group = _again(session, group_id)
    if group.source != LOCAL:
        message = f"The members of the group '{group.name}' are managed by the sign-in service '{group.source}'."
        raise ConflictError(message)
    return group


def _find_managed(session: Session, identity: Identity, group_id: int) -> Group:
    identity.require(Scope.WRITE)
    group = _find_local(session, identity, group_id)
    if not group.is_managed_by(identity):
        message = f"Only managers of the group '{group.name}' may do this."
        raise PermissionDeniedError(message)
    return group


def _again(session: Session, group_id: int) -> Group:
    row = session.get_one(GroupRow, group_id)
    session.refresh(row)
    return _group(session, row)


def _group(session: Session, row: GroupRow) -> Group:
    found = session.execute(
        select(UserRow, group_members.c.is_manager)
        .join(group_members, group_members.c.user_id == UserRow.id)
        .where(group_members.c.group_id == row.id)
        .order_by(UserRow.name)
    )
    members = tuple(
        GroupMember(user.id, user.name, f"{user.first_name} {user.last_name}".strip() or user.name, is_manager)
        for user, is_manager in found
    )
    return Group(row.id, row.name, row.description, row.source, members)


def _check_managers(group: Group, user_id: int, *, stays: bool) -> None:
    managers = {member.user_id for member in group.members if member.is_manager}
    if managers == {user_id} and not stays:
        message = f"The group '{group.name}' needs a manager: name another one first, or delete the group."
        raise ConflictError(message, field="user")


def _join(session: Session, group_id: int, user_id: int, *, manager: bool) -> None:
    session.execute(insert(group_members).values(group_id=group_id, user_id=user_id, is_manager=manager))


def _leave(session: Session, group_id: int, user_id: int) -> None:
    session.execute(
        delete(group_members).where(group_members.c.group_id == group_id, group_members.c.user_id == user_id)
    )


def _checked_description(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION:
        message = f"The description of a group may have at most {_LONGEST_DESCRIPTION} characters."
        raise InvalidValueError(message, field="description")
    return description.strip()
