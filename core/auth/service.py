"""Account service: accounts, sign-in, tokens and sessions."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from core.auth.models import Identity, IssuedToken, Scope, Token, User
from core.auth.passwords import FailureCounter, Passwords
from core.auth.schema import SessionRow, TokenRow, UserRow
from core.database import Database, utc_now
from core.errors import AuthenticationError, ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError

__all__ = ["ACCOUNT_NAME", "AccountService", "identity_of_row"]

#: Pattern of account names.
ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}")
_SHORTEST_PASSWORD = 8
_TOKEN_PREFIX = "pz-"  # noqa: S105 - a prefix by which leaked tokens can be recognised, not a secret
_LAST_USED_STEP = timedelta(minutes=1)


class AccountService:
    """Operations on accounts, their tokens and their sessions.

    Parameters
    ----------
    session_hours
        Lifetime of a session.
    login_attempts
        Failed sign-ins of one account in 15 minutes after which it is locked.
    """

    def __init__(self, database: Database, *, session_hours: int = 72, login_attempts: int = 10) -> None:
        self._database = database
        self._session_lifetime = timedelta(hours=session_hours)
        self._passwords = Passwords()
        self._failures = FailureCounter(login_attempts)

    @property
    def session_seconds(self) -> int:
        """Lifetime of a session."""
        return int(self._session_lifetime.total_seconds())

    # --- accounts

    def add_user(
        self,
        name: str,
        password: str | None,
        *,
        is_admin: bool = False,
        first_name: str = "",
        last_name: str = "",
        email: str = "",
    ) -> User:
        """Create an account.

        Raises
        ------
        InvalidValueError
            The name or the password cannot be used.
        ConflictError
            An account of this name exists.
        """
        if not ACCOUNT_NAME.fullmatch(name):
            message = f"'{name}' cannot be an account's name: use letters, digits and . _ @ + -, at most 150 of them."
            raise InvalidValueError(message, field="name")
        _check_password(password)
        row = UserRow(
            name=name,
            password_hash=None if password is None else self._passwords.hash(password),
            is_admin=is_admin,
            first_name=first_name,
            last_name=last_name,
            email=email,
            is_active=True,
            created_at=utc_now(),
        )
        try:
            with self._database.write() as session:
                session.add(row)
                session.flush()
                return _user(row)
        except IntegrityError as e:
            message = f"There is already an account named '{name}'."
            raise ConflictError(message, field="name") from e

    def set_password(self, name: str, password: str) -> None:
        """Change a password, and end all sessions of the account."""
        _check_password(password)
        with self._database.write() as session:
            row = _user_row(session, name)
            row.password_hash = self._passwords.hash(password)
            session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))

    def user(self, name: str) -> User:
        """Return an account by its name, or raise NotFoundError."""
        with self._database.read() as session:
            return _user(_user_row(session, name))

    def users(self) -> tuple[User, ...]:
        """Return all active accounts, by name."""
        with self._database.read() as session:
            rows = session.scalars(select(UserRow).where(UserRow.is_active).order_by(UserRow.name))
            return tuple(_user(row) for row in rows)

    def count_users(self) -> int:
        """Count the accounts."""
        with self._database.read() as session:
            return session.scalar(select(func.count(UserRow.id))) or 0

    # --- credentials to identities

    def identity_of_password(self, name: str, password: str) -> Identity:
        """Return the identity of a name and password; AuthenticationError does not reveal which of them is wrong."""
        if not ACCOUNT_NAME.fullmatch(name):
            # No account can have such a name: there is nothing to count, and the check takes as long.
            name = ""
        self._failures.check(name)
        with self._database.read() as session:
            row = session.scalar(_with_groups().where(UserRow.name == name, UserRow.is_active))
        if not self._passwords.matches(password, row.password_hash if row else None) or row is None:
            if name:
                self._failures.add(name)
            message = "Unable to sign in with this name and password."
            raise AuthenticationError(message)
        self._failures.clear(name)
        return identity_of_row(row, Scope.ADMIN)

    def identity_of_basic(self, name: str, password: str) -> Identity:
        """Return the identity of a name with a password or, in its place, a token of the account.

        Programs that support only names and passwords can thus be used by users who sign in at another service, and no
        user needs to give a password to a program.
        """
        if password.startswith(_TOKEN_PREFIX):
            try:
                identity = self.identity_of_token(password)
            except AuthenticationError:
                return self.identity_of_password(name, password)
            if identity.name == name:
                return identity
        return self.identity_of_password(name, password)

    def identity_of_token(self, secret: str) -> Identity:
        """Return the identity of a token, or raise AuthenticationError."""
        now = utc_now()
        with self._database.read() as session:
            row = session.scalar(
                select(TokenRow)
                .where(TokenRow.secret_hash == _digest(secret))
                .options(selectinload(TokenRow.user).selectinload(UserRow.groups))
            )
        if row is None or not row.user.is_active:
            message = "Invalid token."
            raise AuthenticationError(message)
        if row.expires_at is not None and row.expires_at <= now:
            message = f"This token ended on {row.expires_at:%Y-%m-%d}. Make a new one."
            raise AuthenticationError(message)
        if row.last_used_at is None or now - row.last_used_at > _LAST_USED_STEP:
            with self._database.write() as session:
                session.execute(update(TokenRow).where(TokenRow.id == row.id).values(last_used_at=now))
        return identity_of_row(row.user, Scope(row.scope))

    def identity_of_session(self, secret: str) -> Identity | None:
        """Return the identity of a session cookie; None when the session has ended or does not exist."""
        with self._database.read() as session:
            row = session.scalar(
                select(SessionRow)
                .where(SessionRow.secret_hash == _digest(secret), SessionRow.expires_at > utc_now())
                .options(selectinload(SessionRow.user).selectinload(UserRow.groups))
            )
        return identity_of_row(row.user, Scope(row.scope)) if row is not None and row.user.is_active else None

    # --- sessions

    def open_session(self, identity: Identity) -> str:
        """Create a session, and return the value of its cookie; ended sessions of all users are deleted.

        The session has the scope of the identity, so that a token cannot create a session with a larger scope.
        """
        secret, now = secrets.token_urlsafe(32), utc_now()
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.add(
                SessionRow(
                    user_id=identity.require(Scope.READ),
                    secret_hash=_digest(secret),
                    scope=identity.scope,
                    created_at=now,
                    expires_at=now + self._session_lifetime,
                )
            )
        return secret

    def close_session(self, secret: str) -> None:
        """End a session."""
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.secret_hash == _digest(secret)))

    # --- tokens

    def issue_token(
        self, identity: Identity, name: str, scope: Scope = Scope.WRITE, *, days: int | None = None
    ) -> IssuedToken:
        """Create a token; its secret is returned, and not stored.

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
        return self._store_token(
            user_id, name.strip(), scope, None if days is None else utc_now() + timedelta(days=days)
        )

    def tokens(self, identity: Identity) -> tuple[Token, ...]:
        """Return the caller's tokens, newest first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(TokenRow).where(TokenRow.user_id == identity.require(Scope.READ)).order_by(TokenRow.id.desc())
            )
            return tuple(_token(row) for row in rows)

    def revoke_token(self, identity: Identity, token_id: int) -> None:
        """Revoke a token of the caller."""
        user_id = identity.require(Scope.WRITE)
        with self._database.write() as session:
            row = session.get(TokenRow, token_id)
            if row is None or row.user_id != user_id:
                message = f"You have no token number {token_id}."
                raise NotFoundError(message)
            session.delete(row)

    def _store_token(self, user_id: int, name: str, scope: Scope, expires_at: datetime | None) -> IssuedToken:
        secret = _TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = TokenRow(
            user_id=user_id,
            secret_hash=_digest(secret),
            name=name,
            scope=scope,
            created_at=utc_now(),
            expires_at=expires_at,
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            return IssuedToken(_token(row), secret)

    def identity_of_user(self, name: str, scope: Scope = Scope.ADMIN) -> Identity:
        """Return the identity of an active account, for its jobs and for commands of the operator."""
        with self._database.read() as session:
            row = session.scalar(_with_groups().where(UserRow.name == name, UserRow.is_active))
        if row is None:
            message = f"There is no account named '{name}'."
            raise NotFoundError(message)
        return identity_of_row(row, scope)


def _check_password(password: str | None) -> None:
    if password is not None and len(password) < _SHORTEST_PASSWORD:
        message = f"A password needs at least {_SHORTEST_PASSWORD} characters."
        raise InvalidValueError(message, field="password")


def _user_row(session: Session, name: str) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    if row is None:
        message = f"There is no account named '{name}'."
        raise NotFoundError(message)
    return row


def _with_groups() -> Select[UserRow]:
    return select(UserRow).options(selectinload(UserRow.groups))


def _digest(secret: str) -> str:
    # The secrets are 256 random bits, so a fast hash without salt is enough.
    return hashlib.sha256(secret.encode()).hexdigest()


def identity_of_row(row: UserRow, scope: Scope) -> Identity:
    """Return the identity of an account whose groups are loaded."""
    return Identity(
        user_id=row.id,
        name=row.name,
        is_admin=row.is_admin,
        scope=scope,
        groups=frozenset(group.name for group in row.groups),
    )


def _user(row: UserRow) -> User:
    return User(row.id, row.name, row.first_name, row.last_name, row.email, row.is_admin, row.created_at)


def _token(row: TokenRow) -> Token:
    return Token(row.id, row.name, Scope(row.scope), row.created_at, row.expires_at, row.last_used_at)
