"""What all operations of the REST API have in common: names of parameters, pages, methods, entity tags, the version."""

import re

import pytest
import requests

from tests.server.api import Api
from tests.webui.api.conftest import Site


@pytest.fixture(scope="module")
def document(site: Site) -> dict:
    found: dict = requests.get(f"{site.alice.base_url}/api/openapi.json", timeout=60).json()
    return found


def _path(path: str) -> str:
    """Fill the parameters of a path, and take off what every request has before it."""
    return re.sub(r"\{\w+\}", "1", path).removeprefix("/api").removeprefix("/")


def _lists(document: dict) -> list[str]:
    """Give the paths of all lists of the API."""
    return [
        path
        for path, item in document["paths"].items()
        if "get" in item
        and str(item["get"]["responses"]["200"].get("content", "")).partition("'example'")[0].count("List'}")
    ]


def test_no_operation_accepts_a_parameter_that_it_does_not_have(site: Site, document: dict):
    count = 0
    for path, item in document["paths"].items():
        if not path.startswith("/api"):
            continue
        for method in item:
            answer = site.alice.call(method.upper(), f"{_path(path)}?ordring=id")
            assert answer.status_code == 400, (method, path, answer.text)
            assert answer.json()["ordring"] == [answer.json()["detail"]]
            count += 1
    assert count > 90


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("products?product_typ=1", "There is no parameter 'product_typ'. Did you mean product_type?"),
        ("users?pagesize=1", "There is no parameter 'pagesize'. Did you mean page_size?"),
        ("usage?user=1", "There is no parameter 'user'. This address has no parameters."),
        ("products?status=1&status=9", "The parameter status is given 2 times. Give it once."),
        ("products?ordering=-createdat", "The list cannot be ordered by 'createdat'. Did you mean created_at?"),
        ("groups?page_size=0", "'0' is not a whole number above zero."),
        (
            "processes?status=Done",
            "'Done' is not a status; the statuses are Pending, Running, Successful, Failed, Stopped.",
        ),
        ("processes?release__isnull=maybe", "'maybe' is neither true nor false."),
    ],
)
def test_what_has_no_effect_is_refused_with_the_nearest_word(site: Site, query: str, message: str):
    answer = site.alice.call("GET", query)
    assert (answer.status_code, answer.json()["detail"]) == (400, message)


def test_every_list_has_pages_an_ordering_and_a_search(site: Site, catalogue: dict, document: dict):
    lists = _lists(document)
    assert len(lists) >= 16
    for path in lists:
        names = {each["name"] for each in document["paths"][path]["get"]["parameters"]}
        assert {"page", "page_size", "ordering", "search"} <= names, path
        query = f"?product={catalogue['id']}" if path == "/api/product-contents" else ""
        if "{" in path.replace("{product_id}", ""):
            continue  # of a resource that is not here
        address = _path(path.replace("{product_id}", str(catalogue["id"]))) + query
        api = site.admin if path == "/api/catalogues" else site.alice
        found = api.json("GET", address)
        assert (found["next"], found["previous"], found["count"]) == (None, None, len(found["results"])), path
        first = api.json("GET", f"{address}{'&' if query else '?'}page_size=1")
        assert (first["count"], first["results"]) == (found["count"], found["results"][:1]), path
        assert (first["next"] is None) == (found["count"] <= 1), path


@pytest.mark.parametrize(
    "listed", ["meanings?search=error&ordering=-key", "product-types?ordering=-order", "products?status=1"]
)
def test_the_links_lead_through_a_list_and_back(site: Site, catalogue: dict, listed: str):
    whole = site.alice.json("GET", listed)["results"]
    address, seen, steps = f"{listed}&page_size=2", [], 0
    while address:
        answer = site.alice.call("GET", address)
        page = answer.json()
        links = {
            found["rel"]: found["url"] for found in requests.utils.parse_header_links(answer.headers.get("Link", ""))
        }
        assert links == {k: v for k, v in (("next", page["next"]), ("prev", page["previous"])) if v is not None}
        seen += page["results"]
        address = "" if page["next"] is None else page["next"].partition("/api/")[2]
        steps += 1
    assert (seen, steps) == (whole, max(1, -(-len(whole) // 2)))
    if steps > 1:
        assert site.alice.json("GET", page["previous"].partition("/api/")[2])["next"].endswith(f"page={steps}")
    past = site.alice.call("GET", f"{listed}&page_size=2&page={steps + 1}")
    assert (past.status_code, past.json()["detail"]) == (404, "Invalid page.")


def test_names_stand_for_numbers(site: Site, catalogue: dict):
    body = {"display_name": "By name", "product_type": "redshift_catalog"}
    assert site.alice.json("POST", "products", json=body)["product_type"] == 1
    unknown = site.alice.call("POST", "products", json={**body, "product_type": "redshift"})
    assert (unknown.status_code, next(iter(unknown.json()))) == (400, "product_type")
    numbers = "product_type=1&status=1&user={}".format(catalogue["id"] and _number_of(site.alice, "alice"))
    by_name = site.alice.json("GET", "products?product_type=redshift_catalog&status=published&user=alice")
    assert [each["id"] for each in by_name["results"]] == [
        each["id"] for each in site.alice.json("GET", f"products?{numbers}")["results"]
    ]
    assert by_name["count"] >= 1
    name = catalogue["internal_name"]
    for listed in ("product-contents?product={}", "product-files?product={}", "product-files?product_id={}"):
        found = site.alice.json("GET", listed.format(name))
        assert found["results"] == site.alice.json("GET", listed.format(catalogue["id"]))["results"] != []
    for query in (
        "products?release=none",
        "products?user=nobody",
        "product-contents?product=1_none",
        "processes?upload=x",
    ):
        answer = site.alice.call("GET", query)
        assert (answer.status_code, answer.json()["code"]) == (400, "InvalidValue"), query
    assert site.bob.call("GET", f"products?user={_number_of(site.alice, 'alice')}").status_code == 200


def _number_of(api: Api, user: str) -> int:
    return next(each["id"] for each in api.json("GET", "users")["results"] if each["username"] == user)


def test_an_unchanged_response_is_not_sent_again(site: Site, catalogue: dict):
    for path in (
        "products?status=1",
        f"products/{catalogue['id']}",
        "meanings",
        f"products/{catalogue['id']}/citation",
    ):
        first = site.alice.call("GET", path)
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        for condition in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = site.alice.call("GET", path, headers={"If-None-Match": condition})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag), (path, condition)
            assert "no-cache" in again.headers["Cache-Control"]
        other = site.alice.call("GET", path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)
    draft = site.alice.json("POST", "products", json={"display_name": "Tagged", "product_type": 7})
    path = f"products/{draft['id']}"
    tag = site.alice.call("GET", path).headers["ETag"]
    site.alice.json("PATCH", path, json={"description": "changed"})
    changed = site.alice.call("GET", path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["description"]) == (200, "changed")
    assert "ETag" not in site.alice.call("PATCH", path, json={}).headers
    assert "ETag" not in site.alice.call("GET", "products/987654").headers


def test_allow_has_all_methods_of_a_path(site: Site, document: dict):
    for path, item in document["paths"].items():
        answer = requests.request("PROPFIND", f"{site.alice.base_url}{re.sub(r'{.*?}', '1', path)}", timeout=60)
        allowed = set(answer.headers["Allow"].split(", "))
        assert answer.status_code == 405
        assert allowed - {"HEAD"} == {method.upper() for method in item}, path
    page = requests.put(f"{site.alice.base_url}/curated/edit", timeout=60)
    assert (page.status_code, page.headers["Allow"]) == (405, "GET, POST")


def test_every_response_has_the_version(site: Site, document: dict):
    version = document["info"]["version"]
    assert re.fullmatch(r"\d+\.\d+", version)
    for method, path in (
        ("GET", "meanings"),
        ("GET", "nothing"),
        ("PUT", "usage"),
        ("GET", "products/0"),
        ("GET", "products?x=1"),
    ):
        answer = site.alice.call(method, path)
        assert answer.headers["API-Version"] == version, path
        if not answer.ok:
            assert {"detail", "code"} <= set(answer.json()), path


def test_the_curated_page_is_read_by_all_and_written_by_administrators(site: Site):
    assert requests.get(f"{site.alice.base_url}/api/curated", timeout=60).json()["text"] == ""
    assert site.alice.call("PUT", "curated", json={"text": "mine"}).status_code == 403
    known = site.admin.json("GET", "curated")
    saved = site.admin.json("PUT", "curated", json={"text": "# Chosen", "version": known["version"]})
    assert (saved["text"], saved["version"]) == ("# Chosen", known["version"] + 1)
    assert ">Chosen</h" in requests.get(f"{site.alice.base_url}/curated", timeout=60).text
    assert site.admin.call("PUT", "curated", json={"text": "late", "version": known["version"]}).status_code == 409
    assert site.admin.json("PUT", "curated", json={"text": ""})["version"] == known["version"] + 2
