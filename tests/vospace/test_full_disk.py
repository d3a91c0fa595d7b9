"""Uploads to a full disk: a clear fault, no partial file, and the old bytes kept.

The system refuses to let any file grow beyond a size, in this process and for the moment, which is what a full disk
looks like to a program. The database stays below that size.
"""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.errors import StorageFullError
from core.settings import Settings
from tests.support.in_process import in_process_client
from tests.vospace.client import CORE, ROOT, VOSpaceClient, fault
from tests.vospace.conftest import bare_vospace
from vospace.assembly import VOSpaceServices
from vospace.documents.transfers import PULL_TO, ProtocolRequest, Transfer
from vospace.faults import fault_text
from vospace.storage import stored_ids

ROOM = 6_000_000
FILE = "/home/ada/f"
OLD, LARGE = b"old bytes", os.urandom(8_000_000)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond the room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class _Large(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(LARGE)))
        self.end_headers()
        with suppress(ConnectionError):  # the other side has no room for all of it
            self.wfile.write(LARGE)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A server that has a large file."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Large)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Home:
    """A home with a file in it."""

    settings: Settings
    database: Database
    space: VOSpaceServices
    identity: Identity
    ada: VOSpaceClient

    def check(self, names: list[str]) -> None:
        """The old file is there, and nothing is that should not be."""
        assert self.ada.get(FILE).content == OLD
        assert self.ada.names("/home/ada") == names
        assert self.ada.node(FILE).get("busy") == "false"
        assert {path.name for path in self.settings.files_folder.glob("??/*")} == set(stored_ids(self.database))


@pytest.fixture
def home(sqlite_tables_url: str, tmp_path: Path, elsewhere: str, portal: BlockingPortal) -> Iterator[Home]:
    settings = Settings(
        data=tmp_path,
        authority="example.org",
        base_url="http://testserver",
        min_free_bytes=0,
        transfer_hosts=(elsewhere,),
    )
    database = Database(sqlite_tables_url)
    accounts = AccountService(database)
    accounts.add_user("ada", None)
    identity = accounts.identity_of_user("ada", Scope.WRITE)
    app, space = bare_vospace(settings, database)
    ada = VOSpaceClient(in_process_client(app, portal), accounts.issue_token(identity, "t").secret)
    assert ada.put(FILE, OLD).status_code == 201
    yield Home(settings, database, space, identity, ada)
    database.close()


def staged(home: Home) -> list[Path]:
    return list(home.settings.staging_folder.iterdir())


@pytest.mark.parametrize("path", [FILE, "/home/ada/new"])
def test_a_whole_file_that_does_not_fit_leaves_the_old_one(home, path):
    with full_disk():
        answer = home.ada.put(path, LARGE)
    assert fault(answer) == (507, "InsufficientStorage")
    assert "nothing was stored" in answer.text
    assert answer.headers["connection"] == "close"
    home.check(["f"])
    assert staged(home) == []
    assert home.ada.put(path, LARGE).status_code == (200 if path == FILE else 201)
    assert home.ada.get(path).content == LARGE


def test_a_part_that_does_not_fit_is_sent_again_when_there_is_room(home):
    start = home.ada.put(FILE, b"", headers={"X-Put-Txn-Op": "start"})
    upload = {"X-Put-Txn-Id": start.headers["x-put-txn-id"]}
    assert home.ada.put(FILE, LARGE[:4_000_000], headers=upload).status_code == 202
    with full_disk():
        assert fault(home.ada.put(FILE, LARGE[4_000_000:], headers=upload)) == (507, "InsufficientStorage")
        home.check(["f"])
        there = int(home.ada.ask("HEAD", f"files{FILE}", headers=upload).headers["content-length"])
        assert 4_000_000 <= there <= ROOM
    assert home.ada.ask("POST", f"files{FILE}", headers=upload | {"X-Put-Txn-Op": "revert"}).status_code == 200
    assert home.ada.put(FILE, LARGE[4_000_000:], headers=upload).status_code == 202
    home.check(["f"])
    assert home.ada.put(FILE, b"", headers=upload | {"X-Put-Txn-Op": "commit"}).status_code == 200
    assert home.ada.get(FILE).content == LARGE
    assert staged(home) == []


@pytest.mark.parametrize("path", [FILE, "/home/ada/new"])
def test_a_file_fetched_from_elsewhere_that_does_not_fit_leaves_the_old_one(home, elsewhere, path):
    protocol = ProtocolRequest(f"{CORE}httpget", f"http://{elsewhere}/large")
    transfer = Transfer((f"{ROOT}{path}",), PULL_TO, protocols=(protocol,))
    with full_disk(), pytest.raises(StorageFullError) as caught:
        home.space.remote.run(home.identity, transfer, lambda _share, _said: None)
    assert fault_text(caught.value).startswith("InsufficientStorage: ")
    home.check(["f"])
    assert staged(home) == []
    home.space.remote.run(home.identity, transfer, lambda _share, _said: None)
    assert home.ada.get(path).content == LARGE
