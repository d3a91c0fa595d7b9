"""S3 and PostgreSQL that are away and come back: a clear answer meanwhile, and nothing lost, half-stored or stuck."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import s3fs

from server.operations.health import PROBLEMS
from tests.server.application import Application, running_application
from tests.support.forwarder import Forwarder, running_forwarder
from tests.support.postgres import PostgresServer
from tests.support.s3 import running_s3
from tests.support.waiting import wait_for
from tests.vospace.client import VOSpaceClient

pytestmark = pytest.mark.slow

_BASE = "http://testserver"
_QUERY = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "RESPONSEFORMAT": "csv"}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forwarder]:
    """Return the way to a local S3, which can be cut."""
    with running_s3("away") as address, pytest.MonkeyPatch.context() as patch:
        log = tmp_path_factory.mktemp("s3") / "log"
        with running_forwarder(int(address.rpartition(":")[2]), log) as forwarder:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{forwarder.port}")
            patch.setenv("AWS_MAX_ATTEMPTS", "1")
            patch.setattr(s3fs.S3FileSystem, "retries", 1)  # each waits longer than the one before
            yield forwarder


@pytest.fixture(scope="module")
def site(s3: Forwarder, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("away")
    with (
        postgres.new_database() as url,
        running_application(folder / "one", database_url=url, files_url="s3://away/files") as application,
    ):
        application.services.accounts.service.add_user("owner", None)
        yield application


@pytest.fixture(scope="module")
def owner(site: Application) -> VOSpaceClient:
    return VOSpaceClient(site.client, site.token("owner"))


def _is_busy(answer: httpx2.Response) -> bool:
    return answer.status_code == 503 and "retry-after" in answer.headers


def _check_health(site: Application, failed: str | None) -> None:
    """Wait until the server says which part does not answer, and check that the VOSI documents say it, too."""

    def is_told() -> bool:  # it looks once a second
        answer = site.client.get("/health/ready")
        return list(answer.json().get("problems", {})) == ([failed] if failed else [])

    wait_for(is_told, f"the health is not that of a server without {failed}")
    for path in ("/availability", "/tap/availability", "/vospace/availability", "/datalink/availability"):
        text = site.client.get(path).text
        assert ("available>true<" in text) is (failed is None), path
        assert (PROBLEMS[failed] in text) if failed else True


def test_what_needs_s3_is_503_while_it_is_away_and_nothing_is_half_stored(
    s3: Forwarder, site: Application, owner: VOSpaceClient
) -> None:
    for name in ("kept", "gone"):
        assert owner.put(f"/home/owner/{name}", b"before").status_code == 201
    s3.kill()
    try:
        assert _is_busy(owner.get("/home/owner/kept"))
        assert _is_busy(owner.get("/home/owner/kept", headers={"Range": "bytes=2-"}))
        assert _is_busy(owner.put("/home/owner/kept", b"after"))
        assert _is_busy(owner.put("/home/owner/new", b"new"))
        assert site.client.get("/tap/sync", params=_QUERY).status_code == 200
        assert b"kept" in owner.ask("GET", "nodes/home/owner").content
        assert owner.delete("/home/owner/gone").status_code == 204
        _check_health(site, "storage")
    finally:
        s3.start()
    _check_health(site, None)
    assert owner.get("/home/owner/kept").content == b"before"
    assert owner.get("/home/owner/new").status_code == 404
    assert owner.put("/home/owner/new", b"new").status_code == 201
    assert owner.put("/home/owner/kept", b"after").status_code == 200
    assert owner.get("/home/owner/kept").content == b"after"
    assert site.services.products.housekeeping.sweep(older_than=-10) >= 1  # the bytes of what was deleted meanwhile
    assert len(set(site.services.store.ids())) == 2


def test_files_that_one_server_took_are_read_from_another_with_its_own_data_folder(
    site: Application, owner: VOSpaceClient, tmp_path: Path
) -> None:
    assert owner.put("/home/owner/shared", b"sent to the first").status_code == 201
    settings = site.services.settings
    with running_application(
        tmp_path / "two", database_url=settings.database_url, files_url=settings.files_url
    ) as other:
        there = VOSpaceClient(other.client, other.token("owner"))
        assert there.get("/home/owner/shared").content == b"sent to the first"
        assert there.put("/home/owner/shared", b"sent to the second").status_code == 200
    assert owner.get("/home/owner/shared").content == b"sent to the second"


def test_every_door_is_503_while_the_database_is_away_and_goes_on_when_it_is_back(
    site: Application, owner: VOSpaceClient, postgres: PostgresServer
) -> None:
    assert owner.put("/home/owner/f", b"kept").status_code == 201
    postgres.stop()
    try:
        for path in ("/api/products/", "/tap/tables", "/vospace/nodes/home/owner", "/vospace/files/home/owner/f"):
            assert _is_busy(owner.ask("GET", _BASE + path)), path
        assert _is_busy(site.client.get("/tap/sync", params=_QUERY))
        assert _is_busy(owner.put("/home/owner/f", b"lost"))
        page = site.client.get("/products", headers={"Accept": "text/html"})
        assert _is_busy(page)
        assert "<html" in page.text
        _check_health(site, "database")
    finally:
        postgres.start()
    _check_health(site, None)
    assert owner.get("/home/owner/f").content == b"kept"
    assert owner.put("/home/owner/f", b"again").status_code == 200
    job = site.client.post("/tap/async", data=_QUERY | {"PHASE": "RUN"}, follow_redirects=False)
    phase = job.headers["location"] + "/phase?WAIT=10"
    wait_for(lambda: site.client.get(phase).text == "COMPLETED", "the job does not run", seconds=180)
