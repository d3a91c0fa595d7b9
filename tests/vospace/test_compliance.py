"""The compliance matrix of VOSpace 2.1, item by item, where a request and its response show it."""

import pytest

from tests.vospace.client import ROOT, VOSpaceClient, fault, node_xml, transfer_xml

pytestmark = pytest.mark.either_database


@pytest.fixture
def owner(space) -> VOSpaceClient:
    person = VOSpaceClient(space.client, space.tokens["owner"])
    person.make("/home/owner/c")
    person.put("/home/owner/c/f", b"abc")
    person.make("/home/owner/link", "LinkNode", target=f"{ROOT}/home/owner/c")
    return person


def _doc(path: str, kind: str = "ContainerNode", **properties: str) -> bytes:
    return node_xml(path, kind, **properties)


#: Item of the matrix: method, path, document, status, and the name of the fault.
ITEMS = {
    "36 properties": ("GET", "properties", None, 200, ""),
    "36 views": ("GET", "views", None, 200, ""),
    "36 protocols": ("GET", "protocols", None, 200, ""),
    "39 getNode": ("GET", "nodes/home/owner/c", None, 200, ""),
    "39 setNode": ("POST", "nodes/home/owner/c", _doc("/home/owner/c", title="t"), 200, ""),
    "39 deleteNode": ("DELETE", "nodes/home/owner/c", None, 204, ""),
    "39 pullFromVoSpace": (
        "POST",
        "synctrans",
        transfer_xml(f"{ROOT}/home/owner/c/f", direction="pullFromVoSpace", protocols=("httpget",)),
        303,
        "",
    ),
    "42 createNode": ("PUT", "nodes/home/owner/.null", _doc("/home/owner/.null"), 400, "InvalidURI"),
    "55 setNode": ("POST", "nodes/home/owner/c", _doc("/home/owner/c", ispublic="maybe"), 400, "InvalidArgument"),
    "56 createNode": ("PUT", "nodes/home/owner/x", _doc("vos://elsewhere~vospace/x"), 400, "InvalidURI"),
    "57 createNode": ("PUT", "nodes/home/owner/x", _doc("/home/owner/x", "CubeNode"), 400, "TypeNotSupported"),
    "58 createNode": ("PUT", "nodes/x/y", _doc("/x/y"), 404, "ContainerNotFound"),
    "58 setNode": ("POST", "nodes/home/owner/c", _doc("/home/owner/c", length="9"), 403, "PermissionDenied"),
    "58 deleteNode": ("DELETE", "nodes/home/owner", None, 403, "PermissionDenied"),
    "59 getNode": ("GET", "nodes/home/owner/no/x", None, 404, "NodeNotFound"),
    "59 setNode": ("POST", "nodes/home/owner/no", _doc("/home/owner/no"), 404, "NodeNotFound"),
    "59 deleteNode": ("DELETE", "nodes/home/owner/no", None, 404, "NodeNotFound"),
    "60 createNode": ("PUT", "nodes/home/owner/c", _doc("/home/owner/c"), 409, "DuplicateNode"),
    "61 createNode": ("PUT", "nodes/home/owner/no/x", _doc("/home/owner/no/x"), 404, "ContainerNotFound"),
    "61 setNode": ("POST", "nodes/home/owner/no/x", _doc("/home/owner/no/x"), 404, "ContainerNotFound"),
    "61 setNode in no home": ("POST", "nodes/home/no/x", _doc("/home/no/x"), 404, "ContainerNotFound"),
    "61 setNode in no product": ("POST", "nodes/products/9_x/f", _doc("/products/9_x/f"), 404, "ContainerNotFound"),
    "61 deleteNode": ("DELETE", "nodes/home/owner/no/x", None, 404, "ContainerNotFound"),
    "61 deleteNode in no home": ("DELETE", "nodes/home/no/x", None, 404, "ContainerNotFound"),
    "61 deleteNode in no product": ("DELETE", "nodes/products/9_x/f", None, 404, "ContainerNotFound"),
    "61 deleteNode nowhere": ("DELETE", "nodes/x/y", None, 404, "ContainerNotFound"),
    "61 deleteNode below a file": ("DELETE", "nodes/home/owner/c/f/x", None, 404, "ContainerNotFound"),
    "61 setNode below a file": ("POST", "nodes/home/owner/c/f/x", _doc("/home/owner/c/f/x"), 404, "ContainerNotFound"),
    "62 setNode": ("POST", "nodes/home/owner/link/x", _doc("/home/owner/link/x"), 400, "LinkFound"),
    "62 createNode": ("PUT", "nodes/home/owner/link/x", _doc("/home/owner/link/x"), 400, "LinkFound"),
    "62 deleteNode": ("DELETE", "nodes/home/owner/link/x", None, 400, "LinkFound"),
    "a document that is too long": ("PUT", "nodes/home/owner/x", b"x" * 40_000, 400, "InvalidArgument"),
}


@pytest.mark.parametrize("item", ITEMS)
def test_each_operation_ends_with_the_status_and_the_fault_of_its_item(owner, item):
    method, path, document, status, name = ITEMS[item]
    answer = owner.ask(method, path, content=document)
    assert (answer.status_code, answer.text.partition(":")[0] if name else "") == (status, name)


def test_bytes_for_null_are_discarded(space, owner):
    """Item 42."""
    before = owner.properties("/home/owner")["availableSpace"]
    for _ in range(2):
        assert owner.put("/home/owner/c/.null", b"discarded").status_code == 201
    content = transfer_xml(f"{ROOT}/home/owner/.null", direction="pushToVoSpace", protocols=("httpput",))
    details = owner.ask("GET", owner.ask("POST", "synctrans", content=content).headers["location"])
    endpoint = details.text.partition("endpoint>")[2].partition("<")[0]
    assert owner.ask("PUT", endpoint, content=b"discarded").status_code == 201
    assert fault(owner.get("/home/owner/c/.null")) == (404, "NodeNotFound")
    assert owner.names("/home/owner/c") == ["f"]
    assert owner.properties("/home/owner")["availableSpace"] == before
    assert fault(owner.put("/home/owner/no/.null", b"x")) == (404, "ContainerNotFound")
    assert fault(owner.put("/home/owner/.null", b"x" * 100_001)) == (413, "QuotaExceeded")
    nobody = VOSpaceClient(space.client)
    assert fault(nobody.put("/home/owner/.null", b"x")) == (401, "PermissionDenied")
    assert list(space.settings.staging_folder.iterdir()) == []
    assert len(list(space.settings.files_folder.glob("??/*"))) == 1


def test_containers_go_and_are_listed_with_their_direct_children(owner):
    """Items 44 and 45."""
    owner.make("/home/owner/c/d")
    owner.put("/home/owner/c/d/deep", b"abc")
    assert owner.names("/home/owner/c") == ["d", "f"]
    assert owner.delete("/home/owner/c").status_code == 204
    assert fault(owner.get("/home/owner/c/d/deep")) == (404, "NodeNotFound")


def test_bytes_replace_those_of_a_node_and_clear_its_properties(owner):
    """Item 51, and §6.3.1."""
    owner.set("/home/owner/c/f", "DataNode", title="old")
    content = transfer_xml(f"{ROOT}/home/owner/c/f", direction="pushToVoSpace", protocols=("httpput",))
    details = owner.ask("GET", owner.ask("POST", "synctrans", content=content).headers["location"])
    assert owner.ask("PUT", details.text.partition("endpoint>")[2].partition("<")[0], content=b"new").status_code == 200
    assert owner.get("/home/owner/c/f").content == b"new"
    assert "title" not in owner.properties("/home/owner/c/f")
