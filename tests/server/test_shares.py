"""A share for each caller, over HTTP: nobody is told apart by address, also behind a proxy."""

from collections.abc import Iterator

import httpx2
import pytest
from anyio.from_thread import BlockingPortal

from tests.server.application import Application, running_application
from tests.support.in_process import in_process_client

PROXY, PERSON, OTHER = "10.0.0.1", "203.0.113.9", "203.0.113.10"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(
        tmp_path_factory.mktemp("shares") / "data",
        requests_per_minute=12,
        job_pending_limit=2,
        login_attempts=3,
        refused_per_minute=5,
        forwarding_proxies="10.0.0.0/8",
    ) as application:
        application.services.accounts.service.add_user("alice", "a long password")
        yield application


@pytest.fixture
def proxy(running: Application, portal: BlockingPortal) -> httpx2.Client:
    return in_process_client(running.app, portal, address=(PROXY, 1))


def test_requests_jobs_and_sign_ins_of_one_address_leave_those_of_another(running: Application, proxy: httpx2.Client):
    def create(address: str) -> httpx2.Response:
        sent = {"LANG": "ADQL", "QUERY": "SELECT 1"}
        return proxy.post("/tap/async", data=sent, headers={"X-Forwarded-For": f"198.51.100.1, {address}"})

    answers = [create(PERSON) for _ in range(13)]
    assert [answer.status_code for answer in answers] == [303] * 2 + [429] * 11
    assert "PENDING" in answers[2].text
    assert int(answers[2].headers["retry-after"]) > 0
    assert answers[0].headers["ratelimit"].startswith('"requests";r=11;')
    assert answers[-1].headers["ratelimit-policy"] == '"requests";q=12;w=60'
    assert "More than 12 of these requests" in answers[-1].text
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 5
    assert create(OTHER).status_code == 303

    def sign_in(address: str, password: str) -> int:
        sent = {"name": "alice", "password": password}
        return proxy.post("/login", data=sent, headers={"X-Forwarded-For": address}).status_code

    assert [sign_in(PERSON, "wrong") for _ in range(4)] == [403] * 3 + [429]
    assert sign_in(PERSON, "a long password") == 429
    assert sign_in(OTHER, "a long password") == 303


def test_wrong_tokens_of_one_address_are_refused_before_they_are_looked_up_for_ever(proxy: httpx2.Client):
    def ask(address: str) -> int:
        wrong = {"Authorization": "Bearer pz-wrong", "X-Forwarded-For": address}
        return proxy.get("/tap/capabilities", headers=wrong).status_code

    assert [ask("203.0.113.20") for _ in range(8)] == [401] * 5 + [429] * 3
    assert ask("203.0.113.21") == 401


def test_who_is_no_proxy_cannot_say_who_asks(running: Application, portal: BlockingPortal):
    client = in_process_client(running.app, portal, address=("203.0.113.77", 1))
    answers = [
        client.get("/tap/tables", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code for number in range(13)
    ]
    assert answers == [200] * 12 + [429]
