"""Ranges, names in headers, and conditional requests."""

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from core.web.routes import byte_range, content_disposition, file_answer

CONTENT = bytes(range(100))


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    @app.api_route("/file", methods=["GET", "HEAD"])
    def file(request: Request) -> Response:
        return file_answer(
            request,
            name="cat é.fits",
            media_type="application/fits",
            size=len(CONTENT),
            etag="abc",
            modified=datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC),
            read=lambda start, end: iter([CONTENT[start:end]]),
        )

    return TestClient(app)


# RFC 9110 §14.1.2 gives the first five for a file of 10 000 bytes.
@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-499", 10_000, (0, 500)),
        ("bytes=500-999", 10_000, (500, 1000)),
        ("bytes=-500", 10_000, (9500, 10_000)),
        ("bytes=9500-", 10_000, (9500, 10_000)),
        ("bytes=9500-99999", 10_000, (9500, 10_000)),
        ("bytes=0-0,-1", 10_000, None),
        ("bytes=5-4", 10, None),
        ("bytes=-", 10, None),
        ("bytes=a-b", 10, None),
        ("rows=0-1", 10, None),
        (None, 10, None),
        ("bytes=10-", 10, (10, 10)),
        ("bytes=-0", 10, (10, 10)),
        ("bytes=\u00b2-", 10, None),
        ("bytes=" + "9" * 5000 + "-", 10, (10, 10)),
        ("bytes=" + "0" * 5000 + "2-" + "9" * 5000, 10, (2, 10)),
        ("bytes=-" + "9" * 5000, 10, (0, 10)),
    ],
)
def test_ranges_are_read_as_rfc_9110_says(header: str | None, size: int, expected: tuple[int, int] | None):
    assert byte_range(header, size) == expected


def test_a_whole_file_says_its_length_name_and_checks(client: TestClient):
    answer = client.get("/file")
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == "100"
    assert answer.headers["etag"] == '"abc"'
    assert answer.headers["last-modified"] == "Wed, 01 Jul 2026 12:00:00 GMT"
    assert (
        answer.headers["content-disposition"] == "attachment; filename=cat__.fits; filename*=UTF-8''cat%20%C3%A9.fits"
    )


def test_a_range_is_206_and_a_range_beyond_the_end_416(client: TestClient):
    part = client.get("/file", headers={"Range": "bytes=90-"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, CONTENT[90:], "bytes 90-99/100")
    beyond = client.get("/file", headers={"Range": "bytes=100-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */100")


def test_if_range_with_another_etag_gives_the_whole_file(client: TestClient):
    assert client.get("/file", headers={"Range": "bytes=90-", "If-Range": '"old"'}).status_code == 200
    assert client.get("/file", headers={"Range": "bytes=90-", "If-Range": '"abc"'}).status_code == 206


def test_a_known_etag_is_304_and_head_has_no_body(client: TestClient):
    assert client.get("/file", headers={"If-None-Match": '"abc"'}).status_code == 304
    head = client.head("/file")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "100", b"")


@pytest.mark.parametrize("name", ['a"b.csv', "a;b.csv", "a\r\nSet-Cookie: x=y.csv", "..\\x"])
def test_a_name_cannot_leave_its_header(name: str):
    header = content_disposition(name)
    assert "\r" not in header
    assert "\n" not in header
    assert header.count(";") == 2
    assert '"' not in header
