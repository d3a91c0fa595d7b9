"""Accounts, tokens and sessions, on both databases."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.auth.models import ANONYMOUS, Scope
from core.auth.schema import SessionRow, TokenRow, UserRow
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.errors import AuthenticationError, ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError

PASSWORD = "correct horse"


@pytest.fixture
def accounts(database: Database) -> AccountService:
    accounts = AccountService(database, login_attempts=3)
    accounts.add_user("alice", PASSWORD)
    accounts.add_user("root", None, is_admin=True)
    return accounts


def test_a_password_is_stored_as_argon2id_and_gives_an_identity(accounts: AccountService, database: Database):
    identity = accounts.identity_of_password("alice", PASSWORD)
    assert (identity.name, identity.is_admin) == ("alice", False)
    with database.read() as session:
        stored = session.scalar(select(UserRow.password_hash).where(UserRow.name == "alice"))
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize(("name", "password"), [("alice", "wrong horse"), ("nobody", PASSWORD), ("alice", "")])
def test_a_wrong_name_and_a_wrong_password_give_the_same_error(accounts: AccountService, name: str, password: str):
    with pytest.raises(AuthenticationError, match="Unable to sign in with this name and password"):
        accounts.identity_of_password(name, password)


def test_too_many_failures_make_even_the_right_password_wait(accounts: AccountService):
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            accounts.identity_of_password("alice", "wrong horse")
    with pytest.raises(AuthenticationError, match="Too many failed sign-ins"):
        accounts.identity_of_password("alice", PASSWORD)
    accounts.set_password("root", PASSWORD)
    assert accounts.identity_of_password("root", PASSWORD).is_admin


def test_a_new_password_ends_sessions_and_the_old_password(accounts: AccountService):
    session = accounts.open_session(accounts.identity_of_password("alice", PASSWORD)).secret
    accounts.set_password("alice", "another horse")
    assert accounts.identity_of_session(session) is None
    with pytest.raises(AuthenticationError):
        accounts.identity_of_password("alice", PASSWORD)


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 151, "a\nb"])
def test_odd_account_names_are_refused(accounts: AccountService, name: str):
    with pytest.raises(InvalidValueError):
        accounts.add_user(name, PASSWORD)


def test_a_taken_name_and_a_short_password_are_refused(accounts: AccountService):
    with pytest.raises(ConflictError, match="already an account named 'alice'"):
        accounts.add_user("alice", PASSWORD)
    with pytest.raises(InvalidValueError, match="at least 12 characters"):
        accounts.add_user("bob", "short")


def test_a_token_is_shown_once_and_stored_as_its_sha256(accounts: AccountService, database: Database):
    issued = accounts.issue_token(accounts.identity_of_user("alice"), "laptop", Scope.READ, days=7)
    assert issued.secret not in repr(issued)
    with database.read() as session:
        row = session.scalars(select(TokenRow)).one()
    assert row.secret_hash == hashlib.sha256(issued.secret.encode()).hexdigest()
    assert [token.name for token in accounts.tokens(accounts.identity_of_user("alice"))] == ["laptop"]
    identity = accounts.identity_of_token(issued.secret)
    assert (identity.name, identity.scope) == ("alice", Scope.READ)


def test_a_user_has_several_tokens_and_revokes_one_at_once(accounts: AccountService):
    alice = accounts.identity_of_user("alice")
    first, second = (accounts.issue_token(alice, name, Scope.WRITE) for name in ("a", "b"))
    accounts.revoke_token(alice, first.token.id)
    with pytest.raises(AuthenticationError):
        accounts.identity_of_token(first.secret)
    assert accounts.identity_of_token(second.secret).name == "alice"


def test_a_stranger_cannot_revoke_a_token(accounts: AccountService):
    issued = accounts.issue_token(accounts.identity_of_user("alice"), "a", Scope.WRITE)
    with pytest.raises(NotFoundError):
        accounts.revoke_token(accounts.identity_of_user("root"), issued.token.id)


def test_an_expired_token_says_so(accounts: AccountService, database: Database):
    issued = accounts.issue_token(accounts.identity_of_user("alice"), "a", Scope.READ, days=1)
    with database.write() as session:
        session.execute(update(TokenRow).values(expires_at=utc_now() - timedelta(seconds=1)))
    with pytest.raises(AuthenticationError, match="This token ended on"):
        accounts.identity_of_token(issued.secret)


def test_a_token_cannot_make_a_wider_one(accounts: AccountService):
    reader = accounts.identity_of_token(accounts.issue_token(accounts.identity_of_user("root"), "a", Scope.READ).secret)
    with pytest.raises(PermissionDeniedError):
        accounts.issue_token(reader, "b", Scope.WRITE)
    assert not reader.acts_as_admin


def test_only_administrators_have_admin_tokens(accounts: AccountService):
    with pytest.raises(PermissionDeniedError, match="Only administrators"):
        accounts.issue_token(accounts.identity_of_user("alice"), "a", Scope.ADMIN)
    secret = accounts.issue_token(accounts.identity_of_user("root"), "a", Scope.ADMIN).secret
    assert accounts.identity_of_token(secret).acts_as_admin


def test_an_inactive_user_has_no_identity(accounts: AccountService, database: Database):
    alice = accounts.identity_of_user("alice")
    token, session_secret = accounts.issue_token(alice, "a", Scope.READ).secret, accounts.open_session(alice).secret
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "alice").values(is_active=False))
    assert accounts.identity_of_session(session_secret) is None
    with pytest.raises(AuthenticationError):
        accounts.identity_of_token(token)
    with pytest.raises(AuthenticationError):
        accounts.identity_of_password("alice", PASSWORD)


def test_a_session_ends_by_logout_and_by_time(accounts: AccountService, database: Database):
    alice = accounts.identity_of_user("alice")
    first, second = accounts.open_session(alice).secret, accounts.open_session(alice).secret
    accounts.close_session(first)
    assert accounts.identity_of_session(first) is None
    with database.write() as session:
        session.execute(update(SessionRow).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert accounts.identity_of_session(second) is None


def test_nobody_has_no_tokens():
    with pytest.raises(AuthenticationError, match="Sign in first"):
        ANONYMOUS.require(Scope.READ)
