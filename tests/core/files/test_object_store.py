"""Files in S3: the same promises as in a folder, against a local S3 server."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import NotFoundError, ServiceBusyError, TooLargeError
from core.files.object_store import ObjectStore
from core.files.objects import ObjectPrefix
from core.settings import Settings
from tests.server.application import running_application
from tests.support.s3 import running_s3
from tests.vospace.client import VOSpaceClient


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with running_s3("photoz") as address:
        yield address


@pytest.fixture
def store(endpoint: str, tmp_path: Path) -> ObjectStore:
    return ObjectStore.at(f"s3://photoz/{tmp_path.name}", tmp_path / "staging", tmp_path / "copies")


def _put(store: ObjectStore, content: bytes):
    with store.stage(limit=1 << 26) as staging:
        staging.write(content)
        return staging.finish()


def test_a_file_has_its_checksums_and_comes_back_by_ranges(store: ObjectStore, tmp_path: Path):
    content = os.urandom(9 << 20)
    stored = _put(store, content)
    assert (stored.size, stored.md5) == (len(content), hashlib.md5(content).hexdigest())
    assert b"".join(store.read(stored.id)) == content
    assert b"".join(store.read(stored.id, 10, 20)) == content[10:20]
    assert b"".join(store.read(stored.id, 9_000_000)) == content[9_000_000:]
    assert store.local_path(stored.id).read_bytes() == content
    assert list((tmp_path / "staging").iterdir()) == []


def test_copies_and_refusals_are_those_of_a_folder(store: ObjectStore):
    stored = _put(store, b"one")
    again = store.duplicate(stored.id)
    store.delete(stored.id)
    store.delete(stored.id)
    assert b"".join(store.read(again)) == b"one"
    for missing in (
        lambda: store.local_path(stored.id),
        lambda: list(store.read(stored.id)),
        lambda: store.duplicate("x"),
    ):
        with pytest.raises(NotFoundError):
            missing()
    with pytest.raises(TooLargeError), store.stage(limit=2) as staging:
        staging.write(b"abc")
    assert set(store.ids()) == {again}


def test_the_sweep_removes_what_nobody_knows(store: ObjectStore):
    known, orphan = _put(store, b"known"), _put(store, b"orphan")
    store.local_path(known.id)
    assert store.sweep(frozenset({known.id}), older_than=3600) == 0
    assert store.sweep(frozenset({known.id}), older_than=-10) == 1
    assert set(store.ids()) == {known.id}
    assert orphan.id not in set(store.ids())


def test_a_bucket_that_is_not_there_is_no_place_for_files(endpoint: str, store: ObjectStore, tmp_path: Path):
    store.check()
    ObjectPrefix.at("s3://photoz/rows/tables").check()
    for wrong in (
        ObjectStore.at("s3://nowhere/files", tmp_path / "staging", tmp_path / "copies"),
        ObjectPrefix.at("s3://nowhere/rows/tables"),
    ):
        with pytest.raises(ServiceBusyError, match="no bucket 'nowhere'"):
            wrong.check()


def test_a_server_keeps_its_files_in_s3(endpoint: str, tmp_path: Path):
    url = "s3://photoz/server"
    with running_application(tmp_path / "data", files_url=url, authority="example.org") as running:
        running.services.accounts.service.add_user("owner", None)
        owner = VOSpaceClient(running.client, running.token("owner"))
        assert owner.put("/home/owner/f", b"0123456789").status_code == 201
        assert owner.get("/home/owner/f", headers={"Range": "bytes=3-5"}).content == b"345"
        assert owner.put("/home/owner/f", b"new").status_code == 200
        assert owner.get("/home/owner/f").content == b"new"
        api = f"{running.services.settings.public_url}/api/products"
        product = owner.ask("POST", api, json={"display_name": "s3", "product_type": 7}).json()["id"]
        body = {"uri": "vos://example.org~vospace/home/owner/f", "role": "main"}
        assert owner.ask("POST", f"{api}/{product}/files", json=body).status_code == 201
        assert owner.ask("GET", f"{api}/{product}/main_file").content == b"new"
        assert len(list(running.services.store.ids())) == 2
        assert list(Settings(data=tmp_path / "data").files_folder.glob("??/*")) == []
