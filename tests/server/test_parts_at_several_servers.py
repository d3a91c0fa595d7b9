"""Uploads in parts at two servers without a common folder, one of which is killed in the middle of a part."""

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest
import s3fs
from sqlalchemy import func, select

from core.database import Database
from core.files.object_store import ObjectStore
from core.files.partial.schema import PartialFileRow, PartialPieceRow
from tests.support.deployment import Deployment
from tests.support.postgres import PostgresServer
from tests.support.s3 import running_s3
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

_PIECE = 8 << 20
#: Bytes that are sent before a server is killed: a piece, and less than another one.
_SENT = _PIECE + (4 << 20)
_CONTENT = os.urandom((2 * _PIECE) + 300_000)


class _Sites:
    """Two servers that are processes of their own."""

    def __init__(self, deployment: Deployment, token: str, database: Database, folder: Path) -> None:
        self.deployment = deployment
        self._database = database
        self._store = ObjectStore.at("s3://common/files", folder / "staging", folder / "copies", database=database)
        headers = {"Authorization": f"Bearer {token}"}
        self.one, self.two = (
            httpx2.Client(base_url=part.url, headers=headers, timeout=300) for part in deployment.servers
        )

    def kill_in_the_middle(self, number: int, method: str, path: str, headers: Mapping[str, str], start: int) -> None:
        """Kill a server while it is sent the rest of the file, of which a piece has arrived unless it is slow."""

        before = _pieces()

        def body() -> Iterator[bytes]:
            yield _CONTENT[start : start + _SENT]
            wait_for(lambda: _pieces() - before, "no piece is stored")
            self.deployment.servers[number].kill()  # just before the database knows of it, or just after
            yield _CONTENT[start + _SENT :]

        with suppress(httpx2.TransportError):
            (self.one, self.two)[number].request(method, path, content=body(), headers=headers)
        self.deployment.servers[number].kill()

    def check_that_nothing_is_left(self) -> None:
        """Check that no piece has a row, and that the sweep removes the one that a killed server may have left."""
        with self._database.read() as session:
            assert session.scalar(select(func.count()).select_from(PartialPieceRow)) == 0
            assert session.scalar(select(func.count()).select_from(PartialFileRow)) == 0
        assert len(_pieces()) <= 1
        self._store.sweep(frozenset(self._store.ids()), older_than=-10)
        assert _pieces() == set()


@pytest.fixture(scope="module")
def sites(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Sites]:
    with ExitStack() as stack:
        stack.enter_context(running_s3("common"))
        url, folder = stack.enter_context(postgres.new_database()), tmp_path_factory.mktemp("sites")
        env = {
            "PHOTOZ_DATABASE_URL": url,
            "PHOTOZ_FILES_URL": "s3://common/files",
            "PHOTOZ_ROWS_URL": "s3://common/rows",
            "PHOTOZ_SECRET_KEY": "0123456789" * 4,
            "PHOTOZ_BODY_RATE": "0",
        }
        deployment = Deployment(folder, env, apart=True)
        stack.callback(deployment.close)
        database = Database(url)
        stack.callback(database.close)
        sites = _Sites(deployment, deployment.start().token, database, folder)
        stack.callback(sites.one.close)
        stack.callback(sites.two.close)
        yield sites


def _pieces() -> set[str]:
    keys = s3fs.S3FileSystem(use_listings_cache=False).find("common/files")
    return {key for key in keys if key.startswith("common/files/parts/")}


def test_a_file_of_a_product_goes_on_at_the_other_server_when_one_is_killed(sites: _Sites) -> None:
    one, two = sites.one, sites.two
    product = one.post("/api/products/", json={"display_name": "In parts", "product_type": 1}).json()["id"]
    new = {"name": "notes.bin", "role": "auxiliary", "size": len(_CONTENT), "fingerprint": "7"}
    address = f"/api/products/{product}/uploads"
    path = f"{address}/{one.post(address, json=new).json()['id']}"
    for client, start, end in ((two, 0, 1000), (one, 1000, 50_000), (two, 50_000, 100_000)):
        sent = client.patch(path, params={"offset": start}, content=_CONTENT[start:end])
        assert (sent.status_code, sent.json()["received"]) == (200, end), sent.text
    assert two.post(address, json=new).json()["received"] == 100_000  # the same file is continued
    wrong = one.patch(path, params={"offset": 50_000}, content=b"x")
    assert (wrong.status_code, "100000 bytes have arrived" in wrong.text) == (409, True)
    sites.kill_in_the_middle(1, "PATCH", f"{path}?offset=100000", {}, 100_000)
    arrived = one.get(path).json()["received"]
    assert 100_000 <= arrived <= 100_000 + _PIECE
    rest = arrived + 200_000
    assert one.patch(path, params={"offset": arrived}, content=_CONTENT[arrived:rest]).json()["received"] == rest
    sites.deployment.servers[1].start()
    done = two.patch(path, params={"offset": rest}, content=_CONTENT[rest:]).json()
    assert done["file"]["size"] == len(_CONTENT)
    assert one.get(f"/api/products/{product}/files/notes.bin").content == _CONTENT
    assert one.get(path).status_code == 404
    sites.check_that_nothing_is_left()


def test_a_file_of_a_user_goes_on_at_the_other_server_when_one_is_killed(sites: _Sites) -> None:
    one, two, path = sites.one, sites.two, "/vospace/files/home/admin/large.bin"
    begun = one.put(path, content=b"", headers={"X-Put-Txn-Op": "start", "X-Total-Length": str(len(_CONTENT))})
    upload = {"X-Put-Txn-Id": begun.headers["X-Put-Txn-Id"]}
    for client, start, end in ((two, 0, 1000), (one, 1000, 50_000)):
        sent = client.put(path, content=_CONTENT[start:end], headers=upload)
        digest = sent.headers["Digest"]
        assert (sent.status_code, digest) == (202, _md5(_CONTENT[:end])), sent.text
    wrong = two.put(path, content=b"wrong", headers=upload)
    assert wrong.headers["X-Put-Txn-Length"] == "50005"
    assert one.post(path, headers=upload | {"X-Put-Txn-Op": "revert"}).headers["X-Put-Txn-Length"] == "50000"
    sites.kill_in_the_middle(0, "PUT", path, upload, 50_000)
    arrived = int(two.head(path, headers=upload).headers["X-Put-Txn-Length"])
    assert 50_000 <= arrived <= 50_000 + _PIECE
    sent = two.put(path, content=_CONTENT[arrived:], headers=upload)
    assert (sent.status_code, sent.headers["Digest"]) == (202, _md5(_CONTENT)), sent.text
    sites.deployment.servers[0].start()
    done = one.put(path, content=b"", headers=upload | {"X-Put-Txn-Op": "commit", "Digest": _md5(_CONTENT)})
    assert done.status_code == 201, done.text
    assert two.get(path).content == _CONTENT
    sites.check_that_nothing_is_left()


def test_the_page_of_files_continues_at_either_server(sites: _Sites) -> None:
    new = {"name": "page.bin", "size": 3_000_000, "fingerprint": "7"}
    state, content = sites.one.post("/file-uploads", json=new).json(), _CONTENT[:3_000_000]
    for client in (sites.two, sites.one):
        end = state["received"] + state["next_part"]
        address = f"{state['address']}&offset={state['received']}"
        state = client.patch(address, content=content[state["received"] : end]).json()
        assert state["received"] == end
        again = sites.two.post("/file-uploads", json=new).json() if state["file"] is None else state
        assert again["received"] == end
    assert state["file"] == "page.bin"
    assert sites.two.get("/vospace/files/home/admin/page.bin").content == content
    sites.check_that_nothing_is_left()


def _md5(content: bytes) -> str:
    return f"md5={base64.b64encode(hashlib.md5(content).digest()).decode()}"
