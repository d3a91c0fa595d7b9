"""The OpenAPI document: it covers what clients send, and its examples are like real responses."""

import html
import json
import re

import pytest
import requests
from pydantic import TypeAdapter

from tests.server.api import Api
from tests.webui.api.conftest import PASSWORD, Site
from webui.api.openapi.operations import OPERATIONS


@pytest.fixture(scope="module")
def document(site: Site) -> dict:
    found: dict = requests.get(f"{site.alice.base_url}/api/openapi.json", timeout=60).json()
    return found


#: What the library from PyPI asks for.
CLIENT = (
    ("get", "/api"), ("get", "/api/product-types"), ("get", "/api/users"), ("get", "/api/releases"),
    ("get", "/api/products"), ("options", "/api/products"), ("post", "/api/products"),
    ("get", "/api/products/{product_id}"), ("patch", "/api/products/{product_id}"),
    ("get", "/api/products/{product_id}/main_file_info"), ("get", "/api/products/{product_id}/registry"),
    ("post", "/api/products/{product_id}/download/prepare"), ("get", "/api/products/{product_id}/download/status"),
    ("post", "/api/product-files"), ("get", "/api/product-files"), ("get", "/api/product-contents"),
    ("patch", "/api/product-contents/{column_id}"), ("get", "/api/pipelines"), ("post", "/api/processes"),
    ("get", "/api/processes/{number}"), ("get", "/api/processes/{number}/stop"),
)  # fmt: skip


def test_what_is_there_is_described(site: Site, document: dict):
    there = {(method, path) for path, item in document["paths"].items() for method in item}
    assert set(OPERATIONS) == there
    assert document["servers"] == [{"url": site.proxy.base_url}]
    assert all(path.startswith(("/api", "/which_environment")) for path in document["paths"])


@pytest.mark.parametrize("operation", CLIENT, ids=" ".join)
def test_requests_of_clients_have_examples(document: dict, operation: tuple[str, str]):
    method, path = operation
    said = document["paths"][path][method]
    (content,) = [answer["content"] for status, answer in said["responses"].items() if status.startswith("2")]
    assert content["application/json"]["example"]
    if method in {"post", "patch"} and not path.endswith("prepare"):
        assert said["requestBody"]["content"]
    assert {"401", "403", "404"} <= set(said["responses"])


def test_operations_have_names_of_their_own(document: dict):
    names = [said["operationId"] for item in document["paths"].values() for said in item.values()]
    assert len(set(names)) == len(names)
    bodies = [said.get("requestBody") for item in document["paths"].values() for said in item.values()]
    assert "$ref" not in str(bodies)


def test_every_operation_describes_itself_its_responses_and_its_errors(document: dict):
    for path, item in document["paths"].items():
        for method, said in item.items():
            responses = said["responses"]
            assert said["description"], (method, path)
            assert len(said["summary"]) > 5, (method, path)
            assert {"400", "401", "403", "404", "429", "503"} <= set(responses), (method, path)
            assert "422" not in responses or "422" in OPERATIONS[method, path].errors, (method, path)
            if method in {"post", "put", "patch", "delete"}:
                assert {"409", "413"} <= set(responses), (method, path)
            for status, response in responses.items():
                if "$ref" not in response and status not in {"204", "304", "416"}:
                    assert all(content["schema"] for content in response["content"].values()), (method, path, status)


def test_references_of_the_document_lead_somewhere(document: dict):
    references = set(re.findall(r"'\$ref': '([^']+)'", str(document)))
    assert len(references) > 50
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found, reference


@pytest.mark.parametrize(
    "operation", [key for key, doc in OPERATIONS.items() if doc.model and doc.response], ids=" ".join
)
def test_examples_are_responses(operation: tuple[str, str]):
    described = OPERATIONS[operation]
    TypeAdapter(described.model).validate_json(json.dumps(described.response), strict=True)


def _first(answer: dict) -> dict:
    found: dict = answer["results"][0] if "results" in answer else answer
    return found


def test_examples_have_the_keys_of_real_answers(site: Site, document: dict, catalogue: dict):
    number, api = catalogue["id"], site.alice
    link = api.json("POST", f"products/{number}/links/", json={"days": 1})
    column = api.json("GET", f"product-contents/?product={number}")["results"][0]
    group = api.json("POST", "groups/", json={"name": "documented"})
    asked: tuple[tuple[str, str, Api], ...] = (
        ("/api/products/{product_id}", f"products/{number}", api),
        ("/api/products", "products", api),
        ("/api/products/{product_id}/main_file_info", f"products/{number}/main_file_info", api),
        ("/api/product-files", f"product-files?product_id={number}", api),
        ("/api/product-contents/{column_id}", f"product-contents/{column['id']}", api),
        ("/api/product-types", "product-types", api),
        ("/api/users", "users", api),
        ("/api/tokens", "tokens", api),
        ("/api/meanings", "meanings", api),
        ("/api/pipelines", "pipelines", api),
        ("/api/groups/{group_id}", f"groups/{group['id']}", api),
        ("/api/products/{product_id}/links", f"products/{number}/links", api),
        ("/api/products/{product_id}/versions", f"products/{number}/versions", api),
        ("/api/products/{product_id}/download/status", f"products/{number}/download/status", api),
        ("/api/usage", "usage", api),
        ("/api/products/facets", "products/facets", api),
        ("/api/products/{product_id}/provenance", f"products/{number}/provenance", api),
        ("/api/products/{product_id}/downloads", f"products/{number}/downloads", api),
    )
    for path, address, asker in asked:
        said = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
        answer = asker.json("GET", address)
        assert set(_first(said)) == set(_first(answer)), path
        TypeAdapter(OPERATIONS["get", path].model).validate_json(json.dumps(answer), strict=True)
    made = document["paths"]["/api/products/{product_id}/links"]["post"]["responses"]["201"]
    assert set(made["content"]["application/json"]["example"]) == set(link)
    assert api.call("DELETE", f"products/{number}/links/{link['id']}/").status_code == 204


def test_the_page_shows_every_operation_and_loads_nothing(site: Site, document: dict):
    answer = requests.get(f"{site.alice.base_url}/docs", timeout=60)
    assert answer.status_code == 200
    for path, item in document["paths"].items():
        for method in item:
            assert re.search(rf"{method.upper()}</span> <code>{re.escape(path)}</code>", answer.text), (method, path)
    sources = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', answer.text)
    assert sources
    assert all(source.startswith("/static/") for source in sources)
    assert f"{site.proxy.base_url}/api/products/12" in answer.text


def test_answers_of_plain_text_have_examples(site: Site, document: dict, catalogue: dict):
    base, number = site.alice.base_url, catalogue["id"]
    signed_in = {"username": "alice", "password": PASSWORD}
    with requests.Session() as session:
        page = session.get(f"{base}/docs", timeout=60).text
        for method, path, address, sent in (
            ("post", "/api/sign-in/cookie", "sign-in/cookie", signed_in),
            ("post", "/api/sign-in/token", "sign-in/token", signed_in),
            ("get", "/api/products/{product_id}/citation", f"products/{number}/citation", None),
        ):
            said = document["paths"][path][method]
            media, content = next(iter(said["responses"]["200"]["content"].items()))
            assert html.escape(content["example"].strip()) in page, path
            headers = {} if sent else {"Authorization": f"Bearer {site.alice.token}"}
            answer = session.request(method, f"{base}/api/{address}", data=sent, headers=headers, timeout=60)
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media), path
            if sent:
                assert set(said["requestBody"]["content"]["application/json"]["example"]) == set(sent)
    shape = r".+ \(\d{4}\): .+\. Photo-z Server\. Reference Redshift Catalog, \d+_\w+\. https?://\S+/product/\d+_\S+\n"
    assert re.fullmatch(shape, answer.text)
    assert re.fullmatch(shape, content["example"])
