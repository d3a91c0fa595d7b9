"""Account service: accounts, sign-in, tokens and sessions."""

import re

from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from core.auth.attempts import SignInAttempts
from core.auth.audit import Subject, record
from core.auth.credentials import TOKEN_PREFIX, CredentialService, identity_of_row, password_credential
from core.auth.models import ANONYMOUS, Identity, Scope, User
from core.auth.password_rules import check_new_password
from core.auth.passwords import Passwords
from core.auth.schema import SessionRow, TokenRow, UserRow
from core.database import Database, ignoring_storage_errors, utc_now
from core.errors import (
    AuthenticationError,
    ConflictError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    TooManyAttemptsError,
)

__all__ = ["ACCOUNT_NAME", "AccountService"]

#: Pattern of account names.
ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}")


class AccountService(CredentialService):
    """Operations on accounts and their passwords, and on the tokens and sessions of accounts.

    Parameters
    ----------
    session_hours
        Longest lifetime of a session.
    login_attempts
        Failed sign-ins of one account from one address in 15 minutes after which the address waits.
    login_attempts_address
        The same for all accounts together.
    """

    def __init__(
        self,
        database: Database,
        *,
        session_hours: int = 72,
        login_attempts: int = 10,
        login_attempts_address: int = 20,
    ) -> None:
        super().__init__(database, session_hours=session_hours)
        self._passwords = Passwords()
        self._attempts = SignInAttempts(database, per_account=login_attempts, per_address=login_attempts_address)

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
        if password is not None:
            check_new_password(password, name)
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
        """Set the password of an account, and end all its sessions."""
        check_new_password(password, name)
        with self._database.write() as session:
            row = _user_row(session, name)
            row.password_hash = self._passwords.hash(password)
            session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))

    def change_password(
        self, identity: Identity, old: str, new: str, *, address: str = "", with_tokens: bool = False
    ) -> Identity:
        """Change the caller's own password, and end all sessions; return the identity of a new sign-in.

        Parameters
        ----------
        with_tokens
            Whether all tokens are revoked as well.

        Raises
        ------
        InvalidValueError
            The old password is wrong, or the new one cannot be used.
        PermissionDeniedError
            The request signed in by a token, or by a session that a program opened.
        """
        user_id = identity.require(Scope.ADMIN)
        if identity.credential.token_id is not None or identity.credential.session_id is not None:
            message = "A password is changed on the page of the account, after a sign-in there, and by no token."
            raise PermissionDeniedError(message)
        name = identity.name or ""
        check_new_password(new, name)
        try:
            self.identity_of_password(name, old, address)
        except TooManyAttemptsError:
            raise
        except AuthenticationError as e:
            message = "This is not your present password."
            raise InvalidValueError(message, field="old") from e
        self.set_password(name, new)
        with self._database.write() as session:
            revoked = (
                with_tokens
                and session.scalars(delete(TokenRow).where(TokenRow.user_id == user_id).returning(TokenRow.id)).all()
            )
            record(session, identity, "change password", Subject.USER, user_id, name, tokens_revoked=len(revoked or ()))
        return self.identity_of_password(name, new, address)

    def has_password(self, identity: Identity) -> bool:
        """Return whether the caller can sign in with a password."""
        with self._database.read() as session:
            row = session.get(UserRow, identity.require(Scope.READ))
        return row is not None and row.password_hash is not None

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

    def identity_of_password(self, name: str, password: str, address: str = "") -> Identity:
        """Return the identity of a name and password; AuthenticationError does not reveal which of them is wrong.

        Parameters
        ----------
        address
            Key of the address of the request, for the limits of failures (`core.auth.callers`).
        """
        if not ACCOUNT_NAME.fullmatch(name):
            # No account can have such a name; the check takes as long, and counts for the address.
            name = ""
        self._attempts.check(name, address)
        with self._database.read() as session:
            row = session.scalar(_with_groups().where(UserRow.name == name, UserRow.is_active))
        if not self._passwords.matches(password, row.password_hash if row else None) or row is None:
            self._attempts.add_failure(name, address)
            # For unknown accounts as well, which take as long. Their names are not kept: some are passwords.
            with ignoring_storage_errors(), self._database.write() as session:
                about = (row.id, row.name) if row is not None else (None, "unknown account")
                record(session, ANONYMOUS, "fail to sign in", Subject.USER, *about, address=address)
            message = "Unable to sign in with this name and password."
            raise AuthenticationError(message)
        self._attempts.add_success(name, address)
        return identity_of_row(row, Scope.ADMIN, password_credential(row))

    def identity_of_basic(self, name: str, password: str, address: str = "") -> Identity:
        """Return the identity of a name with a password or, in its place, a token of the account.

        Programs that support only names and passwords can thus be used by users who sign in at another service, and no
        user needs to give a password to a program.
        """
        if password.startswith(TOKEN_PREFIX):
            try:
                identity = self.identity_of_token(password)
            except AuthenticationError:
                return self.identity_of_password(name, password, address)
            if identity.name == name:
                return identity
        return self.identity_of_password(name, password, address)

    def identity_of_user(self, name: str, scope: Scope = Scope.ADMIN) -> Identity:
        """Return the identity of an active account, for its jobs and for commands of the operator."""
        with self._database.read() as session:
            row = session.scalar(_with_groups().where(UserRow.name == name, UserRow.is_active))
        if row is None:
            message = f"There is no account named '{name}'."
            raise NotFoundError(message)
        return identity_of_row(row, scope)


def _user_row(session: Session, name: str) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    if row is None:
        message = f"There is no account named '{name}'."
        raise NotFoundError(message)
    return row


def _with_groups() -> Select[UserRow]:
    return select(UserRow).options(selectinload(UserRow.groups))


def _user(row: UserRow) -> User:
    return User(row.id, row.name, row.first_name, row.last_name, row.email, row.is_admin, row.created_at)
