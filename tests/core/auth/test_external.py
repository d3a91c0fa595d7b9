"""People who sign in elsewhere, on both databases."""

import dataclasses

import pytest
from sqlalchemy import select

from core.auth.audit import AuditLog, AuditQuery
from core.auth.external import ExternalAccounts, ExternalUser
from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow, UserRow
from core.auth.service import AccountService
from core.database import Database
from core.errors import ConflictError, NotFoundError, PermissionDeniedError

pytestmark = pytest.mark.either_database

OPERATOR = Identity(0, "operator", is_admin=True, scope=Scope.ADMIN)

VERA = ExternalUser("oidc", "https://idp.example", "s-1", "vera", ("rubin", "photoz"), "Vera", "Rubin", "v@example.org")


def _source(database: Database, group: str) -> str | None:
    with database.read() as session:
        return session.scalar(select(GroupRow.source).where(GroupRow.name == group))


def test_an_account_is_made_at_the_first_sign_in_and_kept_as_the_service_tells(database: Database):
    external, accounts = ExternalAccounts(database), AccountService(database)
    first = external.sign_in(VERA)
    assert (first.name, first.is_admin, first.scope, first.groups) == ("vera", False, Scope.ADMIN, {"rubin", "photoz"})
    assert accounts.user("vera").display_name == "Vera Rubin"
    changed = dataclasses.replace(VERA, name="vera2", groups=("photoz", "", "x\ny", "g" * 151), last_name="Cooper")
    again = external.sign_in(changed)
    assert (again.user_id, again.name, again.groups) == (first.user_id, "vera", {"photoz"})
    assert accounts.user("vera").display_name == "Vera Cooper"
    assert external.sign_in(changed) == again
    assert external.sign_in(dataclasses.replace(VERA, groups=())).groups == frozenset()
    with pytest.raises(Exception, match="Unable to sign in"):
        accounts.identity_of_password("vera", "")


def test_a_name_elsewhere_does_not_give_the_account_of_this_name_here(database: Database):
    external, accounts = ExternalAccounts(database), AccountService(database)
    admin = accounts.add_user("vera", "correct horse", is_admin=True)
    with pytest.raises(ConflictError, match="already an account named 'vera'"):
        external.sign_in(VERA)
    external.link(OPERATOR, "vera", VERA.issuer, VERA.subject)
    assert external.sign_in(VERA).user_id == admin.id
    for other in ({"subject": "s-2"}, {"issuer": "https://evil.example"}):
        with pytest.raises(ConflictError):
            external.sign_in(dataclasses.replace(VERA, **other))
    with pytest.raises(ConflictError, match="is linked to an account already"):
        external.link(OPERATOR, "vera", VERA.issuer, VERA.subject)
    with pytest.raises(NotFoundError):
        external.link(OPERATOR, "nobody", VERA.issuer, "s-3")


@pytest.mark.parametrize("name", ["", "a b", "-x", "ü", "x" * 151, "a/b"])
def test_a_name_that_cannot_be_an_accounts_is_refused(database: Database, name: str):
    with pytest.raises(PermissionDeniedError, match="cannot be an account's name"):
        ExternalAccounts(database).sign_in(dataclasses.replace(VERA, name=name))


def test_a_group_made_here_is_not_the_group_of_this_name_elsewhere(database: Database):
    with database.write() as session:
        session.add(GroupRow(name="rubin", description="made by somebody"))
    external = ExternalAccounts(database)
    assert external.sign_in(VERA).groups == {"photoz"}
    assert (_source(database, "rubin"), _source(database, "photoz")) == ("local", "oidc")
    # A membership that people here gave stays, whatever the service tells.
    with database.write() as session:
        vera = session.scalars(select(UserRow).where(UserRow.name == "vera")).one()
        vera.groups.append(session.scalars(select(GroupRow).where(GroupRow.name == "rubin")).one())
    assert external.sign_in(VERA).groups == {"photoz", "rubin"}
    assert external.sign_in(dataclasses.replace(VERA, groups=())).groups == {"rubin"}


def test_the_groups_of_two_services_are_kept_apart(database: Database):
    external = ExternalAccounts(database)
    external.sign_in(VERA)
    proxied = ExternalUser("proxy", "proxy", "vera", "vera", ("photoz", "lsst"))
    external.link(OPERATOR, "vera", "proxy", "vera")
    assert external.sign_in(proxied).groups == {"rubin", "photoz", "lsst"}
    assert external.sign_in(dataclasses.replace(VERA, groups=())).groups == {"lsst"}


def test_administrators_are_the_members_of_their_group(database: Database):
    external = ExternalAccounts(database, admin_group="admins")
    chief = dataclasses.replace(VERA, groups=("admins",))
    assert external.sign_in(chief).is_admin
    assert not external.sign_in(VERA).is_admin
    with database.write() as session:
        session.add(GroupRow(name="chiefs", description=""))
    # A local group of the name does not matter: what the service tells does.
    assert not ExternalAccounts(database, admin_group="chiefs").sign_in(VERA).is_admin


def test_only_members_of_the_required_group_come_in(database: Database):
    external = ExternalAccounts(database, required_group="photoz")
    with pytest.raises(PermissionDeniedError, match="Only members of the group 'photoz'"):
        external.sign_in(dataclasses.replace(VERA, groups=("rubin",)))
    assert external.sign_in(VERA).name == "vera"


def test_a_closed_account_stays_closed(database: Database):
    external = ExternalAccounts(database)
    external.sign_in(VERA)
    with database.write() as session:
        session.scalars(select(UserRow).where(UserRow.name == "vera")).one().is_active = False
    for person in (VERA, dataclasses.replace(VERA, groups=())):
        with pytest.raises(PermissionDeniedError, match="closed"):
            external.sign_in(person)


def test_what_a_sign_in_service_decides_is_in_the_audit_log(database: Database):
    external = ExternalAccounts(database, admin_group="rubin")
    for groups in (("rubin", "photoz"), ("rubin", "photoz"), ("photoz",)):
        external.sign_in(dataclasses.replace(VERA, groups=groups))
    external.link(OPERATOR, "vera", "proxy", "vera-there")
    _, entries = AuditLog(database).entries(OPERATOR, AuditQuery())
    about, both = {"issuer": VERA.issuer}, ["photoz", "rubin"]
    assert [(entry.actor, entry.action, entry.subject, entry.details) for entry in reversed(entries)] == [
        ("vera", "create account", "vera", about),
        ("vera", "change account", "vera", about | {"is_admin": [False, True], "groups": [[], both]}),
        ("vera", "change account", "vera", about | {"is_admin": [True, False], "groups": [both, ["photoz"]]}),
        ("operator", "link account", "vera", {"issuer": "proxy"}),
    ]
