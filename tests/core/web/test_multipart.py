"""Forms with files, sent in one piece, in drops, broken off, and too large."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from core.errors import StorageFullError
from core.files import FolderStore
from core.web.multipart import receive_form, take_body
from core.web.routes import route_class

LIMIT = 3_000_000


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files", tmp_path / "staging")


@pytest.fixture
def client(store: FolderStore) -> TestClient:
    router = APIRouter(route_class=route_class(lambda _, e: JSONResponse({"detail": e.message}, e.status)))

    @router.post("/form")
    async def form(request: Request):
        received = await receive_form(request, lambda _fields: store.stage(limit=LIMIT))
        files = [(file.field, file.name, file.stored.size, file.stored.sha256) for file in received.files]
        return {"fields": received.fields, "files": files}

    app = FastAPI()
    app.include_router(router)
    return TestClient(app)


def _left(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_fields_and_files_arrive(client: TestClient):
    content = b"\r\n--boundary-like\r\n" * 100_000
    answer = client.post("/form", data={"product": "12", "é": "ü"}, files={"file": ("cat é.csv", content)}).json()
    assert answer["fields"] == {"product": "12", "é": "ü"}
    assert answer["files"][0][:3] == ["file", "cat é.csv", len(content)]


def test_a_file_over_the_limit_is_413_and_leaves_nothing(client: TestClient, tmp_path: Path):
    answer = client.post("/form", files={"file": ("big.csv", b"x" * (LIMIT + 1))})
    assert answer.status_code == 413
    assert "larger than the limit of 3 MB" in answer.json()["detail"]
    assert _left(tmp_path) == []


def test_a_form_that_breaks_off_is_refused_and_leaves_nothing(client: TestClient, tmp_path: Path):
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nhalf of the fi'
    answer = client.post("/form", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
    assert "incomplete" in answer.json()["detail"]
    assert _left(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"x=1", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"nonsense", "multipart/form-data; boundary=b"),
        (b"--b\r\nnonsense\r\n\r\n--b--", "multipart/form-data; boundary=b"),
        (b"--b--", "multipart/form-data"),
    ],
)
def test_what_is_no_form_is_400(client: TestClient, body: bytes, media_type: str):
    assert client.post("/form", content=body, headers={"Content-Type": media_type}).status_code == 400


def test_a_file_field_that_nobody_filled_in_is_no_file(client: TestClient):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    answer = client.post("/form", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}).json()
    assert answer["files"] == []
    assert answer["fields"] == {}


def test_a_form_that_breaks_off_after_a_file_leaves_nothing(client: TestClient, tmp_path: Path):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nwhole\r\n'
        b'--b\r\nContent-Disposition: form-data; name="more"\r\n\r\nhalf'
    )
    answer = client.post("/form", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
    assert _left(tmp_path) == []


def test_more_files_than_asked_for_are_refused_and_leave_nothing(client: TestClient, tmp_path: Path):
    answer = client.post("/form", files=[("file", ("a.csv", b"a")), ("file", ("b.csv", b"b"))])
    assert answer.status_code == 413
    assert _left(tmp_path) == []


class Body:
    """A request whose body comes in large chunks and then breaks off."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.sent = 0
        self.broken = threading.Event()

    async def stream(self) -> AsyncIterator[bytes]:
        for _ in range(self.chunks):
            self.sent += 1
            yield bytes(2 << 20)
        self.broken.set()
        raise ConnectionError


def test_a_body_that_breaks_off_is_let_go_when_nobody_works_on_it_any_more():
    body, taken = Body(1), []

    def take(block: bytes) -> None:
        assert body.broken.wait(60)
        taken.append(len(block))

    with pytest.raises(ConnectionError):
        asyncio.run(take_body(body, take))
    assert taken == [2 << 20]


def test_a_body_that_does_not_fit_is_read_no_further():
    body = Body(50)

    def take(_block: bytes) -> None:
        message = "full"
        raise StorageFullError(message)

    with pytest.raises(StorageFullError):
        asyncio.run(take_body(body, take))
    assert body.sent == 2
