"""Tokens and sessions, each bound to the credential that made it.

A credential that was made with another one never lives longer than it, never has a larger scope, and is deleted with
it. Roots are what a person has: a password, a sign-in on a page, or a sign-in at another service.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, Select, bindparam, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.auth.audit import Subject, record
from core.auth.models import Credential, Identity, IssuedSession, IssuedToken, Scope, SignIn, Token
from core.auth.schema import GroupRow, SessionRow, TokenRow, UserRow, group_members
from core.database import Database, ignoring_storage_errors, utc_now
from core.errors import AuthenticationError, InvalidValueError, NotFoundError, PermissionDeniedError

__all__ = ["TOKEN_PREFIX", "CredentialService", "identity_of_row", "password_credential"]

#: Prefix by which leaked tokens can be recognised.
TOKEN_PREFIX = "pz-"  # noqa: S105 - not a secret
_LAST_USED_STEP = timedelta(minutes=1)

_Owned = TypeVar("_Owned", SessionRow, TokenRow)


class CredentialService:
    """Operations on tokens and sessions.

    Parameters
    ----------
    session_hours
        Longest lifetime of a session.
    """

    def __init__(self, database: Database, *, session_hours: int = 72) -> None:
        self._database = database
        self._session_lifetime = timedelta(hours=session_hours)

    # --- credentials to identities

    def identity_of_token(self, secret: str) -> Identity:
        """Return the identity of a token, or raise AuthenticationError."""
        now = utc_now()
        found = self._find(_TOKENS, secret)
        if not found or not found[0].is_active:
            message = "Invalid token."
            raise AuthenticationError(message)
        row = found[0]
        if row.expires_at is not None and row.expires_at <= now:
            message = f"This token ended on {row.expires_at:%Y-%m-%d}. Make a new one."
            raise AuthenticationError(message)
        if row.last_used_at is None or now - row.last_used_at > _LAST_USED_STEP:
            with ignoring_storage_errors(), self._database.write() as session:
                session.execute(update(TokenRow).where(TokenRow.id == row.id).values(last_used_at=now))
        return _identity(found, Credential(f"token:{row.id}", token_id=row.id, expires_at=row.expires_at))

    def identity_of_session(self, secret: str) -> Identity | None:
        """Return the identity of a session cookie; None when the session has ended or does not exist."""
        found = self._find(_SESSIONS, secret)
        if not found or not found[0].is_active or found[0].expires_at <= utc_now():
            return None
        row = found[0]
        key = f"session:{row.id}"
        if row.for_browser and row.parent_token_id is None:
            return _identity(found, Credential(key))
        return _identity(found, Credential(key, session_id=row.id, expires_at=row.expires_at))

    def _find(self, statement: Select[Any], secret: str) -> Sequence[Row[Any]]:
        with self._database.read() as session:
            return session.execute(statement, {"digest": _digest(secret)}).all()

    def is_valid(self, key: str) -> bool:
        """Return whether the credential of a key still exists and has not expired; a text without a key is valid."""
        kind, _, rest = key.partition(":")
        number, _, digest = rest.partition(":")
        if not kind:
            return True
        now = utc_now()
        with self._database.read() as session:
            if kind == "token":
                token = session.get(TokenRow, int(number))
                return token is not None and (token.expires_at is None or token.expires_at > now)
            if kind == "session":
                opened = session.get(SessionRow, int(number))
                return opened is not None and opened.expires_at > now
            if kind == "password":
                user = session.get(UserRow, int(number))
                return user is not None and password_credential(user).key == f"password:{number}:{digest}"
        return kind == "until" and datetime.fromtimestamp(int(number), UTC) > now

    # --- sessions

    def open_session(self, identity: Identity, *, for_browser: bool = True) -> IssuedSession:
        """Create a session, and return the value of its cookie; ended sessions of all users are deleted.

        Parameters
        ----------
        for_browser
            Whether a person signs in on a page. The credentials made with another session end with it.
        """
        secret, now = secrets.token_urlsafe(32), utc_now()
        parent = identity.credential
        expires_at = parent.earliest(now + self._session_lifetime) or now
        user_id = identity.require(Scope.READ)
        row = SessionRow(
            user_id=user_id,
            secret_hash=_digest(secret),
            scope=identity.scope,
            for_browser=for_browser,
            parent_token_id=parent.token_id,
            created_at=now,
            expires_at=expires_at,
        )
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.add(row)
            _record(session, identity, "sign in", scope=identity.scope, for_browser=for_browser)
        return IssuedSession(secret, max(0, int((expires_at - now).total_seconds())))

    def close_session(self, secret: str) -> None:
        """End a session, and delete the credentials that were made with it."""
        with self._database.write() as session:
            row = session.scalar(select(SessionRow).where(SessionRow.secret_hash == _digest(secret)))
            if row is not None:
                _record(session, identity_of_row(row.user, Scope(row.scope)), "sign out")
                session.delete(row)

    def sign_ins(self, identity: Identity) -> tuple[SignIn, ...]:
        """Return the caller's sessions that have not ended, newest first."""
        user_id = identity.require(Scope.READ)
        with self._database.read() as session:
            rows = session.scalars(
                select(SessionRow)
                .where(SessionRow.user_id == user_id, SessionRow.expires_at > utc_now())
                .order_by(SessionRow.id.desc())
            )
            return tuple(_sign_in(row) for row in rows)

    def end_sign_in(self, identity: Identity, session_id: int) -> None:
        """End a session of the caller, and delete the credentials that were made with it."""
        self._delete_own(identity, SessionRow, session_id, "sign-in")

    # --- tokens

    def issue_token(
        self, identity: Identity, name: str, scope: Scope = Scope.WRITE, *, days: int | None = None
    ) -> IssuedToken:
        """Create a token; its secret is returned, and not stored.

        It ends with the credential of the identity at the latest.

        Raises
        ------
        PermissionDeniedError
            The scope is larger than that of the identity, or ``admin`` for a user who is no administrator.
        """
        user_id = identity.require(scope)
        if scope is Scope.ADMIN and not identity.is_admin:
            message = "Only administrators can have tokens with the scope 'admin'."
            raise PermissionDeniedError(message)
        if not name.strip() or len(name) > 100:
            message = "A token needs a name of 1 to 100 characters, so that you can distinguish your tokens."
            raise InvalidValueError(message, field="name")
        if days is not None and not 1 <= days <= 3650:
            message = f"A token can live 1 to 3650 days, not {days}."
            raise InvalidValueError(message, field="days")
        secret, now, parent = TOKEN_PREFIX + secrets.token_urlsafe(32), utc_now(), identity.credential
        row = TokenRow(
            user_id=user_id,
            secret_hash=_digest(secret),
            name=name.strip(),
            scope=scope,
            created_at=now,
            expires_at=parent.earliest(None if days is None else now + timedelta(days=days)),
            parent_token_id=parent.token_id,
            parent_session_id=parent.session_id,
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            _record(session, identity, "make token", token_id=row.id, name=row.name, scope=scope, days=days)
            return IssuedToken(_token(row), secret)

    def tokens(self, identity: Identity) -> tuple[Token, ...]:
        """Return the caller's tokens, newest first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(TokenRow).where(TokenRow.user_id == identity.require(Scope.READ)).order_by(TokenRow.id.desc())
            )
            return tuple(_token(row) for row in rows)

    def revoke_token(self, identity: Identity, token_id: int) -> None:
        """Revoke a token of the caller, and all credentials that were made with it."""
        self._delete_own(identity, TokenRow, token_id, "token")

    def _delete_own(self, identity: Identity, kind: type[_Owned], number: int, name: str) -> None:
        """Delete a credential of the caller; what was made with it is deleted by the database."""
        user_id = identity.require(Scope.WRITE)
        with self._database.write() as session:
            row = session.get(kind, number)
            if row is None or row.user_id != user_id:
                message = f"You have no {name} number {number}."
                raise NotFoundError(message)
            session.delete(row)
            _record(session, identity, f"revoke {name}", id=number)


def identity_of_row(row: UserRow, scope: Scope, credential: Credential | None = None) -> Identity:
    """Return the identity of an account whose groups are loaded."""
    return Identity(
        user_id=row.id,
        name=row.name,
        is_admin=row.is_admin,
        scope=scope,
        groups=frozenset(group.name for group in row.groups),
        credential=credential or Credential(""),
    )


def _identity(found: Sequence[Row[Any]], credential: Credential) -> Identity:
    """Return the identity of a credential that was found with its account and the groups of it."""
    row = found[0]
    groups = frozenset(each.group_name for each in found if each.group_name is not None)
    return Identity(row.user_id, row.user_name, row.is_admin, Scope(row.scope), groups, credential=credential)


def _with_account(kind: type[SessionRow] | type[TokenRow], *columns: InstrumentedAttribute[Any]) -> Select[Any]:
    """Return the statement that finds a credential by a digest, with its account, in one row for each group of it.

    It stands for every request, so it is made once and loads no objects.
    """
    account = (UserRow.name.label("user_name"), UserRow.is_admin, UserRow.is_active, GroupRow.name.label("group_name"))
    return (
        select(kind.id, kind.user_id, kind.scope, kind.expires_at, *columns, *account)
        .join(UserRow, UserRow.id == kind.user_id)
        .outerjoin(group_members, group_members.c.user_id == UserRow.id)
        .outerjoin(GroupRow, GroupRow.id == group_members.c.group_id)
        .where(kind.secret_hash == bindparam("digest"))
    )


_TOKENS = _with_account(TokenRow, TokenRow.last_used_at)
_SESSIONS = _with_account(SessionRow, SessionRow.for_browser, SessionRow.parent_token_id)


def password_credential(row: UserRow) -> Credential:
    """Return the credential of an account's password; it is no longer valid when the password changes."""
    return Credential(f"password:{row.id}:{_digest(row.password_hash or '')[:16]}")


def _record(session: Session, identity: Identity, action: str, **details: object) -> None:
    """Add what an account did with its credentials to the audit log."""
    record(session, identity, action, Subject.USER, identity.user_id, identity.name or "", **details)


def _digest(secret: str) -> str:
    # The secrets are 256 random bits, so a fast hash without salt is enough.
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: TokenRow) -> Token:
    return Token(
        row.id,
        row.name,
        Scope(row.scope),
        row.created_at,
        row.expires_at,
        row.last_used_at,
        row.parent_token_id,
        row.parent_session_id,
    )


def _sign_in(row: SessionRow) -> SignIn:
    return SignIn(row.id, row.for_browser, Scope(row.scope), row.created_at, row.expires_at, row.parent_token_id)
