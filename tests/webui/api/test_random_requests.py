"""Requests that schemathesis makes of the OpenAPI document: none of them is answered by an error of the server."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import given

from core.auth.models import Scope
from tests.server.application import Application, running_application
from tests.support.fuzzing import FACTOR, cases
from webui.api.openapi.operations import OPERATIONS

#: Its answers are events of a job, without an end.
_ENDLESS = ("/events",)
_CASES = 2
#: The widest scope of users reaches the most code; the others are tried by ``make fuzz``.
_SCOPES = [Scope.WRITE] if FACTOR == 1 else [Scope.WRITE, Scope.READ, None]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("random") / "data") as application:
        application.services.accounts.service.add_user("alice", None)
        yield application


@pytest.fixture(scope="module")
def operations(running: Application) -> dict[tuple[str, str], Any]:
    schema = schemathesis.openapi.from_dict(running.app.openapi())
    found = (result.ok() for result in schema.get_all_operations())
    return {(operation.method.lower(), operation.path): operation for operation in found}


@pytest.mark.parametrize("scope", _SCOPES)
def test_no_request_of_the_document_ends_in_an_error_of_the_server(
    running: Application, operations: dict[tuple[str, str], Any], scope: Scope | None
):
    headers = {} if scope is None else {"Authorization": f"Bearer {running.token('alice', scope)}"}
    assert set(OPERATIONS) <= set(operations)
    for (method, path), operation in operations.items():
        if path.endswith(_ENDLESS):
            continue

        @given(operation.as_strategy())
        @cases(_CASES)
        def check(case: Any) -> None:
            answer = _sent(running.client, case, headers)
            assert answer.status_code < 500, (method, path, answer.text)  # noqa: B023 - it is called at once
            if answer.headers.get("content-type", "").startswith("application/json") and answer.content:
                answer.json()

        check()


def _sent(client: httpx2.Client, case: Any, headers: dict[str, str]) -> httpx2.Response:
    # What schemathesis made for requests is written as bytes, and these are sent by our client.
    made = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    kept = {key: value for key, value in made.headers.items() if key.lower() not in {"authorization", "cookie"}}
    client.cookies.clear()
    return client.request(made.method or "GET", made.url or "", content=made.body or b"", headers=kept | headers)
