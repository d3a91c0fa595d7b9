"""Health of a server: what answers, what does not, and what hangs."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

from core.errors import ServiceBusyError
from core.web.deferred_routes import complete_routes
from server.operations.health import PROBLEMS, Health, checks_of
from tests.server.application import Application, running_application
from tests.support.waiting import wait_for


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Application]:
    with running_application(tmp_path / "data") as application:
        yield application


def test_a_server_is_ready_while_all_its_parts_answer(site: Application):
    assert site.client.get("/health/live").json() == {"status": "ok"}
    ready = site.client.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})
    assert site.client.head("/health/ready").status_code == 200


def _availabilities(site: Application) -> set[str]:
    """Return the addresses of the availability documents of all services."""
    routes = iter_route_contexts(list(complete_routes(site.app.routes)))
    paths = {getattr(each, "path", None) or getattr(each.route, "path", "") for each in routes}
    return {path for path in paths if path.endswith("/availability")}


@pytest.mark.parametrize("part", ["storage", "engine", "queue", "drain"])
def test_every_service_says_when_a_part_does_not_work(site: Application, part: str):
    services, paths = site.services, _availabilities(site)
    assert paths >= {"/availability", "/tap/availability", "/vospace/availability", "/datalink/availability"}
    for path in paths:
        assert "available>true<" in site.client.get(path).text
    if part == "storage":
        (services.settings.staging_folder).rename(services.settings.data / "gone")
        services.settings.staging_folder.touch()
    elif part == "engine":
        services.tap.engine.close()
    elif part == "queue":
        services.queue.close()
    else:
        site.app.state.health.drain()

    def has_failed() -> bool:
        answer = site.client.get("/health/ready")
        return answer.status_code == 503 and answer.json()["problems"] == {part: PROBLEMS[part]}

    wait_for(has_failed, "the server is said to be ready")
    for path in paths:
        text = site.client.get(path).text
        assert "available>false<" in text
        assert PROBLEMS[part] in text
    assert site.client.get("/health/live").status_code == 200
    assert site.client.get("/health/ready").headers["Retry-After"]


def test_a_query_process_that_died_while_idle_is_replaced_by_the_check(site: Application):
    engine = site.services.tap.engine
    (process,) = engine._places.all
    process.kill()
    wait_for(lambda: not process.alive, "the process lives")
    checks_of(site.services)["engine"]()
    assert engine.load().processes == 1


def test_a_check_that_hangs_counts_as_failed_and_is_not_begun_again():
    begun, go_on, state = [], threading.Event(), {}

    def hang() -> None:
        begun.append(1)
        go_on.wait(60)

    health = Health({"storage": hang, "database": lambda: None}, seconds=0.05)
    assert health.failed() == ("storage",)
    health._at = float("-inf")
    assert health.failed() == ("storage",)
    assert begun == [1]
    go_on.set()

    def is_well() -> bool:
        health._at = float("-inf")
        state["failed"] = health.failed()
        return state["failed"] == ()

    wait_for(is_well, f"the check counts as failed: {state}")


def test_while_the_checks_are_made_others_get_the_last_results():
    go_on, inside = threading.Event(), threading.Event()
    results = {"wait": False}

    def check() -> None:
        if results["wait"]:
            inside.set()
            go_on.wait(60)
            message = "away"
            raise ServiceBusyError(message)

    health = Health({"storage": check}, seconds=60)
    assert health.failed() == ()
    results["wait"] = True
    health._at = float("-inf")
    first = threading.Thread(target=health.failed)
    first.start()
    assert inside.wait(60)
    assert health.failed() == ()  # at once
    go_on.set()
    first.join(60)
    assert health.failed() == ("storage",)
