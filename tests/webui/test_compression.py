"""Which answers are compressed: pages whose length tells nothing (BREACH), and static files."""

import gzip
from pathlib import Path

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from tests.support.in_process import in_process_client
from webui.compression import PageCompressionMiddleware
from webui.static_files import StaticAddresses, VersionedFiles

PAGE = "<p>Something to read.</p>" * 200
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
COOKIE = {"Cookie": "photoz_session=secret"}


@pytest.fixture
def client(portal: BlockingPortal, tmp_path: Path) -> httpx2.Client:
    app = FastAPI()
    app.add_middleware(PageCompressionMiddleware)

    @app.api_route("/page", methods=["GET", "POST", "HEAD"])
    def page() -> Response:
        return HTMLResponse(PAGE, headers={"Vary": "Cookie"})

    app.add_api_route("/shared/secret", page)
    app.add_api_route("/small", lambda: HTMLResponse("<p>"), response_model=None)
    app.add_api_route("/wrong", lambda: HTMLResponse(PAGE, 404), response_model=None)
    app.add_api_route("/cookie", lambda: HTMLResponse(PAGE, headers={"Set-Cookie": "a=b"}), response_model=None)
    app.add_api_route("/text", lambda: Response(PAGE, media_type="text/csv"), response_model=None)
    app.add_api_route(
        "/stream", lambda: StreamingResponse(iter([PAGE, PAGE]), media_type="text/html"), response_model=None
    )
    (tmp_path / "a.css").write_text("p { margin: 0; }\n" * 100)
    (tmp_path / "a.png").write_bytes(b"\x89PNG" + bytes(2000))
    app.mount("/static", VersionedFiles(tmp_path))
    return in_process_client(app, portal, headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize(
    ("method", "path", "headers", "is_compressed"),
    [
        ("GET", "/page", GZIP, True),
        ("GET", "/page?q=chosen", GZIP, True),
        ("GET", "/page", GZIP | COOKIE, True),
        ("GET", "/page?q=chosen", GZIP | COOKIE, False),
        ("GET", "/page?q=chosen", GZIP | {"Authorization": "Bearer x"}, False),
        ("POST", "/page", GZIP, False),
        ("HEAD", "/page", GZIP, False),
        ("GET", "/page", {}, False),
        ("GET", "/page", {"Accept-Encoding": "gzip;q=0"}, False),
        *(("GET", path, GZIP, False) for path in ("/shared/secret", "/small", "/wrong", "/cookie", "/text", "/stream")),
    ],
)
def test_pages_are_compressed_where_their_length_tells_nothing(
    client: httpx2.Client, method: str, path: str, headers: dict[str, str], is_compressed: bool
):
    plain = client.request(method, path)
    answer = client.request(method, path, headers=headers)
    assert (answer.headers.get("content-encoding") == "gzip") == is_compressed
    assert answer.text == plain.text
    assert answer.status_code == plain.status_code
    if is_compressed:
        assert int(answer.headers["content-length"]) < len(PAGE) / 10
        assert answer.headers["vary"] == "Cookie, Accept-Encoding"


def test_static_files_that_are_named_with_their_version_are_kept_for_ever(client: httpx2.Client, tmp_path: Path):
    addresses = StaticAddresses(tmp_path)
    address = addresses("a.css")
    answer = client.get(address, headers=GZIP)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 200
    assert answer.text == (tmp_path / "a.css").read_text()
    assert answer.headers["content-type"].startswith("text/css")
    plain = client.get(address)
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text
    assert client.get(address, headers=GZIP | {"If-None-Match": answer.headers["etag"]}).status_code == 304
    for other in ("/static/a.css", "/static/a.css?v=0"):
        assert "immutable" not in client.get(other).headers.get("cache-control", "")
    (tmp_path / "a.css").write_text("changed")
    assert addresses("a.css") != address
    assert "immutable" not in client.get(address).headers.get("cache-control", "")
    assert client.get(address, headers=GZIP).text == "changed"


def test_pictures_are_sent_as_they_are_and_missing_files_are_missing(client: httpx2.Client, tmp_path: Path):
    picture = client.get(StaticAddresses(tmp_path)("a.png"), headers=GZIP)
    assert "content-encoding" not in picture.headers
    assert picture.content == (tmp_path / "a.png").read_bytes()
    assert client.get("/static/none.css?v=1", headers=GZIP).status_code == 404
    assert client.get("/static/../secret?v=1", headers=GZIP).status_code == 404
    with pytest.raises(FileNotFoundError):
        StaticAddresses(tmp_path)("none.css")


def test_a_part_of_a_file_is_a_part_of_its_plain_bytes(client: httpx2.Client, tmp_path: Path):
    answer = client.get("/static/a.css", headers=GZIP | {"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, (tmp_path / "a.css").read_bytes()[:4])
    whole = client.get("/static/a.css", headers=GZIP)
    assert gzip.compress(whole.content, 9, mtime=0)[:2] == b"\x1f\x8b"
