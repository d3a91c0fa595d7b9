"""What administrators may do with accounts, and that nobody else may."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from core.auth.administration import AccountAdministration, AccountChanges, require_admin
from core.auth.audit import AuditRow
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.errors import AuthenticationError, ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError
from tests.support.databases import EmptySQLite

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Office:
    """Administration of accounts, and who asks."""

    administration: AccountAdministration
    accounts: AccountService
    database: Database
    root: Identity

    def audited(self) -> list[tuple[str, dict[str, object]]]:
        """Give the actions in the audit with their details."""
        with self.database.read() as session:
            return [(row.action, row.details) for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]


@pytest.fixture
def office(empty_sqlite: EmptySQLite, tmp_path: Path) -> Iterator[Office]:
    database = Database(empty_sqlite.database(tmp_path / "photoz.sqlite"))
    accounts = AccountService(database)
    accounts.add_user("root", None, is_admin=True)
    accounts.add_user("ada", PASSWORD)
    yield Office(AccountAdministration(database, accounts), accounts, database, accounts.identity_of_user("root"))
    database.close()


OPERATIONS: dict[str, Callable[[AccountAdministration, Identity], object]] = {
    "list": lambda office, who: office.accounts(who),
    "find": lambda office, who: office.account(who, "ada"),
    "add": lambda office, who: office.add(who, "new", None),
    "change": lambda office, who: office.change(who, "ada", AccountChanges(first_name="Ada")),
    "password": lambda office, who: office.set_password(who, "ada", "another horse battery"),
    "revoke": lambda office, who: office.revoke_all(who, "ada"),
}


def test_nobody_but_administrators_with_that_scope_does_any_of_it(office: Office):
    before = office.administration.accounts(office.root)
    token = office.accounts.issue_token(office.accounts.identity_of_user("ada"), "t", Scope.WRITE).secret
    for do in (*OPERATIONS.values(), lambda _office, who: require_admin(who)):
        for name, scope in (("ada", Scope.ADMIN), ("ada", Scope.READ), ("root", Scope.WRITE), ("root", Scope.READ)):
            with pytest.raises(PermissionDeniedError):
                do(office.administration, office.accounts.identity_of_user(name, scope))
        with pytest.raises(AuthenticationError):
            do(office.administration, ANONYMOUS)
        do(office.administration, office.root)
        if do is OPERATIONS["add"]:
            assert [each.name for each in office.administration.accounts(office.root)] == ["ada", "new", "root"]
        elif do in (OPERATIONS["list"], OPERATIONS["find"]):
            assert before[0].name == "ada"
            assert office.accounts.identity_of_token(token).name == "ada"
    with pytest.raises(AuthenticationError):
        office.accounts.identity_of_token(token)


def test_accounts_are_shown_with_their_rights_and_tokens(office: Office):
    ada = office.accounts.identity_of_user("ada")
    assert office.accounts.identity_of_token(office.accounts.issue_token(ada, "t", Scope.READ).secret).name == "ada"
    shown = {each.name: each for each in office.administration.accounts(office.root)}
    assert list(shown) == ["ada", "root"]
    assert (shown["ada"].has_password, shown["root"].has_password) == (True, False)
    assert (shown["ada"].tokens, shown["root"].tokens, shown["ada"].is_admin) == (1, 0, False)
    assert shown["ada"].last_used_at is not None
    with pytest.raises(NotFoundError):
        office.administration.account(office.root, "nobody")


def test_an_account_is_made_with_its_rights_and_put_into_the_audit(office: Office):
    made = office.administration.add(office.root, " eve ", PASSWORD, is_admin=True, email=" eve@example.org ")
    assert (made.name, made.is_admin, made.has_password, made.email) == ("eve", True, True, "eve@example.org")
    plain = office.administration.add(office.root, "bob", "")
    assert (plain.is_admin, plain.has_password) == (False, False)
    assert office.audited() == [("create account", {"is_admin": True}), ("create account", {"is_admin": False})]
    with pytest.raises(ConflictError):
        office.administration.add(office.root, "eve", None)
    with pytest.raises(InvalidValueError):
        office.administration.add(office.root, "x", None, email="e" * 255)


def test_what_is_changed_is_stored_and_the_rest_stays(office: Office):
    change = office.administration.change
    found = change(
        office.root, "ada", AccountChanges(first_name=" Ada ", last_name="L", email="a@b.org", quota_bytes=5)
    )
    assert (found.first_name, found.last_name, found.email, found.quota_bytes) == ("Ada", "L", "a@b.org", 5)
    assert (found.is_admin, found.is_active) == (False, True)
    assert change(office.root, "ada", AccountChanges()) == found
    assert change(office.root, "ada", AccountChanges(quota_bytes=0)).quota_bytes == 0
    assert change(office.root, "ada", AccountChanges(without_quota=True)).quota_bytes is None
    assert change(office.root, "ada", AccountChanges(quota_bytes=2**62)).quota_bytes == 2**62
    for refused in (
        AccountChanges(quota_bytes=-1),
        AccountChanges(quota_bytes=2**62 + 1),
        AccountChanges(first_name="x" * 151),
        AccountChanges(email="x" * 255),
    ):
        with pytest.raises(InvalidValueError):
            change(office.root, "ada", refused)
    assert change(office.root, "ada", AccountChanges(last_name="y" * 150)).last_name == "y" * 150
    with pytest.raises(NotFoundError):
        change(office.root, "nobody", AccountChanges())
    audited = [details for action, details in office.audited() if action == "change account"]
    assert len(audited) == 5  # a change of nothing is none
    assert audited[0] == {
        "first_name": ["", "Ada"], "last_name": ["", "L"], "email": ["…", "…"], "quota_bytes": [None, 5],
    }  # fmt: skip


def test_a_closed_account_has_no_credentials(office: Office):
    ada = office.accounts.identity_of_password("ada", PASSWORD)
    session, token = office.accounts.open_session(ada).secret, office.accounts.issue_token(ada, "t", Scope.READ).secret
    change = office.administration.change
    change(office.root, "ada", AccountChanges(email="a@b.org"))
    assert office.accounts.identity_of_session(session) is not None
    assert not change(office.root, "ada", AccountChanges(is_active=False)).is_active
    assert office.accounts.identity_of_session(session) is None
    with pytest.raises(AuthenticationError):
        office.accounts.identity_of_token(token)
    with pytest.raises(AuthenticationError):
        office.accounts.identity_of_password("ada", PASSWORD)
    change(office.root, "ada", AccountChanges(is_active=True))
    assert office.accounts.identity_of_session(session) is None  # its sessions do not come back
    assert office.accounts.identity_of_password("ada", PASSWORD).name == "ada"


def test_an_active_administrator_always_stays(office: Office):
    change = office.administration.change
    for changes in (AccountChanges(is_admin=False), AccountChanges(is_active=False)):
        with pytest.raises(ConflictError):
            change(office.root, "root", changes)
    change(office.root, "ada", AccountChanges(is_admin=True))
    change(office.root, "ada", AccountChanges(is_active=False))
    with pytest.raises(ConflictError):  # the other one is closed
        change(office.root, "root", AccountChanges(is_admin=False))
    change(office.root, "ada", AccountChanges(is_active=True))
    assert not change(office.root, "root", AccountChanges(is_admin=False)).is_admin


def test_a_password_that_is_set_ends_sessions_and_is_in_no_audit(office: Office):
    session = office.accounts.open_session(office.accounts.identity_of_password("ada", PASSWORD)).secret
    office.administration.set_password(office.root, "ada", "another horse battery")
    assert office.accounts.identity_of_session(session) is None
    assert office.accounts.identity_of_password("ada", "another horse battery").name == "ada"
    assert office.audited()[-1] == ("set password", {})
    assert "horse" not in str(office.audited())


def test_all_tokens_and_sessions_are_revoked_at_once(office: Office):
    ada = office.accounts.identity_of_user("ada")
    secrets = [office.accounts.issue_token(ada, name, Scope.READ).secret for name in "ab"]
    session = office.accounts.open_session(ada).secret
    other = office.accounts.issue_token(office.root, "t", Scope.READ).secret
    assert office.administration.revoke_all(office.root, "ada") == 3
    for secret in secrets:
        with pytest.raises(AuthenticationError):
            office.accounts.identity_of_token(secret)
    assert office.accounts.identity_of_session(session) is None
    assert office.accounts.identity_of_token(other).name == "root"
    assert office.audited()[-1] == ("revoke all", {"ended": 3})
    with pytest.raises(NotFoundError):
        office.administration.revoke_all(office.root, "nobody")
