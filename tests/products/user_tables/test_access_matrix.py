"""Every person, every operation, on tables of users with every sharing of the table and of its schema."""

from collections.abc import Callable
from itertools import product

import pytest

from core.auth.models import Identity
from core.errors import AuthenticationError, NotFoundError, PermissionDeniedError
from products.quotas import QuotaExceededError, QuotaRule
from products.user_tables.models import TableDefinition
from products.user_tables.service import UserTableService
from tests.products.user_tables.conftest import Tables

NAME = "user_owner.t"
NONE, READ, WRITE, OWN = range(4)
SHARINGS = {
    "closed": {},
    "public": {"public": True},
    "readers": {"read_group": "readers"},
    "writers": {"write_group": "writers"},
}
_OWNERS = {"owner": OWN, "owner_reading": OWN, "admin": OWN}
_ALL = dict.fromkeys(("writer", "writer_reading", "reader", "registered", "admin_writing", "nobody"), READ)
#: Right of each person, whether the table or its schema is shared.
RIGHTS = {
    "closed": _OWNERS,
    "public": _ALL | _OWNERS,
    "readers": {"reader": READ, **_OWNERS},
    "writers": {"writer": WRITE, "writer_reading": WRITE, **_OWNERS},
}
#: What is done, and the right that it needs; what changes something needs a token of scope write as well.
OPERATIONS: dict[str, tuple[int, bool, Callable[[UserTableService, Identity], object]]] = {
    "find": (READ, False, lambda tables, who: tables.find(who, NAME)),
    "name": (READ, False, lambda tables, who: _one(tables.named(who, "USER_owner", "T"))),
    "list": (READ, False, lambda tables, who: _one(tables.all(who))),
    "load": (WRITE, True, lambda tables, who: tables.require_quota(who, NAME, 1)),
    "describe": (OWN, True, lambda tables, who: tables.describe(who, NAME, TableDefinition("new", ()))),
    "permit": (OWN, True, lambda tables, who: tables.permit(who, NAME)),
    "remove": (OWN, True, lambda tables, who: tables.remove(who, NAME)),
    "schema permissions": (OWN, False, lambda tables, who: tables.schema_permissions(who, "user_owner")),
    "permit schema": (OWN, True, lambda tables, who: tables.permit_schema(who, "user_owner")),
}


def _one(found: tuple[object, ...]) -> None:
    if not found:
        raise NotFoundError("nothing")


def _expected(right: int, operation: str, who: Identity) -> type[Exception] | None:
    needed, writes, _ = OPERATIONS[operation]
    if writes and who.is_anonymous and operation in {"load", "permit schema"}:
        return AuthenticationError  # before anything is looked up
    if writes and not who.scope.includes(type(who.scope).WRITE) and operation in {"load", "permit schema"}:
        return AuthenticationError if who.is_anonymous else PermissionDeniedError
    if right == NONE:
        return NotFoundError
    if writes and who.is_anonymous:
        return AuthenticationError
    if writes and not who.scope.includes(type(who.scope).WRITE):
        return PermissionDeniedError
    return None if right >= needed else PermissionDeniedError


@pytest.mark.parametrize("of_schema", SHARINGS)
def test_a_table_is_read_and_changed_by_those_who_may(tables: Tables, of_schema: str):
    wrong, owner = [], tables.people["owner"]
    tables.service.schema_of(owner)
    tables.service.permit_schema(owner, "user_owner", **SHARINGS[of_schema])
    tables.make("t", "id|int")
    for sharing, operation, actor in product(SHARINGS, OPERATIONS, tables.people):
        changes = {"public": False, "read_group": "", "write_group": "", **SHARINGS[sharing]}
        tables.service.permit(owner, NAME, **changes)
        who = tables.people[actor]
        right = max(RIGHTS[sharing].get(actor, NONE), RIGHTS[of_schema].get(actor, NONE))
        expected = _expected(right, operation, who)
        found: type[Exception] | None = None
        try:
            OPERATIONS[operation][2](tables.service, who)
        except (AuthenticationError, NotFoundError, PermissionDeniedError) as e:
            found = type(e)
        if found is not expected:
            wrong.append(f"{actor}, {sharing}, {operation}: {found}, not {expected}")
        if operation == "remove" and found is None:
            tables.make("t", "id|int")
    assert not wrong, "\n".join(wrong)


def test_a_schema_is_shared_with_ones_own_groups_and_its_permissions_are_told(tables: Tables):
    owner, service = tables.people["owner"], tables.service
    tables.make("t", "id|int")
    service.permit_schema(owner, "USER_OWNER", read_group="readers", write_group="writers")
    name, permissions = service.schema_permissions(owner, "user_owner")
    assert (name, permissions.public, permissions.read_group, permissions.write_group) == (
        "owner", False, "readers", "writers",
    )  # fmt: skip
    later = service.get(tables.make("later", "id|int"))
    assert [table.name for table in service.all(tables.people["reader"])] == ["later", "t"]
    assert later.permissions.read_group is None
    for schema in ("user_nobody", "user_owner_"):
        with pytest.raises(NotFoundError):
            service.schema_permissions(owner, schema)


def test_rows_beyond_the_quota_of_the_owner_are_refused_before_they_are_read(tables: Tables):
    tables.make("t", "id|int")
    limited = UserTableService(tables.service._database, QuotaRule(default_bytes=10))
    tables.service.permit(tables.people["owner"], NAME, write_group="writers")
    for actor in ("owner", "writer"):
        limited.require_quota(tables.people[actor], NAME, 10)
        with pytest.raises(QuotaExceededError):
            limited.require_quota(tables.people[actor], NAME, 11)


def test_rows_that_are_sent_count_for_the_owner_of_the_table_if_they_may_be_added(tables: Tables):
    tables.make("t", "id|int")
    tables.service.permit(tables.people["owner"], NAME, read_group="readers", write_group="writers")
    own = {name: tables.people[name].user_id for name in ("owner", "writer", "reader", "registered")}
    paid = {name: tables.service.payer(tables.people[name], NAME) for name in own}
    assert paid == own | {"writer": own["owner"]}
    assert tables.service.payer(tables.people["writer"], "user_writer.new") == own["writer"]
    staged = {f"user{own['owner']}": 11, f"user{own['reader']}": 10}
    rule = QuotaRule(default_bytes=10, staged_bytes=lambda account, _without: staged.get(account, 0))
    limited = UserTableService(tables.service._database, rule)
    for name in ("writer", "reader"):
        limited.check_quota(own[name])
    with pytest.raises(QuotaExceededError):
        limited.check_quota(own["owner"])
