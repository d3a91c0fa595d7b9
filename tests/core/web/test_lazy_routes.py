"""Routes that are analysed when they are first used: their answers and their description are those of other routes."""

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import FastAPIError
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from core.web.lazy_routes import LazyRoute

#: Method, path with parameters, and status.
REQUESTS = (
    ("GET", "/rows/7", 200),
    ("GET", "/rows/7?limit=3", 200),
    ("GET", "/rows/seven", 422),
    ("GET", "/rows/7?limit=many", 422),
    ("HEAD", "/rows/7", 405),
    ("POST", "/rows/7", 201),
    ("PUT", "/rows/7", 405),
    ("GET", "/rows", 404),
    ("GET", "/files/a/b.csv", 200),
)


def _application(route_class: type[APIRoute]) -> FastAPI:
    router = APIRouter(route_class=route_class, tags=["rows"])

    @router.get("/rows/{number}", summary="A row", responses={404: {"description": "No such row"}})
    def row(number: int, request: Request, agent: str = Depends(_agent), limit: int = 10) -> dict[str, object]:
        """Give a row."""
        return {"number": number, "agent": agent, "limit": limit, "route": request.scope["route"].path}

    @router.post("/rows/{number}", status_code=201, name="add")
    def added(number: int, request: Request) -> str:
        return str(request.url_for("add", number=number + 1))

    @router.get("/files/{path:path}", include_in_schema=False)
    def file(path: str) -> str:
        return path

    app = FastAPI()
    app.routes.extend(router.routes)
    return app


def _agent(request: Request) -> str:
    return request.headers["user-agent"]


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
def test_answers_are_those_of_other_routes(method: str, path: str, status: int):
    with TestClient(_application(LazyRoute)) as lazy, TestClient(_application(APIRoute)) as plain:
        answers = [client.request(method, path) for client in (lazy, plain)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


def test_the_openapi_document_is_that_of_other_routes():
    assert _application(LazyRoute).openapi() == _application(APIRoute).openapi()


def test_what_is_wrong_with_a_route_is_raised_when_it_is_used():
    def broken(value: threading.Thread) -> None:
        """Take what no request can have."""

    router = APIRouter(route_class=LazyRoute)
    router.get("/broken")(broken)
    router.get("/whole")(lambda: "whole")
    app = FastAPI()
    app.routes.extend(router.routes)
    with TestClient(app) as client:
        assert client.get("/whole").json() == "whole"
        for _ in range(2):
            with pytest.raises(FastAPIError, match="Thread"):
                client.get("/broken")


def test_threads_that_use_a_route_at_once_analyse_it_once():
    made: list[int] = []
    barrier = threading.Barrier(4)

    class Counted(LazyRoute):
        def get_route_handler(self) -> Callable:
            made.append(1)
            return super().get_route_handler()

    route = Counted("/", lambda: "shown")

    def used() -> object:
        barrier.wait(10)
        return route.dependant

    with ThreadPoolExecutor(4) as threads:
        found = [each.result() for each in [threads.submit(used) for _ in range(4)]]
    assert made == [1]
    assert all(each is found[0] for each in found)


def test_an_attribute_that_no_route_has_is_missing_before_and_after_the_analysis():
    route = LazyRoute("/", lambda: "shown")
    for _ in range(2):
        with pytest.raises(AttributeError, match="'LazyRoute' object has no attribute 'nonsense'"):
            _ = route.nonsense
    assert copy.copy(route) == route
