import hashlib
from dataclasses import replace

import pytest
from lxml import etree

from core.auth.groups import GroupService
from products.models import Visibility
from tests.vospace.conftest import MAIN_BYTES, ODD_NAME

pytestmark = pytest.mark.either_database

CORE = "ivo://ivoa.net/vospace/core#"
ROOT = "vos://example.org~vospace"


def node(answer):
    assert answer.status_code == 200, answer.text
    return etree.fromstring(answer.content)


def children(element):
    return [child.get("uri") for child in element.iterfind("{*}nodes/{*}node")]


def properties(element):
    return {p.get("uri").removeprefix(CORE): p.text for p in element.iterfind("{*}properties/{*}property")}


def test_the_root_holds_products_and_is_named_without_a_slash(space):
    root = node(space.client.get("/vospace/nodes"))

    assert root.get("uri") == ROOT
    assert children(root) == [f"{ROOT}/home", f"{ROOT}/products"]
    assert b'xsi:type="vos:ContainerNode"' in etree.tostring(root)


def test_products_holds_what_each_one_may_read_and_no_drafts(space):
    group = GroupService(space.database).create(space.owner, "tomography")
    space.owner = replace(space.owner, groups=frozenset({group.name}))
    names = [
        space.product(f"p {v}", v, groups=(group.name,) if v is Visibility.GROUPS else ()).internal_name
        for v in Visibility
    ]
    space.product("draft", Visibility.PUBLIC, publish=False)
    private, groups, registered, public = (f"{ROOT}/products/{name}" for name in names)

    def seen(**headers):
        return children(node(space.client.get("/vospace/nodes/products", **headers)))

    assert seen() == [public]
    assert seen(headers=space.as_("other")) == [registered, public]
    assert seen(headers=space.as_("owner")) == [private, groups, registered, public]
    shared = node(space.client.get(f"/vospace/nodes/products/{names[1]}", headers=space.as_("owner")))
    assert properties(shared)["groupread"] == "ivo://example.org/gms?tomography"


def test_a_private_product_is_told_apart_from_a_missing_one_by_nothing(space):
    name = space.product("secret", Visibility.PRIVATE).internal_name

    for kind in ("nodes", "files"):
        for file in ("", "/main.dat", "/product_metadata.yaml"):
            hidden = space.client.get(f"/vospace/{kind}/products/{name}{file}", headers=space.as_("other"))
            missing = space.client.get(f"/vospace/{kind}/products/9_none{file}", headers=space.as_("other"))
            assert hidden.status_code == missing.status_code == 404
            assert hidden.text.replace(name, "9_none") == missing.text
            assert hidden.text.startswith("NodeNotFound")


def test_a_product_lists_its_files_with_length_and_md5(space):
    product = space.product("mine", Visibility.REGISTERED)
    container = node(space.client.get(f"/vospace/nodes/products/{product.internal_name}", headers=space.as_("other")))
    uri = f"{ROOT}/products/{product.internal_name}"

    assert children(container) == [
        f"{uri}/main.dat",
        f"{uri}/notes%20&%20100%25%20é%3F.txt",
        f"{uri}/product_metadata.yaml",
    ]
    about = properties(container)
    assert about["title"] == "mine"
    assert about["description"] == "a < b"
    assert about["creator"] == "owner"
    assert about["ispublic"] == about["publicread"] == "false"
    assert about["groupread"]
    main = properties(container.find("{*}nodes/{*}node"))
    assert main["length"] == str(len(MAIN_BYTES))
    assert main["MD5"] == hashlib.md5(MAIN_BYTES).hexdigest()
    assert "+" not in main["date"]
    assert main["date"].endswith("Z")


def test_a_file_is_found_by_its_address_in_the_listing(space):
    product = space.product("mine", Visibility.PUBLIC)
    path = f"/vospace/nodes/products/{product.internal_name}"
    uri = children(node(space.client.get(path)))[1]

    file = node(space.client.get("/vospace/nodes" + uri.removeprefix(ROOT)))

    assert file.get("uri") == uri
    assert properties(file)["ispublic"] == "true"
    assert ODD_NAME.startswith("notes")


def test_pages_begin_at_the_uri_and_end_at_the_limit(space):
    names = [space.product(f"n{i}", Visibility.PUBLIC).internal_name for i in range(6)]

    def page(start, limit, mark="~"):
        parameters = {"limit": limit} | (
            {} if start is None else {"uri": f"vos://example.org{mark}vospace/products/{start}"}
        )
        uris = children(node(space.client.get("/vospace/nodes/products", params=parameters)))
        return [uri.rpartition("/")[2] for uri in uris]

    assert page(None, 3) == names[:3]
    assert page(names[2], 3) == names[2:5]
    assert page(names[4], 3, "!") == names[4:]
    assert page(None, 0) == []


def test_sorting_by_length_and_the_reverse_order_are_kept(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name

    def listed(**parameters):
        uris = children(node(space.client.get(f"/vospace/nodes/products/{name}", params=parameters)))
        return [uri.rpartition("/")[2][:5] for uri in uris]

    assert listed(sort=f"{CORE}length", order="asc") == ["notes", "produ", "main."]
    assert listed(sort=f"{CORE}length", order="desc", limit=1) == ["main."]
    assert listed(order="desc") == ["produ", "notes", "main."]


def test_detail_says_how_much_is_told(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name
    path = f"/vospace/nodes/products/{name}/main.dat"

    def parts(detail):
        return [child.tag.rpartition("}")[2] for child in node(space.client.get(path, params={"detail": detail}))]

    assert parts("min") == []
    assert parts("properties") == ["properties"]
    assert parts("max") == ["properties", "accepts", "provides", "capabilities"]


def test_a_view_leads_to_the_bytes(space):
    name = space.product("mine", Visibility.PUBLIC).internal_name
    path = f"/vospace/nodes/products/{name}/main.dat"

    answer = space.client.get(path, params={"view": "data"}, follow_redirects=True)

    assert answer.history[0].status_code == 303
    assert answer.content == MAIN_BYTES
    assert space.client.get(path, params={"view": "png"}).text.startswith("ViewNotSupported")


FAULTS = (
    ("nodes/home/nobody", 404, "NodeNotFound"),
    ("nodes/elsewhere", 404, "NodeNotFound"),
    ("nodes/products/1_a/b/c", 404, "NodeNotFound"),
    ("nodes/a%2Fb", 400, "InvalidURI"),
    ("nodes/products//x", 400, "InvalidURI"),
    ("nodes/products/%2e%2e/x", 400, "InvalidURI"),
    ("nodes/products/a%01b", 400, "InvalidURI"),
    ("nodes?limit=-1", 400, "InvalidArgument"),
    ("nodes?detail=all", 400, "InvalidArgument"),
    ("nodes/products?uri=vos://other.org~vospace/products/1_a", 400, "InvalidURI"),
    ("nodes/products?uri=vos://example.org~vospace/1_a", 400, "InvalidURI"),
    ("nodes/products?uri=vos://example.org~vospace/products/a", 400, "InvalidArgument"),
    ("files/products", 400, "InvalidArgument"),
)


def test_faults_have_their_names_and_statuses(space):
    answers = [(path, space.client.get(f"/vospace/{path}")) for path, _, _ in FAULTS]

    assert [(path, a.status_code, a.text.partition(":")[0]) for path, a in answers] == list(FAULTS)


def test_a_wrong_token_is_an_error_and_never_anonymous(space):
    answer = space.client.get("/vospace/nodes", headers={"Authorization": "Bearer no"})

    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
