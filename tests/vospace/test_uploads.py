"""Uploads over HTTP: checksums, conditions, quotas, parts, concurrent writers, and a server that is killed."""

import base64
import contextlib
import hashlib
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from server.services import Services
from tests.server.application import Application
from tests.server.test_kills import Server
from tests.vospace.client import ROOT, VOSpaceClient, fault, transfer_xml
from vospace.faults import QuotaExceededError
from vospace.home.writes import HomeWrites
from vospace.storage import stored_ids

pytestmark = [pytest.mark.slow, pytest.mark.either_database]


@pytest.fixture
def owner(space) -> VOSpaceClient:
    return VOSpaceClient(space.client, space.tokens["owner"])


def md5(content: bytes) -> str:
    return "md5=" + base64.b64encode(hashlib.md5(content).digest()).decode()


def stored(space) -> set[str]:
    return {path.name for path in space.settings.files_folder.glob("??/*")}


def test_a_file_has_its_headers_and_an_empty_one_no_content(owner):
    answer = owner.put("/home/owner/notes é.txt", b"hello")
    assert (answer.status_code, answer.headers["digest"]) == (201, md5(b"hello"))
    head = owner.ask("HEAD", "files/home/owner/notes%20%C3%A9.txt")
    assert head.headers["content-length"] == "5"
    assert head.headers["digest"] == md5(b"hello")
    assert head.headers["content-type"].startswith("text/plain")
    assert "filename*=UTF-8''notes%20%C3%A9.txt" in head.headers["content-disposition"]
    assert {"last-modified", "etag", "accept-ranges"} <= set(head.headers)
    assert owner.get("/home/owner/notes é.txt", headers={"Range": "bytes=1-2"}).content == b"el"
    assert owner.get("/home/owner/notes é.txt", headers={"If-None-Match": head.headers["etag"]}).status_code == 304
    owner.make("/home/owner/empty", "DataNode")
    empty = owner.get("/home/owner/empty")
    assert (empty.status_code, empty.headers["digest"]) == (204, md5(b""))
    assert owner.ask("HEAD", "files/home/owner/empty").headers["content-length"] == "0"
    assert owner.properties("/home/owner/empty")["length"] == "0"


def test_the_first_bytes_of_a_node_create_them_and_others_replace_them(owner):
    owner.make("/home/owner/made", "DataNode")
    for path in ("/home/owner/made", "/home/owner/new"):
        first = owner.put(path, b"", headers={"If-None-Match": "*"})
        assert (first.status_code, first.headers["digest"]) == (201, md5(b""))
        assert fault(owner.put(path, b"x", headers={"If-None-Match": "*"})) == (412, "InvalidData")
        for content in (b"one", b"two"):
            again = owner.put(path, content, headers={"If-Match": "*"})
            assert (again.status_code, again.headers["digest"]) == (200, md5(content))
    owner.make("/home/owner/bare", "DataNode")
    assert fault(owner.put("/home/owner/bare", b"x", headers={"If-Match": "*"})) == (412, "InvalidData")


def test_wrong_checksums_and_conditions_leave_the_old_file(space, owner):
    owner.put("/home/owner/f", b"old")
    etag = owner.ask("HEAD", "files/home/owner/f").headers["etag"]
    sha = base64.b64encode(hashlib.sha256(b"new").digest()).decode()
    for headers, status in (
        ({"Digest": md5(b"other")}, 412),
        ({"Digest": "sha-256=" + base64.b64encode(hashlib.sha256(b"x").digest()).decode()}, 412),
        ({"Content-MD5": md5(b"x").removeprefix("md5=")}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": '"other"'}, 412),
        ({"Digest": "md5=not base64!"}, 400),
    ):
        assert owner.put("/home/owner/f", b"new", headers=headers).status_code == status, headers
        assert owner.get("/home/owner/f").content == b"old"
    assert stored(space) == set(stored_ids(space.database))
    assert owner.put("/home/owner/f", b"new", headers={"Digest": f"sha-256={sha}", "If-Match": etag}).status_code == 200
    assert owner.get("/home/owner/f").content == b"new"
    assert stored(space) == set(stored_ids(space.database))


def test_the_quota_is_never_passed_not_even_by_many_at_once(space, owner):
    assert fault(owner.put("/home/owner/big", b"x" * 100_001)) == (413, "QuotaExceeded")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: owner.put(f"/home/owner/f{n}", b"x" * 30_000).status_code, range(8)))
    assert sorted(answers) == [201] * 3 + [413] * 5
    assert owner.properties("/home/owner")["availableSpace"] == "10000"
    assert owner.put("/home/owner/f-last", b"x" * 10_000).status_code == 201
    assert stored(space) == set(stored_ids(space.database))


def test_one_file_has_one_writer_at_a_time(space, owner):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: owner.put("/home/owner/f", bytes([n]) * 100), range(16)))
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len(set(owner.get("/home/owner/f").content)) == 1
    assert stored(space) == set(stored_ids(space.database))


def test_a_node_that_is_being_written_is_busy(space, owner):
    owner.put("/home/owner/f", b"old")
    writes = HomeWrites(space.vospace.nodes.homes)
    write = writes.begin(space.owner, ("home", "owner", "f"), None)
    assert owner.node("/home/owner/f").get("busy") == "true"
    assert owner.get("/home/owner/f").content == b"old"
    assert fault(owner.put("/home/owner/f", b"x")) == (409, "NodeBusy")
    assert fault(owner.delete("/home/owner/f")) == (409, "NodeBusy")
    for direction, protocol in (("pullFromVoSpace", "httpget"), ("pushToVoSpace", "httpput")):
        content = transfer_xml(f"{ROOT}/home/owner/f", direction=direction, protocols=(protocol,))
        place = owner.ask("POST", "synctrans", content=content).headers["location"]
        assert owner.ask("GET", place.replace("results/transferDetails", "error")).text == "NodeBusy"
    writes.cancel(write)
    assert owner.node("/home/owner/f").get("busy") == "false"
    assert owner.put("/home/owner/f", b"x").status_code == 200


def test_an_upload_in_parts_goes_on_after_it_broke_off(space, owner):
    content = os.urandom(30_000)
    start = owner.put("/home/owner/f", b"", headers={"X-Put-Txn-Op": "start", "X-Total-Length": "30000"})
    assert start.status_code == 202
    upload = {"X-Put-Txn-Id": start.headers["x-put-txn-id"]}
    assert fault(owner.get("/home/owner/f")) == (404, "NodeNotFound")
    assert owner.put("/home/owner/f", content[:10_000], headers=upload).headers["digest"] == md5(content[:10_000])

    def broken():
        yield content[10_000:15_000]
        raise ConnectionError

    with contextlib.suppress(ConnectionError):
        owner.put("/home/owner/f", broken(), headers=upload)
    there = int(owner.ask("HEAD", "files/home/owner/f", headers=upload).headers["content-length"])
    assert there in {10_000, 15_000}
    owner.put("/home/owner/f", content[there:20_000], headers=upload)
    wrong = owner.put("/home/owner/f", b"wrong", headers=upload)
    assert wrong.headers["digest"] == md5(content[:20_000] + b"wrong")
    reverted = owner.ask("POST", "files/home/owner/f", headers=upload | {"X-Put-Txn-Op": "revert"})
    assert reverted.headers["digest"] == md5(content[:20_000])
    owner.put("/home/owner/f", content[20_000:], headers=upload)
    other = VOSpaceClient(space.client, space.tokens["other"])
    assert other.put("/home/owner/f", b"", headers=upload).status_code in {403, 404}
    commit = owner.put("/home/owner/f", b"", headers=upload | {"X-Put-Txn-Op": "commit", "Digest": md5(content)})
    assert commit.status_code == 201
    assert owner.get("/home/owner/f").content == content
    assert fault(owner.ask("HEAD", "files/home/owner/f", headers=upload))[0] == 404


def test_an_upload_in_parts_is_held_to_the_limit_and_can_be_given_up(space, owner):
    start = owner.put("/home/owner/f", b"", headers={"X-Put-Txn-Op": "start"})
    upload = {"X-Put-Txn-Id": start.headers["x-put-txn-id"]}
    assert owner.put("/home/owner/f", b"x" * 100_001, headers=upload).status_code == 413
    assert owner.ask("POST", "files/home/owner/f", headers=upload | {"X-Put-Txn-Op": "abort"}).status_code == 204
    assert list(space.settings.staging_folder.iterdir()) == []
    start = owner.put("/home/owner/f", b"", headers={"X-Put-Txn-Op": "start", "X-Total-Length": "100001"})
    assert fault(start) == (413, "QuotaExceeded")


def test_files_go_from_a_home_to_a_product_and_back_without_new_bytes(site: Application):
    """A move into a product adds an auxiliary file; a move out of it takes the file away; nothing else changes."""
    from products.models import FileRole, Visibility
    from products.service import NewProduct
    from tests.vospace.documents.test_transfers import error_of, move, phase

    services, person = site.services, site.services.accounts.service.identity_of_user("owner")
    owner = VOSpaceClient(site.client, site.token("owner"))
    other = VOSpaceClient(site.client, site.token("other"))
    product = services.products.service.create(person, NewProduct("one", 7, visibility=Visibility.PUBLIC))
    with services.products.uploads.stage(person, product.id, FileRole.MAIN) as staging:
        staging.write(b"main")
        services.products.uploads.add_file(person, product.id, FileRole.MAIN, "main.dat", staging.finish())
    services.products.uploads.inspect(person, product.id)
    services.products.uploads.wait_for_inspection(person, product.id, 60)
    services.products.uploads.publish(person, product.id)
    place = f"/products/{product.internal_name}"
    owner.put("/home/owner/notes.txt", b"notes")
    assert phase(move(owner, "/home/owner/notes.txt", place)) == "COMPLETED"
    assert other.get(f"{place}/notes.txt").content == b"notes"
    assert owner.get("/home/owner/notes.txt").status_code == 404
    assert phase(move(owner, f"{place}/main.dat", "/home/owner/copy.dat", keep=True)) == "COMPLETED"
    assert owner.get("/home/owner/copy.dat").content == b"main"
    assert phase(move(owner, place, "/home/owner/whole", keep=True)) == "COMPLETED"
    assert owner.names("/home/owner/whole") == ["main.dat", "notes.txt", "product_metadata.yaml"]
    for source, target, name in (
        (f"{place}/main.dat", "/home/owner/x", "PermissionDenied"),
        ("/home/owner/copy.dat", f"{place}/main.dat", "DuplicateNode"),
        ("/home/owner/whole", place, "PermissionDenied"),
    ):
        job = move(owner, source, target)
        assert (phase(job), error_of(owner, job)) == ("ERROR", name), source
    job = move(other, f"{place}/notes.txt", "/home/other/notes.txt")
    assert (phase(job), error_of(other, job)) == ("ERROR", "PermissionDenied")
    assert fault(other.delete(place)) == (403, "PermissionDenied")
    assert owner.delete(place).status_code == 204
    assert owner.ask("GET", f"{services.settings.public_url}/api/products/{product.id}").status_code == 404
    assert owner.get("/home/owner/copy.dat").content == b"main"


def test_a_file_of_a_home_becomes_a_product_without_being_sent_again(site: Application):
    owner, other = VOSpaceClient(site.client, site.token("owner")), VOSpaceClient(site.client, site.token("other"))
    content = b"ra,dec,z\n1,2,0.5\n"
    owner.put("/home/owner/survey.csv", content)
    api = f"{site.services.settings.public_url}/api/products"
    product = owner.ask("POST", api, json={"display_name": "from home", "product_type": 7}).json()["id"]
    body = {"uri": f"{ROOT}/home/owner/survey.csv", "role": "main"}
    assert other.ask("POST", f"{api}/{product}/files", json=body).status_code == 404
    mine = other.ask("POST", api, json={"display_name": "theft", "product_type": 7}).json()["id"]
    assert other.ask("POST", f"{api}/{mine}/files", json=body).status_code == 404
    answer = owner.ask("POST", f"{api}/{product}/files", json=body)
    assert answer.status_code == 201, answer.text
    assert owner.ask("GET", f"{api}/{product}/main_file").content == content
    owner.delete("/home/owner/survey.csv")
    assert owner.ask("GET", f"{api}/{product}/main_file").content == content
    assert owner.ask("POST", f"{api}/{product}/files", json=body | {"uri": "vos://x~y/z"}).status_code in {400, 409}


def test_kill_9_in_the_middle_of_a_put_leaves_nothing_half_there(tmp_path):
    server = Server(tmp_path / "data")
    api = server.start()
    try:
        home, token = f"{api.base_url}/vospace/files/home/admin", {"Authorization": f"Bearer {server.token}"}
        assert requests.put(f"{home}/f", b"old", headers=token, timeout=60).status_code == 201
        sockets = [_half_put(api.base_url, name, server.token) for name in ("f", "new")]
        server.kill()
        for each in sockets:
            each.close()
        api = server.start()
        home = f"{api.base_url}/vospace/files/home/admin"
        assert requests.get(f"{home}/f", headers=token, timeout=60).content == b"old"
        assert requests.get(f"{home}/new", headers=token, timeout=60).status_code == 404
    finally:
        with contextlib.suppress(AssertionError):
            server.kill()
    from core.database import Database
    from core.settings import Settings

    settings = Settings(data=server.data)
    database = Database(settings.sqlalchemy_url)
    services = Services(settings)
    services.database = database
    services.products.housekeeping.sweep(older_than=0)
    assert {path.name for path in settings.files_folder.glob("??/*")} == set(stored_ids(database))
    assert list(settings.staging_folder.iterdir()) == []
    database.close()


def _half_put(base_url: str, name: str, token: str) -> socket.socket:
    """Send half of a file, and wait until the server has it in hand."""
    host, port = base_url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    lines = (
        f"PUT /vospace/files/home/admin/{name} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}",
        "Content-Length: 4000000", "Expect: 100-continue", "", "",
    )  # fmt: skip
    connection.sendall("\r\n".join(lines).encode())
    assert b"100 Continue" in connection.recv(1000)
    connection.sendall(b"x" * 2_000_000)
    return connection


def test_bytes_of_uploads_that_have_begun_count_in_the_quota(space, owner):
    def begin(name: str, **headers: str) -> dict[str, str]:
        start = owner.put(f"/home/owner/{name}", b"", headers={"X-Put-Txn-Op": "start", **headers})
        return {"X-Put-Txn-Id": start.headers["x-put-txn-id"]}

    first, second = begin("first"), begin("second")
    assert owner.put("/home/owner/first", b"x" * 60_000, headers=first).status_code == 202
    assert owner.put("/home/owner/second", b"y" * 41_000, headers=second).status_code == 413
    staged = sum(path.stat().st_size for path in space.settings.staging_folder.iterdir() if path.suffix == ".part")
    assert staged <= 100_000
    assert fault(owner.put("/home/owner/whole", b"z" * 40_001)) == (413, "QuotaExceeded")
    announced = {"X-Put-Txn-Op": "start", "X-Total-Length": "40001"}
    assert fault(owner.put("/home/owner/third", b"", headers=announced)) == (413, "QuotaExceeded")
    assert owner.properties("/home/owner")["availableSpace"] == str(40_000 - (staged - 60_000))
    owner.ask("POST", "files/home/owner/second", headers=second | {"X-Put-Txn-Op": "abort"})
    assert owner.put("/home/owner/first", b"x" * 40_000, headers=first).status_code == 202  # its own bytes count once
    assert owner.put("/home/owner/first", b"", headers=first | {"X-Put-Txn-Op": "commit"}).status_code == 201
    assert owner.properties("/home/owner")["availableSpace"] == "0"
    assert len(space.vospace.nodes.file(space.owner, ("home", "owner", "first")).stored_id or "") == 32


def test_a_file_that_is_being_sent_counts_in_the_quota(space, owner):
    begun = space.vospace.uploads.begin(space.owner, ("home", "owner", "slow"), None, {}, None)
    begun.write(b"x" * 70_000)
    begun._file._file.flush()  # what is in the buffer of a file cannot be counted
    assert fault(owner.put("/home/owner/quick", b"y" * 30_001)) == (413, "QuotaExceeded")
    other = space.vospace.uploads.begin(space.owner, ("home", "owner", "other"), None, {}, None)
    other.write(b"z" * 30_000)
    begun.write(b"x" * 10_000)
    for each in (begun, other):
        each._file._file.flush()
        with pytest.raises(QuotaExceededError):
            space.vospace.nodes.renew(each._write)
    other.close()
    begun.close()
    assert owner.put("/home/owner/quick", b"y" * 30_001).status_code == 201
