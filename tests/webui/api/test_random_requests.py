"""Requests that schemathesis makes of the OpenAPI document: each response is what the document says.

None is an error of the server, and each has a status, a media type, headers and a body that the document describes;
bodies have no keys that it does not describe.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from core.auth.models import Scope
from tests.server.application import Application, running_application
from tests.support.fuzzing import cases
from webui.api.openapi.operations import OPERATIONS

#: Its answers are events of a job, without an end.
_ENDLESS = ("/events",)
_CASES = 2
#: Lists whose filters name other resources.
_NAMING = frozenset(
    f"/api/{name}"
    for name in ("products", "products-specz", "products/facets", "product-contents", "product-files", "processes")
)
_TABLE = b"objid,RAJ2000,DEJ2000,zspec\n1,10.5,-5.25,0.31\n2,10.6,-5.5,0.42\n3,10.7,-5.75,0.5\n"
_MEANINGS = {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("random") / "data") as application:
        accounts = application.services.accounts.service
        accounts.add_user("alice", None)
        accounts.add_user("root", None, is_admin=True)
        yield application


@pytest.fixture(scope="module")
def users(running: Application) -> list[Mapping[str, str]]:
    """The headers of a user, of an administrator, and of nobody."""
    tokens = (running.token("alice", Scope.WRITE), running.token("root", Scope.ADMIN))
    return [*({"Authorization": f"Bearer {token}"} for token in tokens), {}]


@pytest.fixture(scope="module")
def known(running: Application, users: list[Mapping[str, str]]) -> Mapping[str, list[Any]]:
    """Values of path parameters for which there is something: a published product and a draft, and what they have."""

    def made(method: str, path: str, **sent: Any) -> dict[str, Any]:
        answer = running.client.request(method, f"/api/{path}", headers=dict(users[0]), **sent)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    body = {"display_name": "VVDS", "product_type": "redshift_catalog", "visibility": "public"}
    product, draft = made("POST", "products", json=body)["id"], made("POST", "products", json=body)["id"]
    file = made("PUT", f"products/{product}/files/table.csv", content=_TABLE)
    made("POST", f"products/{product}/registry")
    (column, *_) = made("PUT", f"products/{product}/columns", json=_MEANINGS)["results"]
    made("POST", f"products/{product}/publish")
    upload = made("POST", f"products/{draft}/uploads", json={"name": "more.csv", "size": 100})
    return {
        "product_id": [product, draft],
        "file_id": [file["id"]],
        "column_id": [column["id"]],
        "name": ["table.csv"],
        "user": ["alice", "root"],
        "user_id": [1, 2],
        "group_id": [made("POST", "groups", json={"name": "club"})["id"]],
        "upload_id": [upload["id"]],
        "number": [1],
        "type_id": [1],
    }


@pytest.fixture(scope="module")
def operations(running: Application) -> dict[tuple[str, str], Any]:
    schema = schemathesis.openapi.from_dict(running.app.openapi())
    found = (result.ok() for result in schema.get_all_operations())
    return {(operation.method.lower(), operation.path): operation for operation in found}


def test_responses_to_random_requests_are_as_the_document_describes_them(
    running: Application,
    operations: dict[tuple[str, str], Any],
    users: list[Mapping[str, str]],
    known: Mapping[str, list[Any]],
):
    load_all_checks()
    assert set(OPERATIONS) == set(operations)
    for (method, path), operation in operations.items():
        if path.endswith(_ENDLESS):
            continue
        modes = st.sampled_from((GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
        # What a valid body may name, such as a release, is beyond a schema, so a valid request may be refused.
        unchecked = CHECKS.get_by_names(["positive_data_acceptance"]) if _is_refused(method, path) else []

        @given(modes.flatmap(operation.as_strategy), st.booleans())
        @cases(_CASES)
        def check(case: Any, is_known: bool) -> None:
            if is_known:
                for name in set(case.path_parameters or ()) & set(known):
                    values = known[name]
                    case.path_parameters[name] = values[len(str(case.path_parameters[name])) % len(values)]
            for headers in users:
                answer = _sent(running.client, case, headers)
                wrong = CHECKS.get_by_names(["negative_data_rejection"]) if _is_flattened(case) else []
                case.validate_response(answer, excluded_checks=unchecked + wrong)  # noqa: B023 - it is called at once
                _check_keys(method, path, answer)  # noqa: B023 - the same

        check()


def _is_flattened(case: Any) -> bool:
    """Tell whether a form is sent for a body with objects in it, of which a form has the keys alone, as texts."""
    if "form" not in (case.media_type or "") or not isinstance(case.body, dict):
        return False
    items = [item for value in case.body.values() for item in (value if isinstance(value, list) else [value])]
    return any(isinstance(item, dict | list) for item in items)


def _is_refused(method: str, path: str) -> bool:
    return method in {"post", "put", "patch"} or path in _NAMING


def _check_keys(method: str, path: str, answer: httpx2.Response) -> None:
    """Check that the body of a response has no keys beside those of its model."""
    model = OPERATIONS[method, path].model
    if model is not None and answer.is_success and "json" in answer.headers["content-type"]:
        TypeAdapter(model).validate_json(answer.content)


def _sent(client: httpx2.Client, case: Any, headers: Mapping[str, str]) -> httpx2.Response:
    # What schemathesis made for requests is written as bytes, and these are sent by our client.
    made = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    kept = {key: value for key, value in made.headers.items() if key.lower() not in {"authorization", "cookie"}}
    client.cookies.clear()
    return client.request(made.method or "GET", made.url or "", content=made.body or b"", headers=kept | dict(headers))
