"""Numbers for Prometheus: right, of few series, and for those alone who may read them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from core.settings import Settings
from server.data_folder import PLACES, PlaceKind
from server.middleware import ForwardedMiddleware
from server.operations.health import Health
from server.operations.metrics import MetricsAccess, ServerMetrics
from tests.server.application import Application, running_application
from tests.support.in_process import in_process_client
from tests.support.server import running_server
from tests.support.waiting import wait_for

LOCAL, OTHER = ("127.0.0.1", 1), ("192.0.2.7", 1)
TOKEN = "a-token-for-metrics"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(
        tmp_path_factory.mktemp("site") / "data", base_url="http://127.0.0.1:8000", metrics_token=TOKEN
    ) as application:
        yield application


@pytest.fixture
def client(site: Application) -> Iterator[httpx2.Client]:
    portal = site.client._transport._portal  # type: ignore[attr-defined]
    with in_process_client(site.app, portal, address=LOCAL) as client:
        yield client


def numbers(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read a document as Prometheus does."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def number(text: str, name: str, **labels: str) -> float:
    return numbers(text).get((name, frozenset(labels.items())), 0.0)


def test_requests_are_counted_by_route_method_and_status(client: httpx2.Client):
    labels = {"route": "/api/users/{user_id}", "method": "GET", "status": "401"}
    before = client.get("/metrics").text
    for user in range(3):
        client.get(f"/api/users/{user}")
    after = client.get("/metrics").text
    assert number(after, "photoz_requests_total", **labels) - number(before, "photoz_requests_total", **labels) == 3
    timed = {"route": labels["route"]}
    assert number(after, "photoz_request_seconds_count", **timed) == number(after, "photoz_requests_total", **labels)
    assert number(after, "photoz_request_seconds_bucket", **timed, le="+Inf") >= 3
    assert number(after, "photoz_sent_bytes_total") > number(before, "photoz_sent_bytes_total")


def test_what_clients_invent_makes_no_series(client: httpx2.Client):
    client.get("/nothing")
    client.request("BREW", "/api/products")
    before = numbers(client.get("/metrics").text)
    for count in range(50):
        client.get(f"/invented/{count}")
        client.get(f"/tap/async/invented{count}")
        client.request(f"BREW{count}", "/api/products", headers={"X-Request-Id": f"invented{count}"})
    after = numbers(client.get("/metrics").text)
    assert not [key for key in after if "invented" in str(key) or "BREW" in str(key)]
    new = {key for key in after.keys() - before.keys() if key[0].startswith("photoz_request")}
    assert len(new) < 40, new  # those of /metrics and /tap/async/{job_id}, of 150 requests


def test_queries_jobs_products_storage_and_parts_are_measured(site: Application, client: httpx2.Client):
    text = client.get("/metrics").text
    assert number(text, "photoz_query_processes") >= 1
    for lane in ("short", "long"):
        assert number(text, "photoz_queries_running", lane=lane) == 0
    assert number(text, "photoz_disk_bytes", kind="free") > 0
    assert number(text, "photoz_resident_bytes") > 30e6
    for part in ("database", "storage", "engine", "queue"):
        assert number(text, "photoz_part_up", part=part) == 1
    query = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "PHASE": "RUN"}
    assert client.post("/tap/async", data=query).status_code == 303

    def is_counted() -> bool:
        found = numbers(client.get("/metrics").text).items()
        jobs = [(dict(labels)["phase"], value) for (name, labels), value in found if name == "photoz_jobs"]
        return jobs == [("COMPLETED", 1.0)]

    wait_for(is_counted, "the job is not counted")


def test_every_cache_of_the_data_folder_is_measured(site: Application):
    caches = [place.name for place in PLACES if place.kind is PlaceKind.CACHE]
    assert "catalogue_copies" in caches
    for size, name in enumerate(caches, 1):
        kept = site.services.settings.data / name / "part" / "kept"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(bytes(size))
    text = ServerMetrics(site.services, Health({})).exposition()[0].decode()
    for size, name in enumerate(caches, 1):
        assert number(text, "photoz_cache_bytes", cache=name) == size


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        (LOCAL, {}, 200),
        (OTHER, {}, 403),
        (OTHER, {"Authorization": f"Bearer {TOKEN}"}, 200),
        (OTHER, {"Authorization": "Bearer wrong"}, 403),
        (LOCAL, {"Authorization": "Bearer wrong"}, 403),
        (LOCAL, {"Authorization": f"Basic {TOKEN}"}, 403),
        # A proxy on this machine that the settings do not name.
        (LOCAL, {"X-Forwarded-For": "192.0.2.7"}, 403),
        (LOCAL, {"X-Forwarded-For": "127.0.0.1"}, 403),
        (LOCAL, {"X-Real-IP": "192.0.2.7"}, 403),
        (LOCAL, {"Forwarded": "for=192.0.2.7"}, 403),
        (OTHER, {"X-Forwarded-For": "127.0.0.1"}, 403),
    ],
)
def test_the_numbers_are_for_this_machine_and_for_who_has_the_token(site: Application, address, headers, status: int):
    portal = site.client._transport._portal  # type: ignore[attr-defined]
    with in_process_client(site.app, portal, address=address) as client:
        answer = client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("photoz_requests" in answer.text) is (status == 200)


@pytest.mark.parametrize(
    ("chosen", "address", "headers", "allowed"),
    [
        ({"base_url": "https://photoz.example.org"}, LOCAL, {}, False),  # which may come through a proxy
        ({"base_url": "https://photoz.example.org", "forwarding_proxies": "127.0.0.1"}, LOCAL, {}, True),
        ({"forwarding_proxies": "127.0.0.1"}, LOCAL, {"X-Forwarded-For": "192.0.2.7"}, False),
        ({"forwarding_proxies": "127.0.0.1"}, LOCAL, {"X-Forwarded-For": "127.0.0.1"}, False),
        (
            {"forwarding_proxies": "127.0.0.1", "metrics_networks": "10.1.0.0/16"},
            LOCAL,
            {"X-Forwarded-For": "10.1.2.3"},
            True,
        ),
        ({"metrics_networks": "10.1.0.0/16"}, ("10.1.2.3", 1), {}, True),
        ({"metrics_networks": ""}, LOCAL, {}, False),
    ],
)
def test_behind_a_proxy_the_address_is_that_of_the_client(tmp_path: Path, chosen, address, headers, allowed: bool):
    settings = Settings(data=tmp_path, **chosen)
    scope = {
        "type": "http",
        "client": address,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def app(scope, receive, send) -> None:
        pass

    asyncio.run(ForwardedMiddleware(app, settings.proxy_networks)(scope, None, None))  # type: ignore[arg-type]
    assert MetricsAccess(settings).allows(Request(scope)) is allowed


@pytest.mark.slow
def test_the_numbers_of_several_web_processes_are_added_up(tmp_path: Path):
    with running_server(tmp_path / "data", env={"PHOTOZ_WEB_PROCESSES": "2", "PHOTOZ_QUERY_WORKERS": "2"}) as server:
        labels = {"route": "/api/users/{user_id}", "method": "GET", "status": "401"}
        for user in range(20):  # on a connection each, which any of the processes may accept
            assert requests.get(f"{server.base_url}/api/users/{user}", timeout=60).status_code == 401
        found: list[str] = []

        def read() -> str:
            found.append(requests.get(f"{server.base_url}/metrics", timeout=60).text)
            return found[-1]

        assert all(number(read(), "photoz_requests_total", **labels) == 20 for _ in range(5))

        def adds_up() -> bool:  # each process stores one of its gauges after the other
            numbers, one = read(), server.process.memory_info().rss
            return (
                number(numbers, "photoz_query_processes") == 2 and number(numbers, "photoz_resident_bytes") > 1.5 * one
            )

        wait_for(adds_up, "the gauges of a process are missing")
        assert "pid=" not in found[-1]
