"""Backup of a working server and its restore: every service answers as before, on both databases, and from S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import NotFoundError
from core.settings import Settings
from server.data_folder import RESTORE_MARKER, StartError, prepare_data_folder
from server.operations.backup.creation import list_backups, verify_backup
from server.operations.backup.restoration import choose_backup, restore_backup
from server.operations.backup.stores import backup_store
from tests.server.application import running_application
from tests.server.operations.filled_site import BackedUp, answers_of, filled_and_backed_up
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
    with running_application(empty.data, database_url=empty.database_url) as app:
        again = answers_of(app, backed.site)
        accounts = app.services.accounts.service
        later = accounts.identity_of_user("later")
        accounts.add_user("new", None)  # sequences go on where they were
        new = accounts.identity_of_user("new")
    assert again == backed.answers
    assert new.user_id == later.user_id + 1
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
    with running_application(empty.data, database_url=empty.database_url) as app:
        names = {user.name for user in app.services.accounts.service.users()}
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
    with running_application(empty.data, database_url=empty.database_url) as app:
        assert answers_of(app, backed_up.site) == backed_up.answers
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
