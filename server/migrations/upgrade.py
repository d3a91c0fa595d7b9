"""Bring the database to the schema of this version, with Alembic, and stored rows to its layout."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, String, column, inspect, select, table

from core.database import Database
from core.files.assembly import kept_files
from core.settings import Settings
from server.migrations.lock import exclusive

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

__all__ = [
    "is_current",
    "is_empty",
    "is_known",
    "migrate",
    "migrate_rows",
    "migrate_to",
    "newest_revision",
    "revision_of",
]

_REPORTED = 100
_SCRIPTS = Path(__file__).parents[1] / "migrations"


def migrate(database: Database, *, triggers: bool = False, is_locked: bool = False) -> None:
    """Run every migration that the database has not seen, and install the triggers of this version.

    Other processes that migrate the same database wait.

    Parameters
    ----------
    triggers
        Whether to install the triggers also when the schema is that of this version, as after a restore.
    is_locked
        Whether the caller holds the lock of `server.migrations.lock`.
    """
    # Migrations import every schema, which takes longer than most commands.
    if is_current(database.engine) and not triggers:
        return
    # Large imports, as those of the migrations.
    from products.lifecycle.change_log import install_triggers

    with nullcontext() if is_locked else exclusive(database), database.engine.begin() as connection:
        migrate_to(connection, "head")  # nothing is left to do when another process was faster
        install_triggers(connection)


def migrate_rows(settings: Settings, database: Database, report: Callable[[str], None]) -> None:
    """Convert the stored rows of an earlier version, after the database is migrated and before requests are answered.

    Parameters
    ----------
    report
        Called with sentences about long work.
    """
    # A large import, which is needed here only.
    from products.lifecycle.stored_rows import StoredRowsUpgrade

    def progress(done: int, total: int) -> None:
        if done == total or done % _REPORTED == 0:
            report(f"Converted the rows of {done} of {total} tables to the layout of this version.")

    StoredRowsUpgrade(database, kept_files(settings, "tables"), kept_files(settings, "user_tables")).run(progress)


def is_current(engine: Engine) -> bool:
    """Return whether the database has the schema of this version."""
    with engine.connect() as connection:
        return _revision(connection) == newest_revision()


def newest_revision() -> str:
    """Return the revision of the schema of this version: that of the migration with the highest number."""
    return max(_revisions())


def migrate_to(connection: Connection, revision: str) -> None:
    """Bring a database to the schema of a later revision, in the transaction of a connection."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revision_of(database: Database) -> str:
    """Return the revision of the schema; empty before the first migration."""
    with database.engine.connect() as connection:
        return _revision(connection)


def is_known(revision: str) -> bool:
    """Return whether this version has a revision of the schema."""
    return revision in _revisions()


def is_empty(database: Database) -> bool:
    """Return whether the database was never migrated; a file of SQLite that does not exist is not made."""
    path = database.engine.url.database
    if database.engine.dialect.name == "sqlite" and path and not Path(path).exists():
        return True
    return not revision_of(database)


def _revision(connection: Connection) -> str:
    """Return the revision that Alembic has noted, without importing Alembic, which commands would wait for."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(select(column("version_num", String)).select_from(table("alembic_version"))) or ""


def _revisions() -> frozenset[str]:
    """Return the revisions of this version, which are the numbers that the names of their files begin with."""
    return frozenset(script.name.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*.py"))


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
