"""Groups of routes that are constructed when a request needs one of them: the answers are those of the routes."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from core.web.deferred_routes import DeferredRoutes, complete_routes
from core.web.lazy_routes import LazyRoute

#: Method, path, status and allowed methods, as one application with all routes answers.
ANSWERS = (
    ("GET", "/one", 200, None),
    ("GET", "/one/7", 200, None),
    ("POST", "/one/7", 201, None),
    ("PUT", "/one/7", 405, "GET"),
    ("GET", "/one/7/8", 404, None),
    ("GET", "/oneself", 200, None),
    ("DELETE", "/oneself", 405, "GET"),
    ("GET", "/gone", 410, None),
    ("GET", "/other", 404, None),
    ("PUT", "/both", 200, None),
    ("GET", "/both", 200, None),
)


def _one() -> Iterator[APIRouter]:
    router = APIRouter(prefix="/one")
    router.get("")(lambda: "list")
    router.get("/{number}")(_shown)
    router.post("/{number}", status_code=201)(_shown)
    yield router
    both = APIRouter()
    both.put("/both")(lambda: "one")
    yield both


def _rest() -> Iterator[APIRouter]:
    router = APIRouter()
    router.get("/oneself")(lambda: "self")
    router.get("/both")(lambda: "rest")

    @router.get("/gone")
    def gone() -> None:
        raise HTTPException(410)

    yield router


def _shown(number: int, request: Request) -> str:
    return f"{request.method} {number} {request.scope['route'].path}"


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    app.routes.extend([DeferredRoutes(("/one", "/both"), _one), DeferredRoutes(("/",), _rest)])
    return app


@pytest.fixture
def plain() -> FastAPI:
    app = FastAPI()
    for router in (*_one(), *_rest()):
        app.routes.extend(router.routes)
    return app


@pytest.mark.parametrize(("method", "path", "status", "allowed"), ANSWERS)
def test_answers_are_those_of_the_same_routes_without_groups(
    app: FastAPI, plain: FastAPI, method: str, path: str, status: int, allowed: str | None
):
    with TestClient(app) as one, TestClient(plain) as other:
        answers = [client.request(method, path) for client in (one, other)]
    assert {answer.status_code for answer in answers} == {status}
    assert answers[0].content == answers[1].content
    assert {answer.headers.get("allow") for answer in answers} == {allowed}


def test_a_group_is_constructed_by_the_first_request_below_its_paths_and_once():
    made: list[str] = []

    def construct() -> Iterator[APIRouter]:
        made.append("one")
        return _one()

    app = FastAPI()
    app.routes.extend([DeferredRoutes(("/one",), construct), DeferredRoutes(("/",), _rest)])
    with TestClient(app) as client:
        client.get("/oneself")
        assert made == []
        for _ in range(2):
            assert client.get("/one/7").json() == "GET 7 /one/{number}"
    assert made == ["one"]


def test_threads_that_need_a_group_at_once_construct_it_once():
    made: list[int] = []
    barrier = threading.Barrier(4)

    def construct() -> Iterator[APIRouter]:
        made.append(1)
        return _one()

    group = DeferredRoutes(("/one",), construct)

    def routes() -> int:
        barrier.wait(10)
        return len(group.routes)

    with ThreadPoolExecutor(4) as threads:
        counts = [each.result() for each in [threads.submit(routes) for _ in range(4)]]
    assert counts == [4] * 4
    assert made == [1]


def test_routes_are_used_while_another_group_is_constructed():
    begun, goes_on = threading.Event(), threading.Event()

    def quick() -> Iterator[APIRouter]:
        router = APIRouter(prefix="/quick", route_class=LazyRoute)
        router.get("/{number}")(_shown)
        yield router

    def slow() -> Iterator[APIRouter]:
        begun.set()
        assert goes_on.wait(60)
        return _one()

    groups = [DeferredRoutes(("/quick",), quick), DeferredRoutes(("/one",), slow)]
    app = FastAPI()
    app.routes.extend(groups)
    assert len(groups[0].routes) == 1
    with ThreadPoolExecutor(1) as thread, TestClient(app) as client:
        constructed = thread.submit(lambda: groups[1].routes)
        assert begun.wait(60)
        try:
            assert client.get("/quick/7").json() == "GET 7 /quick/{number}"
            assert not constructed.done()
        finally:
            goes_on.set()
        assert len(constructed.result(60)) == 4


def test_the_complete_routes_have_those_of_groups_in_their_place(app: FastAPI, plain: FastAPI):
    def paths(served: FastAPI) -> list[str | None]:
        return [getattr(route, "path", None) for route in complete_routes(served.routes)]

    assert paths(app) == paths(plain)
