"""Whether a change of permissions or a move opens nodes to more people, and which groups may be named."""

from dataclasses import replace

import pytest

from tests.vospace.rights.test_access import _chain
from vospace.home.sharing import lowest_rights, sharing_operation
from vospace.models import PropertyRequest
from vospace.rights.decisions import Operation, Right
from vospace.rights.sharing import Sharing, is_opened_by_move

HOME_OWNER = 1
CLOSED = Sharing(HOME_OWNER, is_public=False, read_groups=frozenset(), write_groups=frozenset(), inherits=False)
READ = replace(CLOSED, read_groups=frozenset({"r"}))
WRITE = replace(CLOSED, write_groups=frozenset({"w"}))
PUBLIC = replace(CLOSED, is_public=True)
THEIRS = replace(CLOSED, owner_id=3)


@pytest.mark.parametrize(
    ("one", "other", "is_within"),
    [
        (CLOSED, CLOSED, True), (CLOSED, READ, True), (READ, CLOSED, False), (WRITE, CLOSED, False),
        (READ, READ, True), (READ, WRITE, False), (WRITE, replace(READ, write_groups=frozenset({"w"})), True),
        (PUBLIC, READ, False), (READ, PUBLIC, True), (PUBLIC, PUBLIC, True), (THEIRS, CLOSED, False),
        (THEIRS, THEIRS, True), (THEIRS, PUBLIC, True), (CLOSED, THEIRS, True),
        (THEIRS, replace(THEIRS, owner_id=4), False),
        (replace(READ, read_groups=frozenset({"r", "s"})), READ, False),
        (READ, replace(WRITE, write_groups=frozenset({"r"})), True),
    ],
)  # fmt: skip
def test_one_sharing_is_within_another_when_all_its_readers_are(one: Sharing, other: Sharing, is_within: bool):
    assert one.is_within(other, HOME_OWNER) is is_within


@pytest.mark.parametrize(
    ("source", "target", "is_opened"),
    [
        (("shared",), ("shared",), False), (("shared",), ("open",), True), (("open",), ("shared",), False),
        (("closed",), ("shared",), True), (("shared", "closed"), ("open",), True), ((), ("open",), False),
        (("open", "shared"), ("shared", "open"), False), (("theirs",), ("closed",), False),
        (("closed",), ("theirs",), True),
        (("shared",), (), True),
    ],
)  # fmt: skip
def test_a_move_opens_nodes_when_a_container_that_closed_them_stays_behind(source, target, is_opened: bool):
    from_rows, to_rows = _chain(*source), _chain(*target)
    for row in to_rows[1:]:
        row.id += 100  # the home is the same
    assert is_opened_by_move(from_rows, to_rows) is is_opened


def test_a_move_within_a_container_opens_nothing():
    rows = _chain("closed", "shared")
    assert is_opened_by_move(rows, rows) is False
    assert is_opened_by_move(rows[:2], rows) is False
    assert is_opened_by_move(rows, rows[:2]) is False  # what is closed above stays closed


@pytest.mark.parametrize(
    ("sharing", "properties", "operation"),
    [
        ("closed", {"title": "t"}, Operation.SET),
        ("closed", {"ispublic": "false", "groupread": "", "inheritPermissions": "false"}, Operation.SET),
        ("open", {"ispublic": "true", "publicread": "true"}, Operation.SET),
        ("closed", {"ispublic": "true"}, Operation.OPEN),
        ("closed", {"groupread": "ivo://example.org/gms?readers"}, Operation.OPEN),
        ("closed", {"groupwrite": "ivo://example.org/gms?readers"}, Operation.OPEN),
        ("closed", {"inheritPermissions": "true"}, Operation.SHARE),
        ("open", {"ispublic": "false"}, Operation.SHARE),
        ("shared", {"groupread": None}, Operation.SHARE),
        ("shared", {"groupwrite": ""}, Operation.SHARE),
        ("shared", {"groupread": "ivo://example.org/gms?readers"}, Operation.SET),
        ("shared", {"groupread": "ivo://example.org/gms?writers"}, Operation.SHARE),
    ],
)
def test_a_change_of_permissions_is_an_operation_of_its_own(sharing: str, properties: dict[str, str | None], operation):
    row = _chain(sharing)[-1]
    row.inherits = False
    requests = [PropertyRequest(name, value) for name, value in properties.items()]
    assert sharing_operation(row, requests, HOME_OWNER) is operation


def test_the_lowest_right_of_a_tree_is_that_of_its_most_closed_node():
    rows = _chain("shared", "shared", "closed")
    rights = {1: Right.OWN, 2: Right.WRITE, 3: Right.OWN, 4: Right.READ}
    assert lowest_rights(rows, rights) == dict.fromkeys((1, 2, 3, 4), Right.READ)
    assert lowest_rights(rows[:3], {1: Right.OWN, 2: Right.WRITE, 3: Right.OWN}) == {1: 2, 2: 2, 3: 3}
