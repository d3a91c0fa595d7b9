"""File systems of remote folders: how long a server may take."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import InvalidValueError
from core.files import remote_folders
from core.files.remote_folders import remote_file_system


class _Silent(BaseHTTPRequestHandler):
    """It promises two bytes, and sends one."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"1")
        self.server.stopped.wait(60)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def silent() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Silent) as server:
        server.stopped = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.stopped.set()  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()


def test_a_server_that_is_silent_is_given_up(silent: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(remote_folders, "_SILENT_SECONDS", 0.2)
    with pytest.raises(TimeoutError):
        remote_file_system(silent, field="url").cat_file(f"{silent}/file")


def test_a_file_may_take_any_time():
    assert remote_file_system("http://127.0.0.1", field="url").client_kwargs["timeout"].total is None


@pytest.mark.parametrize(("url", "missing"), [("https://data.org/sky", "aiohttp"), ("s3://surveys/sky", "fsspec")])
def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, url: str, missing: str):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InvalidValueError, match=rf"'{url}' needs a library .*{missing}.*extra 's3'") as told:
        remote_file_system(url, field="inputs.dataset.path")
    assert told.value.field == "inputs.dataset.path"
