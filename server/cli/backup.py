"""The commands ``photoz backup`` and ``photoz restore``."""

from typing import Annotated

import typer

from core.database import Database
from core.errors import PhotozError
from server.cli.context import DataOption, read_settings, require_database
from server.data_folder import StartError, require_data_folder
from server.migrations.upgrade import is_current

__all__ = ["backup_command", "restore_command"]


def backup_command(
    dest: Annotated[str, typer.Argument(help="Folder of the backups, or an address such as s3://bucket/prefix.")],
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="Include the key that signs links.")] = False,
    as_list: Annotated[bool, typer.Option("--list", help="List the backups instead.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read all backups and check them instead.")] = False,
    keep: Annotated[int | None, typer.Option(min=1, help="Then keep so many backups, and remove older ones.")] = None,
    data: DataOption = None,
) -> None:
    """Back up a server, which may be running; only what is new since the last backup is copied."""
    from server.operations.backup.stores import backup_store

    if as_list or verify:
        _look(dest, verify=verify)
        return
    # Large imports.
    from core.files.assembly import file_store
    from server.operations.backup.creation import create_backup, prune_backups
    from server.operations.inventory import Inventory

    settings = read_settings(data=data)
    require_data_folder(settings)
    store = backup_store(dest, create=True)
    database = Database(settings.sqlalchemy_url)
    try:
        require_database(database)
        if not is_current(database.engine):
            message = (
                "The schema of the database is of another version; run photoz migrate, or back up with that version."
            )
            raise StartError(message)
        inventory = Inventory(settings, file_store(settings))
        made = create_backup(settings, database, inventory, store, with_secrets=with_secrets, report=_report)
    finally:
        database.close()
    typer.echo(f"{made.id}  {len(made.files)} files, {made.size / 1e6:.6g} MB")
    for problem in made.problems:
        typer.echo(f"FAIL  {problem}", err=True)
    if keep is not None:
        backups, objects = prune_backups(store, keep)
        _report(f"Removed {backups} backups and {objects} objects.")
    if made.problems:
        raise typer.Exit(1)


def restore_command(
    source: Annotated[str, typer.Argument(help="Folder of the backups, or an address such as s3://bucket/prefix.")],
    backup: Annotated[str | None, typer.Option(help="Id of the backup; the newest by default.")] = None,
    data: DataOption = None,
) -> None:
    """Restore a backup into the empty data folder and the empty database that the settings name."""
    from server.operations.backup.restoration import choose_backup, restore_backup
    from server.operations.backup.stores import backup_store

    settings = read_settings(data=data)
    store = backup_store(source)
    manifest = choose_backup(store, backup)
    restore_backup(settings, store, manifest, _report)
    typer.echo(
        f"Restored the backup {manifest.id} of {manifest.ended:%Y-%m-%d %H:%M} UTC: {len(manifest.files)} files."
    )


def _look(dest: str, *, verify: bool) -> None:
    from server.operations.backup.creation import verify_backup
    from server.operations.backup.manifest import read_manifest
    from server.operations.backup.stores import backup_store

    store, problems, intact = backup_store(dest), 0, set[str]()
    for backup_id in store.ids():
        try:
            made = read_manifest(store.manifest(backup_id), backup_id)
        except PhotozError as e:
            problems += 1
            typer.echo(f"FAIL  {e.message}", err=True)
            continue
        found = verify_backup(store, made, intact) if verify else []
        state = "" if not verify else ("  damaged" if found else "  ok")
        typer.echo(
            f"{made.id}  {made.database.kind:<10} {len(made.files):>8} files {made.size / 1e6:>12.6g} MB"
            f"{'  with secrets' if made.secrets else ''}{state}"
        )
        problems += len(found)
        for problem in found:
            typer.echo(f"FAIL  {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def _report(message: str) -> None:
    typer.echo(message, err=True)
