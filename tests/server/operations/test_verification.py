"""``photoz doctor --verify`` reads all that is kept, and tells what is wrong with which; rubbish is no fault."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from core.database import Base, utc_now
from core.settings import Settings
from pipelines.challenges.schema import ChallengeRow, SubmissionRow
from products.lifecycle.rederivation import rederive_rows
from products.schema import ProductTableRow
from server.data_folder import PLACES, PlaceKind, unlisted_entries
from server.operations.doctor import examine
from server.operations.inventory import FILE_COLUMNS, KEPT_PLACES, Inventory
from server.operations.verification import verify
from server.services import Services
from tests.server.operations.filled_site import BackedUp
from tests.support.commands import run_photoz

pytestmark = pytest.mark.slow


@pytest.fixture
def services(backed_up: BackedUp, tmp_path: Path) -> Iterator[Services]:
    """The services of a copy, in which a test may damage what it likes."""
    data = tmp_path / "data"
    shutil.copytree(backed_up.data, data)
    opened = Services(Settings(data=data, min_free_bytes=0))
    yield opened
    opened.close()


def _problems(services: Services) -> tuple[str, ...]:
    return verify(services.settings, services.database, services.store).problems


def test_the_inventory_lists_all_that_a_server_keeps(services: Services) -> None:
    assert unlisted_entries(services.settings) == []
    assert set(KEPT_PLACES) == {place.name for place in PLACES if place.kind is PlaceKind.KEPT}
    submitted = _submitted(services)
    inventory = Inventory(services.settings, services.store)
    with services.database.read() as session:
        expected = {file.key for file in inventory.expected(session)}
    there = {(place, name) for place in KEPT_PLACES for name in inventory.there(place)}
    assert there == expected
    assert ("files", submitted) in expected
    assert {place for place, _ in there} == set(KEPT_PLACES)
    named = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith(("stored_id", "staged_id", "listing"))
    }
    assert named == set(FILE_COLUMNS)


def test_checksums_of_results_are_read_once_however_often_files_are_listed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = Inventory(services.settings, services.store)
    listed = inventory.expected_now(services.database)
    assert any(file.place == "results" and file.sha256 for file in listed.values())
    monkeypatch.setattr(type(inventory.kept["results"]), "read", lambda *_: pytest.fail("a file was read"))
    assert inventory.expected_now(services.database) == listed


def _submitted(services: Services) -> str:
    """Store the file of a submission to a challenge, and return its id."""
    with services.store.stage(limit=10) as staging:
        staging.write(b"estimates")
        stored = staging.finish()
    now = utc_now()
    with services.database.write() as session:
        challenge = ChallengeRow(
            name="c", state="open", definition={}, version=1, created_by="ada", created_at=now, updated_at=now
        )
        session.add(challenge)
        session.flush()
        session.add(
            SubmissionRow(
                challenge_id=challenge.id,
                task_set="t",
                user_id=services.accounts.service.identity_of_user("ada").user_id,
                file_name="estimates.csv",
                size=stored.size,
                sha256=stored.sha256,
                stored_id=stored.id,
                state="queued",
                method={},
                checks=[],
                submitted_at=now,
            )
        )
    return stored.id


@pytest.mark.parametrize("place", list(KEPT_PLACES))
def test_what_is_lost_or_changed_is_found_in_every_place(services: Services, place: str) -> None:
    assert _problems(services) == ()
    folder = services.settings.data / place
    path = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = path.read_bytes()
    path.unlink()
    (problem,) = _problems(services)
    assert "missing" in problem
    assert f"{place}/" in problem
    if place in {"uploads", "catalogues"}:  # they have no checksums
        return
    path.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    (problem,) = _problems(services)
    assert "checksums differ" in problem


def test_the_doctor_exits_with_1_for_a_loss_and_for_a_change(services: Services) -> None:
    path = max(services.settings.user_tables_folder.iterdir())
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-8] + b"X" + content[-7:])
    done = run_photoz("doctor", "--verify", "--rederive", "--json", data=services.settings.data)
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert [name for name, check in checks.items() if not check["ok"]] == ["checksums"]
    assert "rows of the user table mine" in checks["checksums"]["message"]
    assert checks["rows"]["message"] == "2 tables have the rows that their files give"
    path.unlink()
    lost = {check.name: check for check in examine(services.settings)}["files"]
    assert not lost.ok
    assert f"user_tables/{path.name}" in lost.message


def test_what_the_sweep_will_take_is_a_note_and_no_fault(services: Services) -> None:
    settings = services.settings
    orphan = settings.files_folder / "ab" / ("ab" * 16)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"nobody's")
    (settings.tables_folder / "nobody.parquet").write_bytes(b"")
    (settings.data / "strange").mkdir()
    found = verify(settings, services.database, services.store)
    assert found.problems == ()
    assert len(found.notes) == 3
    for name in (orphan.name, "nobody.parquet", "strange"):
        assert name in found.summary


def test_rows_from_before_checksums_are_read_instead(services: Services) -> None:
    with services.database.write() as session:
        session.execute(update(ProductTableRow).values(sha256=None, size=None))
    found = verify(services.settings, services.database, services.store)
    assert found.problems == ()
    assert "2 tables were written before checksums were stored" in found.summary
    path = max(services.settings.tables_folder.iterdir())
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[: len(content) // 2])
    (problem,) = _problems(services)
    assert "rows cannot be read" in problem


def test_rows_that_differ_from_their_file_are_named(services: Services) -> None:
    stored = max(services.settings.tables_folder.iterdir())
    table = pq.read_table(stored)
    changed = table.set_column(3, table.schema.field(3), pa.array([1.0, *table.column(3).to_pylist()[1:]]))
    stored.chmod(0o600)
    pq.write_table(changed, stored)
    settings = services.settings
    settings.scratch_folder.mkdir(exist_ok=True)
    found = rederive_rows(
        services.database, services.store, services.products.rows, settings.scratch_folder, max_columns=100
    )
    (wrong,) = [each.problem for each in found if each.problem]
    assert wrong == "the column c3 differs in the rows 0 to 49"
    assert list(settings.scratch_folder.glob("rederived*")) == []
