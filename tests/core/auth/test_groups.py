"""Who may do what with a group."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.auth.audit import AuditRow
from core.auth.groups import GroupService, find_own_group
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.schema import GroupRow, UserRow
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.errors import (
    AuthenticationError,
    ConflictError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
)
from products.schema import ReleaseRow
from tests.support.databases import EmptySQLite

OPERATOR = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class Team:
    """A group, its service, and who asks."""

    id: int
    service: GroupService
    database: Database
    people: dict[str, Identity]

    def members(self) -> dict[str, bool]:
        """Give the members, and whether each is a manager."""
        return {each.name: each.is_manager for each in self.service.group(OPERATOR, self.id).members}


@pytest.fixture
def team(empty_sqlite: EmptySQLite, tmp_path: Path) -> Iterator[Team]:
    database = Database(empty_sqlite.database(tmp_path / "photoz.sqlite"))
    accounts, service = AccountService(database), GroupService(database)
    for name in ("manager", "member", "stranger", "admin", "closed"):
        accounts.add_user(name, None, is_admin=name == "admin", first_name="Ada" if name == "member" else "")
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "closed").values(is_active=False))
    manager = accounts.identity_of_user("manager", Scope.WRITE)
    group = service.create(manager, "team", "A team")
    service.add_member(manager, group.id, "member")
    people = {name: accounts.identity_of_user(name, Scope.WRITE) for name in ("manager", "member", "stranger")}
    people |= {
        "manager_reading": accounts.identity_of_user("manager", Scope.READ),
        "admin": accounts.identity_of_user("admin", Scope.ADMIN),
        "admin_writing": accounts.identity_of_user("admin", Scope.WRITE),
        "operator": OPERATOR,
        "nobody": ANONYMOUS,
    }
    yield Team(group.id, service, database, people)
    database.close()


_DENIED, _MISSING, _UNKNOWN = PermissionDeniedError, NotFoundError, AuthenticationError
#: What each person gets who may not change the group.
_OTHERS = {
    "member": _DENIED, "stranger": _MISSING, "manager_reading": _DENIED, "admin_writing": _MISSING, "nobody": _UNKNOWN,
}  # fmt: skip
#: What is done, and the errors of those who may not.
OPERATIONS: dict[str, tuple[Callable[[GroupService, Identity, int], object], dict[str, type[Exception]]]] = {
    "read": (
        lambda service, who, number: service.group(who, number),
        {"stranger": _MISSING, "admin_writing": _MISSING, "nobody": _UNKNOWN},
    ),
    "describe": (lambda service, who, number: service.describe(who, number, " new "), _OTHERS),
    "add": (lambda service, who, number: service.add_member(who, number, " stranger "), _OTHERS),
    "promote": (lambda service, who, number: service.add_member(who, number, "member", manager=True), _OTHERS),
    "remove": (
        lambda service, who, number: service.remove_member(who, number, "member"),
        {name: error for name, error in _OTHERS.items() if name != "member"},
    ),
    "delete": (lambda service, who, number: service.delete(who, number), _OTHERS),
}


def outcome(do: Callable[[], object]) -> type[Exception] | None:
    """Give the error of a call."""
    try:
        do()
    except (AuthenticationError, ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError) as e:
        return type(e)
    return None


_ALLOWED = ("operator", "admin", "manager")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_managers_and_administrators_change_a_group_that_is_kept_here(team: Team, operation: str):
    do, errors = OPERATIONS[operation]
    before = team.members()
    for name in errors:
        assert outcome(lambda name=name: do(team.service, team.people[name], team.id)) is errors[name], name
        assert team.members() == before
    for number, name in enumerate(_ALLOWED):
        gone = number and operation in {"remove", "delete"}
        found = outcome(lambda name=name: do(team.service, team.people[name], team.id))
        assert found is (NotFoundError if gone else None), name


def test_nobody_changes_a_group_that_a_sign_in_service_manages(team: Team):
    with team.database.write() as session:
        session.execute(update(GroupRow).values(source="oidc"))
    before = team.members()
    for operation, (do, errors) in OPERATIONS.items():
        for name in (*errors, *_ALLOWED):
            expected = errors.get(name, ConflictError if operation != "read" else None)
            if name == "member":
                expected = ConflictError  # they read the group, and learn who changes it
            found = outcome(lambda name=name, do=do: do(team.service, team.people[name], team.id))
            assert found is expected, (operation, name)
    assert team.members() == before


def test_what_was_done_is_stored(team: Team):
    manager = team.people["manager"]
    assert team.service.describe(manager, team.id, " new ").description == "new"
    assert team.service.add_member(manager, team.id, "stranger").members[-1].name == "stranger"
    assert team.members() == {"manager": True, "member": False, "stranger": False}
    team.service.add_member(manager, team.id, "stranger", manager=True)
    assert team.members() == {"manager": True, "member": False, "stranger": True}
    names = {each.name: each.display_name for each in team.service.group(manager, team.id).members}
    assert names == {"manager": "manager", "member": "Ada", "stranger": "stranger"}
    team.service.remove_member(team.people["member"], team.id, "member")
    team.service.remove_member(manager, team.id, "stranger")
    assert team.members() == {"manager": True}
    team.service.delete(manager, team.id)
    assert outcome(team.members) is NotFoundError
    with team.database.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert [(row.actor, row.action, row.subject, row.details) for row in rows] == [
        ("manager", "create group", "team", {}),
        ("manager", "add member", "team", {"user": "member", "manager": False}),
        ("manager", "describe group", "team", {}),
        ("manager", "add member", "team", {"user": "stranger", "manager": False}),
        ("manager", "add member", "team", {"user": "stranger", "manager": True}),
        ("member", "remove member", "team", {"user": "member"}),
        ("manager", "remove member", "team", {"user": "stranger"}),
        ("manager", "delete group", "team", {}),
    ]


def test_members_leave_by_themselves_with_a_token_that_may_write(team: Team):
    reading = Identity(
        user_id=team.people["member"].user_id, name="member", is_admin=False, scope=Scope.READ, groups=frozenset()
    )
    assert outcome(lambda: team.service.remove_member(reading, team.id, "member")) is PermissionDeniedError
    assert outcome(lambda: team.service.remove_member(ANONYMOUS, team.id, "member")) is AuthenticationError
    stranger = team.people["stranger"]
    assert outcome(lambda: team.service.remove_member(stranger, team.id, "stranger")) is NotFoundError
    assert outcome(lambda: team.service.remove_member(team.people["manager"], team.id, "stranger")) is NotFoundError
    with team.database.write() as session:
        session.execute(update(GroupRow).values(source="oidc"))
    member = team.people["member"]
    assert outcome(lambda: team.service.remove_member(member, team.id, "member")) is ConflictError
    assert team.members() == {"manager": True, "member": False}


def test_a_group_always_has_a_manager(team: Team):
    manager = team.people["manager"]
    for do in (
        lambda: team.service.remove_member(manager, team.id, "manager"),
        lambda: team.service.add_member(manager, team.id, "manager"),
    ):
        assert outcome(do) is ConflictError
    team.service.add_member(manager, team.id, "manager", manager=True)
    team.service.add_member(manager, team.id, "member", manager=True)
    team.service.add_member(manager, team.id, "manager")
    assert team.members() == {"manager": False, "member": True}
    assert outcome(lambda: team.service.describe(manager, team.id, "x")) is PermissionDeniedError
    team.service.remove_member(manager, team.id, "manager")
    assert team.members() == {"member": True}


def test_only_active_accounts_become_members(team: Team):
    for name in ("closed", "nobody-at-all"):
        assert outcome(lambda name=name: team.service.add_member(OPERATOR, team.id, name)) is InvalidValueError
    assert team.members() == {"manager": True, "member": False}


def test_everybody_lists_their_groups_and_administrators_all(team: Team):
    listed = {}
    for name, who in team.people.items():
        if name != "nobody":
            listed[name] = [group.name for group in team.service.groups(who)]
    seeing = {"manager", "manager_reading", "member", "admin", "operator"}
    assert listed == {name: ["team"] if name in seeing else [] for name in listed}
    assert outcome(lambda: team.service.groups(ANONYMOUS)) is AuthenticationError


def test_groups_are_made_with_a_token_that_may_write_and_a_name_that_is_free(team: Team):
    stranger = team.people["stranger"]
    made = team.service.create(stranger, " new ")
    assert (made.name, [(each.name, each.is_manager) for each in made.members]) == ("new", [("stranger", True)])
    assert made.is_managed_by(stranger)
    assert team.service.create(OPERATOR, "empty").members == ()
    for who, name, error in (
        (team.people["manager_reading"], "x", PermissionDeniedError),
        (ANONYMOUS, "x", AuthenticationError),
        (stranger, "team", ConflictError),
        (stranger, "registered", InvalidValueError),
        (stranger, "a b", InvalidValueError),
        (stranger, "", InvalidValueError),
    ):
        assert outcome(lambda who=who, name=name: team.service.create(who, name)) is error
    for length, error in ((1000, None), (1001, InvalidValueError)):
        text = "x" * length
        assert outcome(lambda text=text: team.service.create(stranger, f"g{len(text)}", text)) is error
        assert outcome(lambda text=text: team.service.describe(stranger, made.id, text)) is error


def test_something_is_shared_with_own_groups_and_by_administrators_with_any(team: Team):
    accounts = AccountService(team.database)
    with team.database.read() as session:
        group = session.scalar(select(GroupRow))
        for name in ("manager", "member", "admin", "stranger"):
            scope = Scope.ADMIN if name == "admin" else Scope.WRITE
            who = accounts.identity_of_user(name, scope)
            if name == "stranger":
                assert outcome(lambda who=who: find_own_group(session, who, "team")) is InvalidValueError
            else:
                assert find_own_group(session, who, "team") is group
            assert outcome(lambda who=who: find_own_group(session, who, "none")) is InvalidValueError
        writing = accounts.identity_of_user("admin", Scope.WRITE)
        assert outcome(lambda: find_own_group(session, writing, "team")) is InvalidValueError


def test_a_group_tells_who_manages_it(team: Team):
    def managers() -> set[str]:
        group = team.service.group(OPERATOR, team.id)
        return {name for name, who in team.people.items() if group.is_managed_by(who)}

    assert managers() == {"manager", "admin", "operator"}
    with team.database.write() as session:
        session.execute(update(GroupRow).values(source="oidc"))
    assert managers() == set()


def test_a_group_that_restricts_a_release_is_kept(team: Team):
    with team.database.write() as session:
        groups = [session.get_one(GroupRow, team.id)]
        session.add(ReleaseRow(name="r", display_name="R", created_at=utc_now(), access_groups=groups))
    assert outcome(lambda: team.service.delete(OPERATOR, team.id)) is ConflictError
    assert team.members() == {"manager": True, "member": False}


def test_members_remove_themselves_and_nobody_else(team: Team):
    team.service.add_member(team.people["manager"], team.id, "stranger", manager=True)
    before = team.members()
    for name in ("manager", "stranger"):
        with pytest.raises(PermissionDeniedError, match="Only managers"):
            team.service.remove_member(team.people["member"], team.id, name)
    assert team.members() == before
