"""Backup of a working server and its restore: every service answers as before, on both databases, and from S3."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from core.auth.models import Identity
from core.errors import ConflictError, NotFoundError
from core.settings import Settings
from server.data_folder import RESTORE_MARKER, StartError, prepare_data_folder
from server.operations.backup.creation import create_backup, list_backups, prune_backups, verify_backup
from server.operations.backup.folder import FolderBackups
from server.operations.backup.restoration import choose_backup, restore_backup
from server.operations.backup.stores import backup_store
from server.operations.inventory import Inventory, KeptFile
from server.operations.verification import verify
from server.services import Services
from tests.server.application import running_application
from tests.server.operations.filled_site import BackedUp, answers_of, filled_and_backed_up
from tests.support.commands import photoz, run_photoz
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.slow


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """Settings of a data folder and an SQLite database that do not exist."""
    return Settings(data=tmp_path / "restored", min_free_bytes=0)


def test_a_restored_server_answers_as_before_in_every_service(backed_up: BackedUp, empty: Settings) -> None:
    _restore_and_compare(backed_up, empty)


def test_a_restored_server_on_postgresql_answers_as_before(postgres: PostgresServer, tmp_path: Path) -> None:
    with postgres.new_database() as url, postgres.new_database() as other:
        backed = filled_and_backed_up(tmp_path, url)
        _restore_and_compare(backed, Settings(data=tmp_path / "restored", database_url=other, min_free_bytes=0))
        with pytest.raises(StartError, match="Name one of the kind of the backup"):
            restore_backup(Settings(data=tmp_path / "third"), backup_store(str(backed.place)), backed.first)


def _restore_and_compare(backed: BackedUp, empty: Settings) -> None:
    assert [address for address, (status, _) in backed.answers.items() if status != 200] == []
    store = backup_store(str(backed.place))
    restore_backup(empty, store, choose_backup(store))
    places = (str(backed.data.parent),)
    with running_application(empty.data, database_url=empty.database_url, catalogue_places=places) as app:
        again = answers_of(app, backed.site)
        accounts = app.services.accounts.service
        later = accounts.identity_of_user("later")
        accounts.add_user("new", None)  # sequences go on where they were
        new = accounts.identity_of_user("new")
    assert again == backed.answers
    assert (new.user_id or 0) - (later.user_id or 0) == 1
    assert (empty.data / "secret-key").read_bytes() == (backed.data / "secret-key").read_bytes()


def test_the_second_backup_copies_nothing_again_and_an_old_one_is_chosen_by_its_id(
    backed_up: BackedUp, empty: Settings
) -> None:
    assert backed_up.first.problems == backed_up.second.problems == ()
    assert backed_up.second.files == backed_up.first.files
    store = backup_store(str(backed_up.place))
    assert [made.id for made in list_backups(store)] == [backed_up.first.id, backed_up.second.id]
    assert [verify_backup(store, made) for made in list_backups(store)] == [[], []]
    restore_backup(empty, store, choose_backup(store, backed_up.first.id))
    restored = Services(empty)
    names = {user.name for user in restored.accounts.service.users()}
    restored.close()
    assert "ada" in names
    assert "later" not in names


def test_a_restore_that_was_killed_is_completed_and_nothing_starts_before(
    backed_up: BackedUp, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, seen = backup_store(str(backed_up.place)), []
    read = type(store).read

    def killed(self: object, sha256: str) -> Iterator[bytes]:
        seen.append(sha256)
        if len(seen) > 3:
            raise KeyboardInterrupt
        return read(self, sha256)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(type(store), "read", killed)
        with pytest.raises(KeyboardInterrupt):
            restore_backup(empty, store, backed_up.second)
    with pytest.raises(StartError, match="was not completed"):
        prepare_data_folder(empty)
    with pytest.raises(StartError, match=rf"--backup {backed_up.second.id}"):
        restore_backup(empty, store, backed_up.first)
    restore_backup(empty, store, backed_up.second)
    assert not (empty.data / RESTORE_MARKER).exists()
    restored = Services(empty)
    found = verify(empty, restored.database, restored.store)
    restored.close()
    assert (found.problems, found.notes) == ((), ())
    assert found.files == len(backed_up.second.files)
    with pytest.raises(StartError, match="is not empty"):
        restore_backup(empty, store, backed_up.second)


def test_damage_of_the_backup_is_found_by_verification_and_by_the_restore(backed_up: BackedUp, empty: Settings) -> None:
    store = backup_store(str(backed_up.place))
    entry = next(each for each in backed_up.second.files if each.place == "tables")
    path = backed_up.place / "objects" / entry.sha256[:2] / entry.sha256
    content = path.read_bytes()
    path.chmod(0o600)
    try:
        path.write_bytes(b"X" + content[1:])
        (problem,) = verify_backup(store, backed_up.second)
        assert problem.startswith(f"The object {entry.sha256} of the backup is damaged: tables/")
        with pytest.raises(NotFoundError, match="is damaged"):
            restore_backup(empty, store, backed_up.second)
        path.unlink()
        assert "lacks the object" in verify_backup(store, backed_up.second)[0]
    finally:
        path.write_bytes(content)


def test_what_is_deleted_during_a_backup_leaves_a_backup_of_one_moment(backed_up: BackedUp, tmp_path: Path) -> None:
    shutil.copytree(backed_up.data, tmp_path / "data")
    services = Services(Settings(data=tmp_path / "data", min_free_bytes=0))
    identity = services.accounts.service.identity_of_user("ada")
    home, names = ("home", "ada"), ["1.bin", "2.bin", "3.bin"]

    class Changing(Inventory):
        """Makes a file while each of the first copies is made, and deletes one that the backup has not copied yet."""

        def read(self, file: KeptFile) -> Iterator[bytes]:
            if names:
                _put(services, identity, (*home, names.pop()))
                if len(names) == 1:
                    services.vospace.nodes.delete(identity, (*home, "notes.bin"))
                    services.products.housekeeping.sweep(older_than=0)
            yield from super().read(file)

    store = FolderBackups(tmp_path / "backups")
    made = create_backup(services.settings, services.database, Changing(services.settings, services.store), store)
    services.close()
    assert made.problems == ()
    assert verify_backup(store, made) == []
    empty = Settings(data=tmp_path / "restored", min_free_bytes=0)
    restore_backup(empty, store, made)
    restored = Services(empty)
    found = verify(empty, restored.database, restored.store)
    restored.close()
    assert (found.problems, found.notes) == ((), ())


def _put(services: Services, identity: Identity, path: tuple[str, ...]) -> None:
    write = services.vospace.nodes.begin_write(identity, path, None)
    with services.vospace.nodes.stage(write) as staging:
        staging.write(path[-1].encode() * 1000)
        services.vospace.nodes.finish(write, staging.finish())


def test_old_backups_are_removed_with_what_they_alone_need(backed_up: BackedUp, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    shutil.copytree(backed_up.place, place)
    data, env = backed_up.data, {"PHOTOZ_MIN_FREE_BYTES": "0"}
    listed = photoz("backup", str(place), "--list", data=data).splitlines()
    assert [line.split()[0] for line in listed] == [backed_up.first.id, backed_up.second.id]
    assert "with secrets" in listed[0]
    store = backup_store(str(place))
    before = store.objects()
    made = photoz("backup", str(place), "--keep", "1", data=data, env=env).split()[0]
    (kept,) = list_backups(store)
    assert kept.id == made
    assert kept.secrets == ()
    assert store.objects() == set(kept.objects)
    assert before - store.objects() >= {backed_up.first.database.file, backed_up.second.secrets[0].sha256}
    assert photoz("backup", str(place), "--verify", data=data).rstrip().endswith("ok")
    with store.locked():
        refused = run_photoz("backup", str(place), data=data, env=env)
        assert refused.returncode == 1
        assert "is running" in refused.stderr
    assert run_photoz("restore", str(tmp_path / "nowhere"), data=tmp_path / "x").stderr.count("has no backups") == 1


def test_bytes_that_the_server_has_lost_are_told_and_the_rest_is_kept(backed_up: BackedUp, tmp_path: Path) -> None:
    shutil.copytree(backed_up.data, tmp_path / "data")
    services = Services(Settings(data=tmp_path / "data", min_free_bytes=0))
    lost, changed = sorted(services.settings.tables_folder.iterdir())
    lost.unlink()
    changed.chmod(0o600)
    changed.write_bytes(b"X" + changed.read_bytes()[1:])
    inventory = Inventory(services.settings, services.store)
    made = create_backup(services.settings, services.database, inventory, FolderBackups(tmp_path / "backups"))
    services.close()
    assert len(made.problems) == 2
    assert any(lost.name in problem and "missing" in problem for problem in made.problems)
    assert any(changed.name in problem and "not those that were stored" in problem for problem in made.problems)
    assert len(made.files) == len(backed_up.second.files) - 1


def test_a_server_with_files_in_s3_is_backed_up_to_s3_and_restored_from_it(
    backed_up: BackedUp, tmp_path: Path, s3_bucket: str
) -> None:
    shutil.copytree(backed_up.data, tmp_path / "data")
    settings = Settings(data=tmp_path / "data", files_url=f"s3://{s3_bucket}/files", min_free_bytes=0)
    for path in settings.files_folder.glob("??/*"):
        s3fs.S3FileSystem().put_file(str(path), f"{s3_bucket}/files/{path.name}")
    shutil.rmtree(settings.files_folder)
    store, services = backup_store(f"s3://{s3_bucket}/backups"), Services(settings)
    made = create_backup(services.settings, services.database, Inventory(settings, services.store), store)
    services.close()
    assert made.problems == ()
    assert {each.sha256 for each in made.files} == {each.sha256 for each in backed_up.second.files}
    with store.locked(), pytest.raises(ConflictError, match="is running"):
        prune_backups(backup_store(f"s3://{s3_bucket}/backups"), 1)
    assert prune_backups(store, 1) == (0, 0)
    empty = Settings(
        data=tmp_path / "restored",
        files_url=f"s3://{s3_bucket}/restored",
        rows_url=f"s3://{s3_bucket}/restored-rows",
        min_free_bytes=0,
    )
    restore_backup(empty, store, choose_backup(store))
    restored = Services(empty)
    assert verify(empty, restored.database, restored.store).problems == ()
    assert set(restored.store.ids()) == {each.name for each in made.files if each.place == "files"}
    assert restored.products.rows.names() == {each.name for each in made.files if each.place == "tables"}
    assert [path for place in ("tables", "results") for path in (empty.data / place).rglob("*") if path.is_file()] == []
    restored.close()
