"""Restore of a backup into an empty data folder and an empty database."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from sqlalchemy import inspect

from core.database import Database
from core.errors import NotFoundError
from core.files.assembly import file_store
from core.files.parallel import in_threads
from core.files.partial.storage import forget_partial_files
from core.settings import Settings
from server.data_folder import RESTORE_MARKER, StartError, make_folders
from server.migrations.upgrade import is_known, migrate, migrate_rows
from server.operations.backup.database import restore_database
from server.operations.backup.manifest import FileEntry, Manifest, read_manifest
from server.operations.backup.stores import BackupStore, checked
from server.operations.inventory import AT_ONCE, KEPT_PLACES, Inventory, KeptFile

__all__ = ["choose_backup", "restore_backup"]

_REPORTED = 1000


def choose_backup(store: BackupStore, backup_id: str | None = None) -> Manifest:
    """Return a backup by its id, or the newest.

    Raises
    ------
    NotFoundError
        There is none.
    """
    ids = store.ids()
    if not ids:
        raise NotFoundError("There is no complete backup in this place.")
    if backup_id is not None and backup_id not in ids:
        raise NotFoundError(f"There is no backup {backup_id}; those that there are: {', '.join(ids)}.")
    chosen = backup_id or ids[-1]
    return read_manifest(store.manifest(chosen), chosen)


def restore_backup(
    settings: Settings,
    store: BackupStore,
    manifest: Manifest,
    report: Callable[[str], None] = lambda _text: None,
) -> None:
    """Restore a backup, and compare everything with its checksums.

    When it is killed, the server does not start; the same restore then completes it.

    Raises
    ------
    StartError
        The data folder, the file store or the database is not empty, or another restore into it was not completed.
    NotFoundError
        The backup lacks an object, or one is damaged.
    """
    if not is_known(manifest.database.revision):
        message = (
            f"The backup is of the version {manifest.version}, which has a later schema ({manifest.database.revision}) "
            "than this one. Install that version, or a later one."
        )
        raise StartError(message)
    _begin(settings, manifest)
    inventory = Inventory(settings, file_store(settings))
    restored = in_threads(partial(_restore_file, inventory, store), manifest.files, AT_ONCE, "restore")
    for number, _ in enumerate(restored, 1):
        if number % _REPORTED == 0:
            report(f"Restored {number} of {len(manifest.files)} files.")
    for entry in manifest.secrets:
        _restore_secret(settings, store, entry)
    make_folders(settings)
    database = Database(settings.sqlalchemy_url)
    try:
        if _is_unfilled(database):
            report("Restoring the database.")
            restore_database(database, manifest.database, lambda sha256: checked(store, sha256, "the database"))
        migrate(database, triggers=True)
        migrate_rows(settings, database, report)
        with database.write() as session:
            forget_partial_files(session)
    finally:
        database.close()
    (settings.data / RESTORE_MARKER).unlink()


def _begin(settings: Settings, manifest: Manifest) -> None:
    """Check that all is empty, and mark the restore as begun; or find that this very restore was begun."""
    marker = settings.data / RESTORE_MARKER
    with suppress(FileNotFoundError):
        begun = marker.read_text(encoding="ascii")
        if begun != manifest.id:
            message = (
                f"The restore of the backup {begun} into {settings.data.resolve()} was not completed. "
                f"Complete it (--backup {begun}), or empty the folder and the database."
            )
            raise StartError(message)
        return
    for place in KEPT_PLACES:
        folder = settings.data / place
        if folder.is_dir() and any(path.is_file() for path in folder.rglob("*")):
            raise _not_empty(f"The folder {folder.resolve()}")
    database = Database(settings.sqlalchemy_url)
    try:
        if not _is_unfilled(database):
            raise _not_empty(f"The {database.engine.dialect.name} database")
    finally:
        database.close()
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.files_url is not None and any(True for _ in file_store(settings).ids()):
        raise _not_empty(settings.files_url)
    if settings.rows_url is not None:
        inventory = Inventory(settings, file_store(settings))
        if any(inventory.there(place) for place in KEPT_PLACES if place != "files"):
            raise _not_empty(settings.rows_url)
    with marker.open("w", encoding="ascii") as file:
        file.write(manifest.id)
        file.flush()
        os.fsync(file.fileno())


def _not_empty(what: str) -> StartError:
    return StartError(
        f"{what} is not empty, and a restore overwrites nothing. "
        "Name an empty data folder (--data) and an empty database (PHOTOZ_DATABASE_URL)."
    )


def _is_unfilled(database: Database) -> bool:
    """Return whether a database has no tables; a file of SQLite is not made."""
    path = database.engine.url.database
    if database.engine.dialect.name == "sqlite" and path and not Path(path).exists():
        return True
    return not inspect(database.engine).get_table_names()


def _restore_file(inventory: Inventory, store: BackupStore, entry: FileEntry) -> None:
    if entry.place not in KEPT_PLACES:
        raise StartError(f"This version has no place '{entry.place}', which the backup has. Install a later version.")
    file = KeptFile(entry.place, entry.name, entry.name, entry.size, entry.sha256)
    with suppress(NotFoundError):  # it is there when this restore was begun before
        if inventory.digest(file) == (entry.sha256, entry.size):
            return
    inventory.write(file, checked(store, entry.sha256, f"{entry.place}/{entry.name}"), entry.size)


def _restore_secret(settings: Settings, store: BackupStore, entry: FileEntry) -> None:
    path = settings.data / entry.place
    content = b"".join(checked(store, entry.sha256, entry.place))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
