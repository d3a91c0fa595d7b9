"""Which credentials are valid, whose they are, and what those that they make may do at most."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

import core.auth.credentials
from core.auth.audit import AuditRow
from core.auth.models import ANONYMOUS, Credential, Identity, Scope
from core.auth.schema import GroupRow, SessionRow, TokenRow, UserRow
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.errors import AuthenticationError, InvalidValueError, NotFoundError, PermissionDeniedError
from tests.support.databases import EmptySQLite

HOUR = timedelta(hours=1)


@pytest.fixture
def database(empty_sqlite: EmptySQLite, tmp_path: Path) -> Iterator[Database]:
    database = Database(empty_sqlite.database(tmp_path / "photoz.sqlite"))
    yield database
    database.close()


@pytest.fixture
def accounts(database: Database) -> AccountService:
    accounts = AccountService(database, session_hours=10)
    for name in ("alice", "bob", "root"):
        accounts.add_user(name, None, is_admin=name == "root")
    return accounts


@pytest.fixture
def alice(accounts: AccountService) -> Identity:
    return accounts.identity_of_user("alice")


def expire(database: Database, table: type[TokenRow] | type[SessionRow], when: datetime) -> None:
    with database.write() as session:
        session.execute(update(table).values(expires_at=when))


def test_a_token_holds_until_its_end(accounts: AccountService, database: Database, alice: Identity):
    forever = accounts.issue_token(alice, "a", Scope.READ)
    assert forever.token.expires_at is None
    identity = accounts.identity_of_token(forever.secret)
    key = identity.credential.key
    assert identity.credential == Credential(key, token_id=forever.token.id)
    assert accounts.is_valid(key)
    expire(database, TokenRow, utc_now() + HOUR)
    assert accounts.identity_of_token(forever.secret).credential.expires_at is not None
    assert accounts.is_valid(key)
    expire(database, TokenRow, utc_now() - timedelta(seconds=1))
    assert not accounts.is_valid(key)
    with pytest.raises(AuthenticationError, match="This token ended on"):
        accounts.identity_of_token(forever.secret)
    with pytest.raises(AuthenticationError, match="Invalid token"):
        accounts.identity_of_token(forever.secret + "x")
    accounts.revoke_token(alice, forever.token.id)
    assert not accounts.is_valid(key)


def test_the_last_use_of_a_token_is_stored_once_a_minute(accounts: AccountService, database: Database, alice: Identity):
    secret = accounts.issue_token(alice, "a", Scope.READ).secret
    used = []
    for ago in (0, 50, 70):
        with database.write() as session:
            if ago:
                session.execute(update(TokenRow).values(last_used_at=utc_now() - timedelta(seconds=ago)))
        accounts.identity_of_token(secret)
        used.append(utc_now() - accounts.tokens(alice)[0].last_used_at)
    assert [each < timedelta(seconds=30) for each in used] == [True, False, True]


@pytest.mark.parametrize("for_browser", [True, False])
def test_a_session_holds_until_its_end(
    accounts: AccountService, database: Database, alice: Identity, for_browser: bool
):
    secret = accounts.open_session(alice, for_browser=for_browser).secret
    (listed,) = accounts.sign_ins(alice)
    assert listed.for_browser is for_browser
    identity = accounts.identity_of_session(secret)
    key = f"session:{listed.id}"
    assert (identity.name, identity.scope, identity.credential.key) == ("alice", Scope.ADMIN, key)
    assert (identity.credential.session_id is None) is for_browser  # a person stands for themselves
    assert (identity.credential.expires_at is None) is for_browser
    assert accounts.is_valid(key)
    assert accounts.identity_of_session(secret + "x") is None
    expire(database, SessionRow, utc_now() - timedelta(seconds=1))
    assert accounts.identity_of_session(secret) is None
    assert not accounts.is_valid(key)
    assert accounts.sign_ins(alice) == ()
    accounts.open_session(alice)  # clears those that have ended
    expire(database, SessionRow, utc_now() + HOUR)
    assert len(accounts.sign_ins(alice)) == 1
    assert accounts.identity_of_session(secret) is None


def test_a_closed_account_has_no_identity(accounts: AccountService, database: Database, alice: Identity):
    token, cookie = accounts.issue_token(alice, "a", Scope.READ).secret, accounts.open_session(alice).secret
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "alice").values(is_active=False))
    with pytest.raises(AuthenticationError, match="Invalid token"):
        accounts.identity_of_token(token)
    assert accounts.identity_of_session(cookie) is None


def test_the_cookie_of_a_browser_that_a_token_made_remembers_it(accounts: AccountService, alice: Identity):
    token = accounts.issue_token(alice, "a", Scope.READ, days=1)
    cookie = accounts.open_session(accounts.identity_of_token(token.secret)).secret
    identity = accounts.identity_of_session(cookie)
    (listed,) = accounts.sign_ins(alice)
    assert (listed.parent_id, identity.scope, listed.for_browser) == (token.token.id, Scope.READ, True)
    assert identity.credential.session_id == listed.id
    assert listed.expires_at <= token.token.expires_at
    child = accounts.issue_token(identity, "b", Scope.READ)
    assert (child.token.parent_session_id, child.token.parent_id) == (listed.id, None)
    assert child.token.expires_at == listed.expires_at
    accounts.revoke_token(alice, token.token.id)
    assert accounts.identity_of_session(cookie) is None
    with pytest.raises(AuthenticationError):
        accounts.identity_of_token(child.secret)


def test_a_cookie_lasts_as_long_as_what_made_it_and_as_long_as_the_setting_at_most(
    accounts: AccountService, alice: Identity
):
    assert accounts.open_session(alice).seconds == pytest.approx(36_000, abs=5)
    short = Identity(
        user_id=alice.user_id, name="alice", is_admin=False, scope=Scope.WRITE, groups=frozenset(),
        credential=Credential("", expires_at=utc_now() + HOUR),
    )  # fmt: skip
    assert accounts.open_session(short).seconds == pytest.approx(3600, abs=5)
    with pytest.raises(AuthenticationError):
        accounts.open_session(ANONYMOUS)


def test_keys_of_passwords_and_of_times_hold_and_end(accounts: AccountService, database: Database, alice: Identity):
    accounts.set_password("alice", "correct horse battery")
    key = accounts.identity_of_password("alice", "correct horse battery").credential.key
    assert key.startswith(f"password:{alice.user_id}:")
    assert accounts.is_valid(key)
    accounts.set_password("alice", "another horse battery")
    assert not accounts.is_valid(key)
    assert not accounts.is_valid("password:999:abc")
    now = int(datetime.now(UTC).timestamp())
    found = {key: accounts.is_valid(key) for key in ("", f"until:{now + 60}", f"until:{now - 60}", f"other:{now + 60}")}
    assert list(found.values()) == [True, True, False, False]
    assert not accounts.is_valid("token:999")
    assert not accounts.is_valid("session:999")


def test_tokens_have_a_name_a_time_and_a_scope_that_their_maker_has(accounts: AccountService, alice: Identity):
    root = accounts.identity_of_user("root")
    for days in (1, 3650, None):
        ends = accounts.issue_token(alice, "x" * 100, Scope.WRITE, days=days).token.expires_at
        assert (ends is None) is (days is None)
        if days is not None:
            assert ends - utc_now() == pytest.approx(timedelta(days=days), abs=timedelta(minutes=1))
    for days in (0, 3651, -1):
        with pytest.raises(InvalidValueError, match="3650"):
            accounts.issue_token(alice, "a", Scope.READ, days=days)
    for name in ("", " ", "x" * 101):
        with pytest.raises(InvalidValueError, match="name"):
            accounts.issue_token(alice, name, Scope.READ)
    assert accounts.issue_token(root, " a ", Scope.ADMIN).token.name == "a"
    with pytest.raises(PermissionDeniedError, match="Only administrators"):
        accounts.issue_token(alice, "a", Scope.ADMIN)
    reader = accounts.identity_of_user("root", Scope.READ)
    for scope in (Scope.WRITE, Scope.ADMIN):
        with pytest.raises(PermissionDeniedError):
            accounts.issue_token(reader, "a", scope)
    with pytest.raises(AuthenticationError):
        accounts.issue_token(ANONYMOUS, "a", Scope.READ)


def test_everybody_sees_and_ends_their_own_credentials(accounts: AccountService, alice: Identity):
    bob = accounts.identity_of_user("bob")
    token, cookie = accounts.issue_token(alice, "a", Scope.READ), accounts.open_session(alice).secret
    (listed,) = accounts.sign_ins(alice)
    assert accounts.tokens(bob) == accounts.sign_ins(bob) == ()
    for who, error in (
        (bob, NotFoundError),
        (accounts.identity_of_user("root"), NotFoundError),
        (accounts.identity_of_user("alice", Scope.READ), PermissionDeniedError),
        (ANONYMOUS, AuthenticationError),
    ):
        with pytest.raises(error):
            accounts.revoke_token(who, token.token.id)
        with pytest.raises(error):
            accounts.end_sign_in(who, listed.id)
    with pytest.raises(NotFoundError):
        accounts.revoke_token(alice, 999)
    assert accounts.identity_of_token(token.secret).name == accounts.identity_of_session(cookie).name == "alice"
    accounts.revoke_token(alice, token.token.id)
    accounts.end_sign_in(alice, listed.id)
    assert accounts.tokens(alice) == accounts.sign_ins(alice) == ()
    with pytest.raises(AuthenticationError):
        accounts.tokens(ANONYMOUS)
    with pytest.raises(AuthenticationError):
        accounts.sign_ins(ANONYMOUS)


def test_sign_out_ends_one_session_and_what_it_made(accounts: AccountService, alice: Identity):
    first, second = (accounts.open_session(alice, for_browser=False).secret for _ in range(2))
    child = accounts.issue_token(accounts.identity_of_session(first), "a", Scope.READ).secret
    accounts.close_session(first)
    assert accounts.identity_of_session(first) is None
    assert accounts.identity_of_session(second).name == "alice"
    with pytest.raises(AuthenticationError):
        accounts.identity_of_token(child)


def test_credentials_end_at_the_instant_that_they_name(
    accounts: AccountService, database: Database, alice: Identity, monkeypatch: pytest.MonkeyPatch
):
    token, cookie = accounts.issue_token(alice, "a", Scope.READ), accounts.open_session(alice).secret
    session_key = f"session:{accounts.sign_ins(alice)[0].id}"
    token_key = accounts.identity_of_token(token.secret).credential.key
    end = datetime(2050, 1, 1, tzinfo=UTC)
    until = f"until:{int(end.timestamp())}"
    for table in (TokenRow, SessionRow):
        expire(database, table, end)

    def held(now: datetime) -> list[bool]:
        monkeypatch.setattr(core.auth.credentials, "utc_now", lambda: now)
        try:
            holds = accounts.identity_of_token(token.secret).name == "alice"
        except AuthenticationError:
            holds = False
        found = [holds, accounts.identity_of_session(cookie) is not None, bool(accounts.sign_ins(alice))]
        return found + [accounts.is_valid(key) for key in (token_key, session_key, until)]

    assert held(end - timedelta(microseconds=1)) == [True] * 6
    assert held(end) == [False] * 6
    accounts.open_session(accounts.identity_of_user("bob"))  # clears those that have ended
    with database.read() as session:
        assert not session.scalars(select(SessionRow.id).where(SessionRow.user_id == alice.user_id)).all()


def test_the_last_use_is_not_stored_again_in_the_same_minute(
    accounts: AccountService, alice: Identity, monkeypatch: pytest.MonkeyPatch
):
    secret, first = accounts.issue_token(alice, "a", Scope.READ).secret, datetime(2050, 1, 1, tzinfo=UTC)
    for seconds, stored in ((0, 0), (60, 0), (60.1, 60.1)):
        monkeypatch.setattr(core.auth.credentials, "utc_now", lambda s=seconds: first + timedelta(seconds=s))
        accounts.identity_of_token(secret)
        assert accounts.tokens(alice)[0].last_used_at == first + timedelta(seconds=stored)


def test_credentials_have_the_groups_of_their_account(accounts: AccountService, database: Database, alice: Identity):
    token, cookie = accounts.issue_token(alice, "a", Scope.READ).secret, accounts.open_session(alice).secret
    of_bob = accounts.issue_token(accounts.identity_of_user("bob"), "b", Scope.READ).secret
    assert accounts.identity_of_token(token).groups == accounts.identity_of_session(cookie).groups == frozenset()
    with database.write() as session:
        members = {name: session.query(UserRow).filter_by(name=name).one() for name in ("alice", "bob")}
        session.add(GroupRow(name="first", description="", members=[members["alice"]]))
        session.add(GroupRow(name="second", description="", members=[members["alice"], members["bob"]]))
        session.add(GroupRow(name="third", description="", members=[]))
    assert accounts.identity_of_token(token).groups == {"first", "second"}
    assert accounts.identity_of_session(cookie).groups == {"first", "second"}
    assert accounts.identity_of_token(of_bob).groups == {"second"}


def test_what_is_done_with_credentials_is_in_the_audit_log(
    accounts: AccountService, database: Database, alice: Identity
):
    cookies = [accounts.open_session(alice, for_browser=for_browser).secret for for_browser in (True, False)]
    token = accounts.issue_token(alice, "mine", Scope.READ, days=3).token
    accounts.revoke_token(alice, token.id)
    listed = accounts.sign_ins(alice)
    accounts.close_session(cookies[0])
    accounts.end_sign_in(alice, listed[0].id)
    with database.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.actor == "alice").order_by(AuditRow.id)).all()
        found = [(row.action, row.details) for row in rows]
        assert {(row.actor_id, row.kind, row.subject_id, row.subject) for row in rows} == {
            (alice.user_id, "user", alice.user_id, "alice")
        }
    assert found == [
        ("sign in", {"scope": "admin", "for_browser": True}),
        ("sign in", {"scope": "admin", "for_browser": False}),
        ("make token", {"token_id": token.id, "name": "mine", "scope": "read", "days": 3}),
        ("revoke token", {"id": token.id}),
        ("sign out", {}),
        ("revoke sign-in", {"id": listed[0].id}),
    ]
