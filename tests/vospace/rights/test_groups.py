"""Groups that permissions of nodes may name: those of this service that the caller is a member of."""

import pytest
from sqlalchemy import update

from core.auth.groups import GroupService
from core.auth.service import AccountService
from tests.vospace.rights.people import People
from vospace.schema import NodeRow

NODE = "/home/owner/n"
TEAM = "ivo://example.org/gms?readers"


@pytest.fixture
def home(people: People) -> People:
    people.clear()
    people.make((("home", "owner", "n"), "closed", False))
    return people


@pytest.mark.parametrize("name", ["groupread", "groupwrite"])
@pytest.mark.parametrize(
    "value",
    [
        "ivo://example.org/gms?none", "none", "ivo://elsewhere.org/gms?readers", "ivo://example.org/other?readers",
        "ivo://example.org/gms?others", f"{TEAM} ivo://elsewhere.org/gms?readers",
    ],
)  # fmt: skip
def test_groups_that_are_not_ones_own_are_refused_alike(home: People, name: str, value: str):
    accounts, groups = AccountService(home.database), GroupService(home.database)
    if "others" in value:
        reader = accounts.identity_of_user("reader")
        if not any(group.name == "others" for group in groups.groups(reader)):
            groups.create(reader, "others")
    owner, before = home.clients["owner"], home.snapshot()
    for answer in (owner.set(NODE, **{name: value}), owner.make(f"{NODE}2", **{name: value})):
        assert (answer.status_code, answer.text.partition(":")[0]) == (400, "InvalidArgument")
    path = ("home", "owner", "n")
    request = home.request(path, name, value)
    assert home.fault(home.space.nodes.change_all, home.identities["owner"], path, request) == "InvalidArgument"
    assert home.snapshot() == before


@pytest.mark.parametrize("value", ["readers", "IVO://EXAMPLE.ORG/gms?readers", TEAM, f"{TEAM},readers"])
def test_groups_are_stored_by_their_identifiers(home: People, value: str):
    assert home.clients["owner"].set(NODE, groupread=value).status_code == 200
    assert home.clients["owner"].properties(NODE)["groupread"] == TEAM
    assert home.clients["reader"].ask("GET", f"nodes{NODE}").status_code == 200


def test_an_administrator_names_any_group_that_exists(home: People):
    assert home.clients["admin"].set(NODE, groupread="readers registered").status_code == 200
    assert home.clients["admin"].set(NODE, groupread="none").status_code == 400


def test_groups_that_are_there_may_be_sent_back(home: People):
    """Clients send all properties when they change one; groups of a former version of the server may be there."""
    with home.database.write() as session:
        session.execute(update(NodeRow).where(NodeRow.name == "n").values(group_read=" ivo://elsewhere.org/gms?x "))
    owner = home.clients["owner"]
    assert owner.set(NODE, title="t", groupread="ivo://elsewhere.org/gms?x").status_code == 200
    assert owner.properties(NODE)["groupread"] == "ivo://elsewhere.org/gms?x"
    assert owner.set(NODE, groupread=f"ivo://elsewhere.org/gms?x {TEAM}").status_code == 200
    assert owner.set(NODE, groupread=TEAM).status_code == 200
    assert owner.set(NODE, groupread="ivo://elsewhere.org/gms?x").status_code == 400
    assert owner.set(NODE, groupread=None).status_code == 200
    assert "groupread" not in owner.properties(NODE)
