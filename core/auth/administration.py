"""Administration of accounts: list, rights, quotas, passwords, and revocation of access."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.auth.schema import SessionRow, TokenRow, UserRow
from core.auth.service import AccountService
from core.database import Database
from core.errors import ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError

__all__ = ["Account", "AccountAdministration", "AccountChanges", "require_admin"]

_MOST_BYTES = 2**62
_LONGEST = {"first_name": 150, "last_name": 150, "email": 254}


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it.

    Parameters
    ----------
    quota_bytes
        Storage quota of the user's products; None for the default of all users.
    has_password
        Whether the user can sign in with a password here.
    tokens
        Number of tokens.
    last_used_at
        Time of the last use of a token.
    """

    id: int
    name: str
    first_name: str
    last_name: str
    email: str
    is_admin: bool
    is_active: bool
    quota_bytes: int | None
    has_password: bool
    created_at: datetime
    groups: tuple[str, ...]
    tokens: int
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """Changes of an account; None leaves a value unchanged.

    Parameters
    ----------
    without_quota
        Whether to return to the default quota.
    """

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    is_admin: bool | None = None
    is_active: bool | None = None
    quota_bytes: int | None = None
    without_quota: bool = False


class AccountAdministration:
    """Administration of all accounts; each method requires an administrator."""

    def __init__(self, database: Database, accounts: AccountService) -> None:
        self._database = database
        self._accounts = accounts

    def accounts(self, identity: Identity) -> tuple[Account, ...]:
        """Return all accounts, closed ones included, by name."""
        require_admin(identity)
        with self._database.read() as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.name)).all()
            return tuple(_account(session, row) for row in rows)

    def account(self, identity: Identity, name: str) -> Account:
        """Find an account by its name, or raise NotFoundError."""
        require_admin(identity)
        with self._database.read() as session:
            return _account(session, _find(session, name))

    def add(
        self, identity: Identity, name: str, password: str | None, *, is_admin: bool = False, email: str = ""
    ) -> Account:
        """Create an account; without a password its user signs in at another service, or by tokens.

        Raises
        ------
        InvalidValueError
            The name or the password cannot be used.
        ConflictError
            An account of this name exists.
        """
        require_admin(identity)
        user = self._accounts.add_user(
            name.strip(), password or None, is_admin=is_admin, email=_checked("email", email)
        )
        with self._database.write() as session:
            record(session, identity, "create account", Subject.USER, user.id, user.name, is_admin=is_admin)
        return self.account(identity, user.name)

    def change(self, identity: Identity, name: str, changes: AccountChanges) -> Account:
        """Change an account; closing it also invalidates its sessions and tokens.

        Raises
        ------
        ConflictError
            No active administrator would be left.
        """
        require_admin(identity)
        values: dict[str, Any] = {
            key: _checked(key, value) for key in _LONGEST if (value := getattr(changes, key)) is not None
        }
        values |= {key: value for key in ("is_admin", "is_active") if (value := getattr(changes, key)) is not None}
        if changes.quota_bytes is not None or changes.without_quota:
            values["quota_bytes"] = None if changes.without_quota else _checked_quota(changes.quota_bytes or 0)
        with self._database.write() as session:
            row = _find_locked(session, name)
            changed = {key: [getattr(row, key), value] for key, value in values.items() if getattr(row, key) != value}
            for key, (_, value) in changed.items():
                setattr(row, key, value)
            session.flush()
            _require_an_administrator(session)
            if not row.is_active:
                session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
            if changed:
                record(session, identity, "change account", Subject.USER, row.id, row.name, **_audit_details(changed))
            return _account(session, row)

    def set_password(self, identity: Identity, name: str, password: str) -> None:
        """Set the password of an account, and end its sessions."""
        require_admin(identity)
        self._accounts.set_password(name, password)
        with self._database.write() as session:
            record(session, identity, "set password", Subject.USER, _find(session, name).id, name)

    def revoke_all(self, identity: Identity, name: str) -> int:
        """Revoke all tokens and sessions of an account; return their number."""
        require_admin(identity)
        with self._database.write() as session:
            row = _find(session, name)
            ended = 0
            for table in (TokenRow, SessionRow):
                ended += len(session.scalars(delete(table).where(table.user_id == row.id).returning(table.id)).all())
            record(session, identity, "revoke all", Subject.USER, row.id, row.name, ended=ended)
            return ended


def require_admin(identity: Identity) -> None:
    """Raise unless the identity is an administrator with the scope ``admin``.

    Raises
    ------
    AuthenticationError
        The identity is anonymous.
    PermissionDeniedError
        The user is no administrator, or the token has another scope.
    """
    if identity.is_anonymous:
        identity.require(identity.scope)
    if not identity.acts_as_admin:
        message = "This is for administrators, signed in or with a token of the scope 'admin'."
        raise PermissionDeniedError(message)


def _find(session: Session, name: str) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    if row is None:
        message = f"There is no account named '{name:.150}'."
        raise NotFoundError(message)
    return row


def _find_locked(session: Session, name: str) -> UserRow:
    """Find an account, and lock it and all administrators, so that two of them cannot remove each other."""
    row = _find(session, name)
    session.execute(select(UserRow.id).where(UserRow.is_admin).order_by(UserRow.id).with_for_update())
    session.refresh(row, with_for_update={"of": UserRow})
    return row


def _require_an_administrator(session: Session) -> None:
    if not session.scalar(select(func.count(UserRow.id)).where(UserRow.is_admin, UserRow.is_active)):
        message = "This is the last administrator; create another one first."
        raise ConflictError(message)


def _checked(key: str, value: str) -> str:
    if len(value) > _LONGEST[key]:
        message = f"'{value[:40]}…' is too long: at most {_LONGEST[key]} characters."
        raise InvalidValueError(message, field=key)
    return value.strip()


def _checked_quota(value: int) -> int:
    if not 0 <= value <= _MOST_BYTES:
        message = f"{value} cannot be a quota in bytes."
        raise InvalidValueError(message, field="quota")
    return value


def _audit_details(changed: Mapping[str, list[object]]) -> dict[str, object]:
    # E-mail addresses do not belong in a log that is kept for ever.
    return {key: ["…", "…"] if key == "email" else pair for key, pair in changed.items()}


def _account(session: Session, row: UserRow) -> Account:
    tokens, last = session.execute(
        select(func.count(TokenRow.id), func.max(TokenRow.last_used_at)).where(TokenRow.user_id == row.id)
    ).one()
    return Account(
        id=row.id,
        name=row.name,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        is_admin=row.is_admin,
        is_active=row.is_active,
        quota_bytes=row.quota_bytes,
        has_password=row.password_hash is not None,
        created_at=row.created_at,
        groups=tuple(sorted(group.name for group in row.groups)),
        tokens=tokens,
        last_used_at=last,
    )
