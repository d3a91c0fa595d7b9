"""Sign-in with a password or a token in its place, and changes of one's own password."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.auth.audit import AuditRow
from core.auth.models import ANONYMOUS, Scope
from core.auth.schema import UserRow
from core.auth.service import AccountService
from core.database import Database
from core.errors import (
    AuthenticationError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    TooManyAttemptsError,
)
from tests.support.databases import EmptySQLite

PASSWORD, NEW = "correct horse battery", "another horse battery"


@pytest.fixture
def database(empty_sqlite: EmptySQLite, tmp_path: Path) -> Iterator[Database]:
    database = Database(empty_sqlite.database(tmp_path / "photoz.sqlite"))
    yield database
    database.close()


@pytest.fixture
def accounts(database: Database) -> AccountService:
    accounts = AccountService(database, login_attempts=2, login_attempts_address=4)
    accounts.add_user("alice", PASSWORD)
    accounts.add_user("bob", None)
    return accounts


def close(database: Database, name: str) -> None:
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == name).values(is_active=False))


def test_a_token_stands_in_the_place_of_its_owners_password(accounts: AccountService):
    token = accounts.issue_token(accounts.identity_of_user("bob"), "t", Scope.READ).secret
    identity = accounts.identity_of_basic("bob", token)
    assert (identity.name, identity.scope, identity.credential.token_id is None) == ("bob", Scope.READ, False)
    assert accounts.identity_of_basic("alice", PASSWORD).scope is Scope.ADMIN
    for name, secret in (("alice", token), ("bob", token + "x"), ("bob", "pz-"), ("bob", ""), ("carol", PASSWORD)):
        with pytest.raises(AuthenticationError):
            accounts.identity_of_basic(name, secret, f"address of {name}")


def test_a_password_that_looks_like_a_token_is_a_password(accounts: AccountService):
    accounts.set_password("alice", "pz-correct horse battery")
    assert accounts.identity_of_basic("alice", "pz-correct horse battery").name == "alice"


def test_wrong_passwords_count_for_the_account_and_names_that_cannot_be_for_the_address(accounts: AccountService):
    for _ in range(2):
        with pytest.raises(AuthenticationError, match="Unable"):
            accounts.identity_of_password("alice", "wrong", "here")
    with pytest.raises(TooManyAttemptsError):
        accounts.identity_of_password("alice", PASSWORD, "here")
    assert accounts.identity_of_password("alice", PASSWORD, "elsewhere").name == "alice"
    for name in ("a b", "c d"):
        with pytest.raises(AuthenticationError, match="Unable"):
            accounts.identity_of_password(name, PASSWORD, "here")
    with pytest.raises(TooManyAttemptsError):
        accounts.identity_of_password("bob", PASSWORD, "here")


def test_a_success_clears_the_failures(accounts: AccountService):
    for password in ("wrong", PASSWORD, "wrong", PASSWORD):
        if password == PASSWORD:
            assert accounts.identity_of_password("alice", password, "here").name == "alice"
        else:
            with pytest.raises(AuthenticationError, match="Unable"):
                accounts.identity_of_password("alice", password, "here")


def test_only_active_accounts_are_found_for_jobs_and_listed(accounts: AccountService, database: Database):
    assert [user.name for user in accounts.users()] == ["alice", "bob"]
    close(database, "bob")
    assert [user.name for user in accounts.users()] == ["alice"]
    assert accounts.count_users() == 2
    for name in ("bob", "nobody"):
        with pytest.raises(NotFoundError):
            accounts.identity_of_user(name)
    close(database, "alice")
    with pytest.raises(AuthenticationError):
        accounts.identity_of_password("alice", PASSWORD)
    assert accounts.user("alice").name == "alice"
    for find in (accounts.user, lambda name: accounts.set_password(name, PASSWORD)):
        with pytest.raises(NotFoundError):
            find("nobody")


def test_a_new_account_has_what_was_asked(accounts: AccountService):
    made = accounts.add_user("carol", PASSWORD, first_name="C", last_name="D", email="c@d.org")
    assert (made.is_admin, made.first_name, made.last_name, made.email) == (False, "C", "D", "c@d.org")
    assert not accounts.identity_of_password("carol", PASSWORD).is_admin
    has = {name: accounts.has_password(accounts.identity_of_user(name)) for name in ("alice", "bob")}
    assert has == {"alice": True, "bob": False}
    with pytest.raises(AuthenticationError):
        accounts.has_password(ANONYMOUS)


@pytest.mark.parametrize("with_tokens", [False, True])
def test_a_change_of_password_ends_sessions_and_tokens_if_wished(accounts: AccountService, with_tokens: bool):
    alice = accounts.identity_of_password("alice", PASSWORD)
    cookie, token = accounts.open_session(alice).secret, accounts.issue_token(alice, "t", Scope.READ).secret
    other = accounts.issue_token(accounts.identity_of_user("bob"), "t", Scope.READ).secret
    page = accounts.identity_of_session(cookie)
    changed = accounts.change_password(page, PASSWORD, NEW, with_tokens=with_tokens)
    assert changed.credential.key == accounts.identity_of_password("alice", NEW).credential.key
    assert accounts.identity_of_session(cookie) is None
    if with_tokens:
        with pytest.raises(AuthenticationError):
            accounts.identity_of_token(token)
    else:
        assert accounts.identity_of_token(token).name == "alice"
    assert accounts.identity_of_token(other).name == "bob"
    with pytest.raises(AuthenticationError):
        accounts.identity_of_password("alice", PASSWORD)


def test_a_password_is_changed_by_its_owner_on_a_page_alone(accounts: AccountService):
    alice = accounts.identity_of_password("alice", PASSWORD)
    by_program = accounts.identity_of_session(accounts.open_session(alice, for_browser=False).secret)
    by_token = accounts.identity_of_token(accounts.issue_token(alice, "t", Scope.WRITE).secret)
    reading = accounts.identity_of_user("alice", Scope.READ)
    for who, error in (
        (by_program, PermissionDeniedError),
        (by_token, PermissionDeniedError),
        (reading, PermissionDeniedError),
        (ANONYMOUS, AuthenticationError),
    ):
        with pytest.raises(error):
            accounts.change_password(who, PASSWORD, NEW)
    with pytest.raises(InvalidValueError, match="present password"):
        accounts.change_password(alice, "wrong", NEW, address="here")
    with pytest.raises(InvalidValueError, match="12 characters"):
        accounts.change_password(alice, PASSWORD, "short", address="here")
    with pytest.raises(InvalidValueError, match="present password"):
        accounts.change_password(alice, "wrong", NEW, address="here")
    with pytest.raises(TooManyAttemptsError):
        accounts.change_password(alice, PASSWORD, NEW, address="here")
    assert accounts.identity_of_password("alice", PASSWORD).name == "alice"


def test_a_token_of_an_administrator_changes_no_password(accounts: AccountService):
    accounts.add_user("root", PASSWORD, is_admin=True)
    root = accounts.identity_of_password("root", PASSWORD)
    token = accounts.identity_of_token(accounts.issue_token(root, "t", Scope.ADMIN).secret)
    cookie = accounts.identity_of_session(accounts.open_session(root, for_browser=False).secret)
    for who in (token, cookie):
        with pytest.raises(PermissionDeniedError, match="by no token"):
            accounts.change_password(who, PASSWORD, NEW)


def test_a_change_of_password_is_in_the_audit_log(accounts: AccountService, database: Database):
    alice = accounts.identity_of_password("alice", PASSWORD)
    token = accounts.issue_token(alice, "t", Scope.READ).secret
    again = accounts.change_password(alice, PASSWORD, NEW)
    assert accounts.identity_of_token(token).name == "alice"
    accounts.change_password(again, NEW, PASSWORD, with_tokens=True)
    with database.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "change password").order_by(AuditRow.id)).all()
    assert [(row.actor, row.subject_id, row.subject) for row in rows] == [("alice", alice.user_id, "alice")] * 2
    assert [row.details["tokens_revoked"] for row in rows] == [0, 1]


def test_a_failed_sign_in_is_in_the_audit_log_without_the_names_of_no_account(
    accounts: AccountService, database: Database
):
    for name, password in (("alice", "wrong"), ("bob", PASSWORD), ("a secret", PASSWORD), ("alice", PASSWORD)):
        with suppress(AuthenticationError):
            accounts.identity_of_password(name, password, f"address of {name}")
    with database.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "fail to sign in").order_by(AuditRow.id)).all()
        found = [(row.actor_id, row.kind, row.subject_id, row.subject, row.details) for row in rows]
    alice, bob = accounts.user("alice").id, accounts.user("bob").id
    assert found == [
        (None, "user", alice, "alice", {"address": "address of alice"}),
        (None, "user", bob, "bob", {"address": "address of bob"}),
        (None, "user", None, "unknown account", {"address": "address of a secret"}),
    ]


def test_a_password_that_anybody_guesses_is_not_set(accounts: AccountService):
    for password in ("short", "passwordpassword", "alicealicealice"):
        with pytest.raises(InvalidValueError):
            accounts.set_password("alice", password)
    assert accounts.identity_of_password("alice", PASSWORD).name == "alice"


def test_an_account_is_no_administrator_unless_it_was_asked_and_has_its_number_at_once(accounts: AccountService):
    made = accounts.add_user("carol", None)
    assert (made.is_admin, made.id) == (False, accounts.user("carol").id)
    assert accounts.add_user("root", None, is_admin=True).is_admin
    assert not accounts.identity_of_user("carol").is_admin
