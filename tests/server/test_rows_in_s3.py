"""Two servers with folders of their own, one database and one S3: what one of them makes, both have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import s3fs
from sqlalchemy import delete, select

from core.settings import Settings
from products.schema import ProductTableRow
from server.operations.backup.restoration import choose_backup, restore_backup
from server.operations.backup.stores import backup_store
from server.operations.maintenance import remove_orphaned_files
from server.operations.verification import verify
from server.services import Services
from tests.server.application import Application, running_application
from tests.server.operations.filled_site import Asker, FilledSite, answers_of, back_up, fill, publish
from tests.support.forwarder import Forwarder, running_forwarder
from tests.support.postgres import PostgresServer
from tests.support.s3 import running_s3
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

_PLACES = {"tables", "user_tables", "results", "catalogues", "uploads"}
_HATS = (
    "collection.properties",
    "catalog/properties",
    "catalog/partition_info.csv",
    "catalog/dataset/_common_metadata",
)


@dataclass(frozen=True, slots=True)
class _Sites:
    """The two servers, the way to their S3, which can be cut, and what is on them."""

    first: Application
    second: Application
    s3: Forwarder
    filled: FilledSite

    def ask(self, app: Application, method: str, path: str, **sent: object) -> httpx2.Response:
        headers: Mapping[str, str] = {"Authorization": f"Bearer {self.filled.token}"}
        return app.client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type] - of httpx2

    def rows(self, app: Application, table: str) -> httpx2.Response:
        query = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": f"SELECT COUNT(*) AS n FROM {table}"}
        return self.ask(app, "GET", "/tap/sync", params=query)

    def publish(self, app: Application, name: str) -> tuple[int, str, str]:
        """Publish a product, and return its number, its table, and the name of the file of its rows."""
        ask = Asker(app.client, {"Authorization": f"Bearer {self.filled.token}"})
        number, table = publish(ask, name, "private")
        return number, table, self.stored(number)

    def stored(self, number: int) -> str:
        """Return the name of the file of the rows of a product."""
        with self.first.services.database.read() as session:
            stored = select(ProductTableRow.stored_id).where(ProductTableRow.product_id == number)
            return session.scalars(stored).one()

    def lose_copies(self) -> str:
        """Remove the copies of the second server, as a new machine has none, and return a table that it had."""
        for path in self.second.services.settings.row_copies_folder.rglob("*"):
            if path.is_file():
                path.unlink()
        return self.ask(self.first, "GET", f"/api/products/{self.filled.product}/inspection/").json()["tap_table"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def sites(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Sites]:
    folder = tmp_path_factory.mktemp("sites")
    with (
        running_s3("common") as address,
        running_forwarder(int(address.rpartition(":")[2]), folder / "log") as s3,
        pytest.MonkeyPatch.context() as patch,
        postgres.new_database() as url,
    ):
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3.port}")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        patch.setattr(s3fs.S3FileSystem, "retries", 1)  # each waits longer than the one before
        common = {
            "database_url": url,
            "files_url": "s3://common/files",
            "rows_url": "s3://common/rows",
            "secret_key": "0123456789" * 4,
            "catalogue_places": (str(folder),),
        }
        with (
            running_application(folder / "one", **common) as first,  # type: ignore[arg-type] - settings
            running_application(folder / "two", **common) as second,  # type: ignore[arg-type] - settings
        ):
            yield _Sites(first, second, s3, fill(first, folder / "survey"))


def test_both_answer_the_same_and_neither_keeps_rows_in_its_folder(sites: _Sites) -> None:
    filled = sites.filled
    name = sites.ask(sites.first, "GET", f"/api/products/{filled.product}/").json()["internal_name"]
    addresses = (*filled.addresses, *(f"/hats/{name}/{file}" for file in _HATS))
    filled = FilledSite(filled.token, filled.product, addresses)
    found = [answers_of(app, filled) for app in (sites.first, sites.second)]
    assert {address: status for address, (status, _) in found[1].items() if status != 200} == {}
    # Pages of products count downloads.
    one, other = ({key: value for key, value in each.items() if not key.startswith("/product/")} for each in found)
    assert one == other
    for app in (sites.first, sites.second):
        kept = [path for place in _PLACES for path in (app.services.settings.data / place).rglob("*") if path.is_file()]
        assert kept == []
    assert {key.split("/")[2] for key in s3fs.S3FileSystem().find("common/rows")} == _PLACES


def test_a_job_with_a_table_that_one_took_is_run_and_read_by_the_other(sites: _Sites) -> None:
    found = [address for address in sites.filled.addresses if address.endswith("/parameters")]
    path = found[-1].removesuffix("/parameters")
    sites.ask(sites.second, "POST", f"{path}/phase", data={"PHASE": "RUN"})
    for phase in ("QUEUED", "EXECUTING"):
        sites.ask(sites.second, "GET", path, params={"WAIT": "60", "PHASE": phase})
    for app in (sites.first, sites.second):
        assert sites.ask(app, "GET", f"{path}/phase").text == "COMPLETED"
        assert "<STREAM" in sites.ask(app, "GET", f"{path}/results/result").text
        assert sites.rows(app, f"query_results.job_{path.rpartition('/')[2]}").text.split() == ["n", "2"]


def test_rows_that_are_deleted_on_one_are_gone_from_the_other_and_from_s3(sites: _Sites) -> None:
    first, second = sites.first, sites.second
    number, table, name = sites.publish(first, "Short-lived")
    assert sites.rows(second, table).text.split() == ["n", "50"]
    assert name in second.services.products.rows.names()
    assert second.services.products.rows.local(name).exists()
    assert sites.ask(first, "DELETE", f"/api/products/{number}/").is_success
    assert sites.rows(second, table).status_code == 400  # an unknown table
    with first.services.database.write() as session:  # as when the time has passed in which it can be restored
        session.execute(delete(ProductTableRow).where(ProductTableRow.product_id == number))
    for app in (first, second):
        app.services.products.housekeeping.sweep(older_than=-10)
    assert name not in second.services.products.rows.names()
    assert not second.services.products.rows.local(name).exists()
    remove_orphaned_files(second.services)  # all that is named stays
    assert verify(second.services.settings, second.services.database, second.services.store).problems == ()


def test_a_table_of_a_user_grows_and_goes_on_either(sites: _Sites) -> None:
    first, second = sites.first, sites.second
    sent = {"Authorization": f"Bearer {sites.filled.token}", "Content-Type": "text/csv"}
    loaded = second.client.post("/tap/load/user_ada.mine", headers=sent, content=b"a,b\n3,z\n")
    assert loaded.is_success, loaded.text
    assert sites.rows(first, "user_ada.mine").text.split() == ["n", "3"]
    assert sites.ask(first, "DELETE", "/tap/tables/user_ada.mine").is_success
    assert sites.rows(second, "user_ada.mine").status_code == 400
    assert second.services.products.user_rows.names() == set()


def test_while_s3_is_away_copies_are_queried_and_all_else_is_503(sites: _Sites) -> None:
    first, second = sites.first, sites.second
    table = sites.lose_copies()
    sites.s3.kill()
    try:
        assert sites.rows(first, table).text.split() == ["n", "50"]
        refused = sites.rows(second, table)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        wait_for(lambda: second.client.get("/health/ready").status_code == 503, "the server is said to be ready")
    finally:
        sites.s3.start()
    assert sites.rows(second, table).text.split() == ["n", "50"]
    assert sites.ask(second, "GET", f"/api/products/{sites.filled.product}/main_file").content.count(b"obj") == 50
    wait_for(lambda: second.client.get("/health/ready").status_code == 200, "the server is not ready")


def test_rows_that_are_damaged_in_s3_are_named_by_queries_and_by_the_verification(sites: _Sites) -> None:
    second, table = sites.second, sites.lose_copies()
    name = sites.stored(sites.filled.product)
    store, key = s3fs.S3FileSystem(), f"common/rows/tables/{name}"
    content = store.cat_file(key)
    store.pipe_file(key, content[:50] + b"X" + content[51:])
    settings, services = second.services.settings, second.services
    try:
        refused = sites.rows(second, table)
        assert (refused.status_code, "damaged" in refused.text) == (500, True)
        (problem,) = verify(settings, services.database, services.store).problems
        assert "checksums differ" in problem
    finally:
        store.pipe_file(key, content)
    assert sites.rows(second, table).text.split() == ["n", "50"]
    assert verify(settings, services.database, services.store).problems == ()


def test_a_backup_by_either_has_all_and_is_restored_into_s3(
    sites: _Sites, postgres: PostgresServer, tmp_path: Path
) -> None:
    made = back_up(sites.second, str(tmp_path / "backups"))
    assert made.problems == ()
    assert {each.place for each in made.files} >= _PLACES - {"uploads", "user_tables"} | {"files"}
    with postgres.new_database() as url:
        settings = Settings(
            data=tmp_path / "restored",
            database_url=url,
            files_url="s3://common/restored-files",
            rows_url="s3://common/restored-rows",
            min_free_bytes=0,
        )
        restore_backup(settings, store := backup_store(str(tmp_path / "backups")), choose_backup(store))
        restored = Services(settings)
        assert verify(settings, restored.database, restored.store).problems == ()
        assert len(restored.products.rows.names()) == len(sites.first.services.products.rows.names())
        restored.close()
