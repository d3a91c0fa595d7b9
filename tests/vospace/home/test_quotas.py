"""Quotas of homes that administrators set, and properties with names of people's own."""

import pytest

from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.errors import PermissionDeniedError
from tests.vospace.client import CORE, VOSpaceClient, fault, node_xml

OPERATOR = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)


@pytest.fixture
def owner(space) -> VOSpaceClient:
    return VOSpaceClient(space.client, space.tokens["owner"])


def test_an_administrator_sets_the_quota_of_a_home_before_its_first_use(space, owner):
    accounts = AccountService(space.database)
    accounts.add_user("root", None, is_admin=True)
    identity = accounts.identity_of_user("root", Scope.ADMIN)
    root = VOSpaceClient(space.client, accounts.issue_token(identity, "t", Scope.ADMIN).secret)
    assert root.set("/home/owner", quota="5000").status_code == 200
    assert owner.properties("/home/owner")["quota"] == "5000"
    assert fault(owner.put("/home/owner/f", b"x" * 5001)) == (413, "QuotaExceeded")
    assert owner.properties("/home/owner")["creator"] == "owner"
    assert fault(root.set("/home/nobody", quota="5000")) == (404, "NodeNotFound")
    assert fault(owner.set("/home/other", quota="5000")) == (404, "NodeNotFound")
    assert fault(owner.set("/home/owner", quota="6000")) == (403, "PermissionDenied")


def test_the_operator_sets_and_resets_it(space, owner):
    space.vospace.nodes.set_quota(OPERATOR, "owner", 1234)
    assert owner.properties("/home/owner")["quota"] == "1234"
    space.vospace.nodes.set_quota(OPERATOR, "owner", None)
    assert owner.properties("/home/owner")["quota"] == "100000"
    with pytest.raises(PermissionDeniedError):
        space.vospace.nodes.set_quota(space.owner, "owner", 10**9)


def test_a_property_keeps_its_own_name(owner):
    owner.put("/home/owner/f", b"x")
    names = ("mykey", "ivo://example.org/props#mykey", f"{CORE}mykey")
    listed = "".join(f'<v:property uri="{name}">{number}</v:property>' for number, name in enumerate(names))
    document = node_xml("/home/owner/f", "DataNode").replace(
        b"<v:properties></v:properties>", f"<v:properties>{listed}</v:properties>".encode()
    )
    assert owner.ask("POST", "nodes/home/owner/f", content=document).status_code == 200
    found = owner.node("/home/owner/f").iterfind("{*}properties/{*}property")
    values = {each.get("uri"): each.text for each in found}
    assert [values[name] for name in names] == ["0", "1", "2"]
    titled = document.replace(listed.encode(), b'<v:property uri="title">t</v:property>')
    assert owner.ask("POST", "nodes/home/owner/f", content=titled).status_code == 200
    assert owner.properties("/home/owner/f")["title"] == "t"
