"""Forms with files, sent in one piece, in drops, broken off, and too large."""

from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from core.files import FolderStore
from core.multipart import receive_form
from core.routes import route_class

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
    assert "broke off" in answer.json()["detail"]
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
