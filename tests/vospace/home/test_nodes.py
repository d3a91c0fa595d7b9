"""Nodes below ``/home`` over HTTP: create, change, list, share and delete, with every fault by its name."""

import pytest
from lxml import etree

from core.auth.groups import GroupService
from core.auth.service import AccountService
from tests.vospace.client import CORE, ROOT, VOSpaceClient, fault, node_xml

pytestmark = pytest.mark.either_database


@pytest.fixture
def owner(space) -> VOSpaceClient:
    return VOSpaceClient(space.client, space.tokens["owner"])


@pytest.fixture
def other(space) -> VOSpaceClient:
    return VOSpaceClient(space.client, space.tokens["other"])


@pytest.fixture
def nobody(space) -> VOSpaceClient:
    return VOSpaceClient(space.client)


def test_a_home_is_there_before_anything_is_in_it_and_reading_makes_nothing(space, owner, other):
    assert owner.names("/home") == ["owner"]
    assert owner.names("/home/owner") == []
    about = owner.properties("/home/owner")
    assert (about["creator"], about["quota"], about["availableSpace"]) == ("owner", "100000", "100000")
    assert fault(other.ask("GET", "nodes/home/owner")) == (404, "NodeNotFound")
    assert owner.put("/home/owner/a.txt", b"12345").status_code == 201
    assert owner.properties("/home/owner")["availableSpace"] == "99995"


def test_containers_data_and_links_are_made_read_and_deleted(owner):
    made = owner.make("/home/owner/a")
    assert made.status_code == 201
    assert etree.fromstring(made.content).get("uri") == f"{ROOT}/home/owner/a"
    for kind in ("DataNode", "UnstructuredDataNode", "StructuredDataNode"):
        assert owner.make(f"/home/owner/a/{kind}", kind).status_code == 201
        element = owner.node(f"/home/owner/a/{kind}")
        assert element.get("{http://www.w3.org/2001/XMLSchema-instance}type") == f"vos:{kind}"
        assert element.get("busy") == "false"
    assert owner.make("/home/owner/a/link", "LinkNode", target=f"{ROOT}/home/owner/a/DataNode").status_code == 201
    assert owner.node("/home/owner/a/link").findtext("{*}target") == f"{ROOT}/home/owner/a/DataNode"
    assert owner.names("/home/owner/a") == ["DataNode", "StructuredDataNode", "UnstructuredDataNode", "link"]
    assert owner.delete("/home/owner/a").status_code == 204
    assert owner.names("/home/owner") == []
    assert fault(owner.ask("GET", "nodes/home/owner/a/link")) == (404, "NodeNotFound")


def test_auto_lets_the_service_choose_a_name(owner):
    made = etree.fromstring(owner.make("/home/owner/.auto").content)
    name = made.get("uri").rpartition("/")[2]
    assert owner.names("/home/owner") == [name]
    assert name != ".auto"


def test_every_fault_of_making_has_its_name(owner, other, nobody):
    owner.make("/home/owner/a")
    owner.make("/home/owner/data", "DataNode")
    owner.make("/home/owner/link", "LinkNode", target=f"{ROOT}/home/owner/a")
    assert fault(owner.make("/home/owner/a")) == (409, "DuplicateNode")
    assert fault(owner.make("/home/owner")) == (409, "DuplicateNode")
    assert fault(owner.make("/home/owner/none/b")) == (404, "ContainerNotFound")
    assert fault(owner.make("/home/owner/data/b")) == (404, "ContainerNotFound")
    assert fault(owner.make("/home/owner/link/b")) == (400, "LinkFound")
    assert fault(owner.delete("/home/owner/link/b")) == (400, "LinkFound")
    assert fault(owner.make("/home/owner/b", "TableNode")) == (400, "TypeNotSupported")
    assert fault(owner.make("/home/owner/b", "LinkNode")) == (400, "InvalidArgument")
    assert fault(owner.make("/home/owner/b", MD5="abc")) == (403, "PermissionDenied")
    assert fault(owner.make("/home/other")) == (403, "PermissionDenied")
    assert fault(owner.make("/home/other/b")) == fault(owner.make("/home/none/b")) == (404, "ContainerNotFound")
    assert fault(owner.make("/top")) == (403, "PermissionDenied")
    assert fault(owner.make("/products/1_x")) == (403, "PermissionDenied")
    assert fault(nobody.make("/home/owner/b")) == (401, "PermissionDenied")
    wrong = owner.ask("PUT", "nodes/home/owner/b", content=node_xml("/home/owner/c"))
    assert fault(wrong) == (400, "InvalidURI")
    foreign = owner.ask("PUT", "nodes/home/owner/b", content=node_xml("vos://x.org~vospace/home/owner/b"))
    assert fault(foreign) == (400, "InvalidURI")
    assert owner.names("/home/owner") == ["a", "data", "link"]


def test_both_separators_of_addresses_are_read_and_one_is_written(owner):
    for mark, name in (("~", "a"), ("!", "b")):
        body = node_xml(f"vos://example.org{mark}vospace/home/owner/{name}")
        answer = owner.ask("PUT", f"nodes/home/owner/{name}", content=body)
        assert etree.fromstring(answer.content).get("uri") == f"{ROOT}/home/owner/{name}"


BAD_NAMES = ("a\\b", "a\x01b", "a\u200bb", "\u202eabc", " a", "a ", "x" * 256, "é" * 128)
HIDDEN = ("a%2fb", "a%5cb", "a%00b", "%2e%2e/b", "a//b")


def test_names_that_no_node_can_have_are_refused(owner):
    for name in BAD_NAMES:
        assert fault(owner.make(f"/home/owner/{name}")) == (400, "InvalidURI"), name
    for path in HIDDEN:
        answer = owner.ask("PUT", f"nodes/home/owner/{path}", content=node_xml("/home/owner/x"))
        assert fault(answer) == (400, "InvalidURI"), path
    assert owner.names("/home/owner") == []


def test_one_name_in_two_forms_of_unicode_is_one_node(owner):
    assert owner.make("/home/owner/caf\u00e9").status_code == 201
    assert fault(owner.make("/home/owner/cafe\u0301")) == (409, "DuplicateNode")


BAD_DOCUMENTS = (
    b"",
    b"<x/>",
    b"not xml",
    b'<!DOCTYPE node [<!ENTITY a "b">]><node>&a;</node>',
    b'<!DOCTYPE n SYSTEM "file:///etc/passwd"><node xmlns="http://www.ivoa.net/xml/VOSpace/v2.0"/>',
    b"<node " + b"a" * 40_000 + b"/>",
    b"<node><!-- " + b"<a>" * 300,
)


def test_documents_that_are_none_are_refused(owner):
    for body in BAD_DOCUMENTS:
        answer = owner.ask("PUT", "nodes/home/owner/a", content=body)
        assert fault(answer) in {(400, "InvalidArgument"), (413, "QuotaExceeded")}
        assert "passwd" not in answer.text


def test_properties_are_added_changed_and_taken_away(space, owner):
    for name in "ab":
        GroupService(space.database).create(space.owner, name)
    owner.make("/home/owner/a", title="one", description="first")
    assert owner.properties("/home/owner/a")["title"] == "one"
    answer = owner.set("/home/owner/a", title="two", subject="photo-z", description=None)
    assert answer.status_code == 200
    about = owner.properties("/home/owner/a")
    assert (about["title"], about["subject"]) == ("two", "photo-z")
    assert "description" not in about
    owner.set("/home/owner/a", groupread="ivo://example.org/gms?a,ivo://example.org/gms?b  ivo://example.org/gms?a")
    assert owner.properties("/home/owner/a")["groupread"] == "ivo://example.org/gms?a ivo://example.org/gms?b"
    owner.set("/home/owner/a", groupread=None)
    assert "groupread" not in owner.properties("/home/owner/a")


def test_public_is_said_in_two_words_that_agree(owner):
    owner.make("/home/owner/a")
    for said in ({"ispublic": "true"}, {"publicread": "false"}, {"publicread": "true", "ispublic": "false"}):
        owner.set("/home/owner/a", **said)
        about = owner.properties("/home/owner/a")
        assert about["ispublic"] == about["publicread"]
        assert about["ispublic"] == ("true" if "true" in said.values() else "false")
    owner.set("/home/owner/a", ispublic="false", publicread="true")
    assert owner.properties("/home/owner/a")["ispublic"] == "false"


def test_read_only_properties_may_be_sent_back_but_not_changed(owner):
    owner.put("/home/owner/f", b"abc")
    about = owner.properties("/home/owner/f")
    same = {name: about[name] for name in ("MD5", "length", "date", "creator")}
    assert owner.set("/home/owner/f", "DataNode", **same, title="t").status_code == 200
    for name in same:
        assert fault(owner.set("/home/owner/f", "DataNode", **{name: "1"})) == (403, "PermissionDenied")
    assert fault(owner.set("/home/owner", quota="1")) == (403, "PermissionDenied")
    assert fault(owner.set("/home/owner/f", "ContainerNode")) == (400, "InvalidArgument")
    assert fault(owner.set("/home/owner/none")) == (404, "NodeNotFound")


def test_lists_come_in_pages_that_begin_where_they_are_told(owner):
    for number in range(6):
        owner.make(f"/home/owner/n{number}")
    start = f"{ROOT}/home/owner/n"
    assert owner.names("/home/owner", limit=3) == ["n0", "n1", "n2"]
    assert owner.names("/home/owner", limit=3, uri=f"{start}2") == ["n2", "n3", "n4"]
    assert owner.names("/home/owner", limit=3, uri=f"{start}4") == ["n4", "n5"]
    assert owner.names("/home/owner", limit=0) == []
    assert owner.names("/home/owner", order="desc", limit=2) == ["n5", "n4"]
    for name, size in (("n3x", 5), ("n1x", 9), ("n2x", 5)):
        owner.put(f"/home/owner/{name}", b"x" * size)
    by_length = {"sort": f"{CORE}length", "order": "desc", "limit": 2}
    assert owner.names("/home/owner", **by_length) == ["n1x", "n3x"]
    assert owner.names("/home/owner", **by_length, uri=f"{start}3x") == ["n3x", "n2x"]


def test_detail_says_how_much_is_told_of_a_container_and_of_what_lies_in_it(owner):
    owner.make("/home/owner/a", title="t")
    owner.put("/home/owner/a/f", b"x")
    owner.make("/home/owner/a/link", "LinkNode", target=f"{ROOT}/home/owner/a/f")
    views = ["accepts", "provides", "capabilities"]
    for detail, parts in (("min", []), ("properties", ["properties"]), ("max", ["properties", *views])):
        element = owner.node("/home/owner/a", detail=detail)
        assert [_name(part) for part in element] == [*parts, "nodes"]
        file, link = element.iterfind("{*}nodes/{*}node")
        assert [_name(part) for part in file] == parts
        assert [_name(part) for part in link] == [*parts[:1], "target"]
        assert file.get("busy") == "false"


def test_a_view_of_the_data_leads_to_the_bytes(owner, nobody):
    owner.put("/home/owner/f", b"abc")
    answer = owner.ask("GET", "nodes/home/owner/f", params={"view": "data"})
    assert answer.status_code == 303
    assert owner.ask("GET", answer.headers["location"]).content == b"abc"
    assert fault(nobody.ask("GET", "nodes/home/owner/f", params={"view": "data"})) == (404, "NodeNotFound")
    owner.make("/home/owner/a")
    assert fault(owner.ask("GET", "nodes/home/owner/a", params={"view": "data"})) == (400, "InvalidArgument")


def _name(element) -> str:
    return element.tag.rpartition("}")[2]


# --- who may


def test_what_is_not_shared_is_not_there_for_others(owner, other, nobody):
    owner.put("/home/owner/f", b"abc")
    for person in (other, nobody):
        hidden, missing = person.get("/home/owner/f"), person.get("/home/nowhere/f")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace("owner", "nowhere") == missing.text
    assert fault(other.set("/home/owner/f", "DataNode", title="x")) == (404, "ContainerNotFound")
    assert fault(other.delete("/home/owner/f")) == (404, "ContainerNotFound")
    assert fault(other.put("/home/owner/f", b"x")) == (404, "ContainerNotFound")


def test_public_nodes_are_read_by_all_and_written_by_none(owner, other, nobody):
    owner.make("/home/owner/open")
    owner.put("/home/owner/open/f", b"abc")
    owner.put("/home/owner/open/secret", b"abc")
    owner.set("/home/owner/open", ispublic="true")
    owner.set("/home/owner/open/f", "DataNode", ispublic="true")
    assert nobody.get("/home/owner/open/f").status_code == 404  # the home is closed still
    owner.set("/home/owner", ispublic="true")
    assert nobody.get("/home/owner/open/f").content == b"abc"
    assert nobody.names("/home/owner/open") == ["f"]
    assert nobody.names("/home") == ["owner"]
    assert fault(nobody.get("/home/owner/open/secret")) == (404, "NodeNotFound")
    for answer in (
        other.put("/home/owner/open/f", b"x"),
        other.set("/home/owner/open/f", "DataNode", title="x"),
        other.delete("/home/owner/open/f"),
        other.make("/home/owner/open/new"),
        other.make("/home/owner/open/secret"),
    ):
        assert fault(answer) == (403, "PermissionDenied")


def test_groups_read_and_write_what_is_shared_with_them(space, owner, other):
    groups = GroupService(space.database)
    team = groups.create(space.owner, "team")
    member = AccountService(space.database).identity_of_user("other")
    uri = "ivo://example.org/gms?team"
    owner.set("/home/owner", groupread=uri)
    owner.make("/home/owner/shared", groupwrite=uri)
    owner.make("/home/owner/read", groupread=uri)
    assert fault(other.ask("GET", "nodes/home/owner/shared")) == (404, "NodeNotFound")
    groups.add_member(space.owner, team.id, member.name)
    assert other.names("/home/owner") == ["read", "shared"]
    assert other.make("/home/owner/shared/theirs").status_code == 201
    assert fault(other.make("/home/owner/read/theirs")) == (403, "PermissionDenied")
    assert owner.delete("/home/owner/shared/theirs").status_code == 204


def test_inherited_permissions_go_with_new_nodes(space, owner):
    GroupService(space.database).create(space.owner, "g")
    owner.make("/home/owner/a", ispublic="true", inheritPermissions="true", groupread="ivo://example.org/gms?g")
    owner.make("/home/owner/a/b")
    owner.put("/home/owner/a/b/f", b"x")
    about = owner.properties("/home/owner/a/b/f")
    assert (about["ispublic"], about["groupread"]) == ("true", "ivo://example.org/gms?g")
    owner.make("/home/owner/plain")
    assert owner.properties("/home/owner/plain")["ispublic"] == "false"


def test_a_locked_node_is_neither_written_nor_deleted_nor_moved(owner):
    owner.make("/home/owner/a")
    owner.put("/home/owner/a/f", b"x")
    owner.set("/home/owner/a/f", "DataNode", islocked="true")
    assert fault(owner.put("/home/owner/a/f", b"y")) == (423, "NodeLocked")
    assert fault(owner.delete("/home/owner/a/f")) == (423, "NodeLocked")
    assert fault(owner.delete("/home/owner/a")) == (423, "NodeLocked")
    owner.set("/home/owner/a/f", "DataNode", islocked="false")
    assert owner.delete("/home/owner/a").status_code == 204


def test_a_token_for_reading_changes_nothing(space, owner):
    accounts = AccountService(space.database)
    from core.auth.models import Scope

    reading = accounts.issue_token(accounts.identity_of_user("owner"), "r", Scope.READ).secret
    reader = VOSpaceClient(space.client, reading)
    owner.put("/home/owner/f", b"x")
    assert reader.get("/home/owner/f").content == b"x"
    for answer in (reader.put("/home/owner/f", b"y"), reader.make("/home/owner/a"), reader.delete("/home/owner/f")):
        assert fault(answer) == (403, "PermissionDenied")
