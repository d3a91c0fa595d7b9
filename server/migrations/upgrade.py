"""Bring the database to the schema of this version, with Alembic, and stored rows to its layout."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from core.database import Database
from core.settings import Settings

__all__ = ["is_current", "is_empty", "migrate", "migrate_rows"]

_REPORTED = 100


def migrate(database: Database) -> None:
    """Run every migration that the database has not seen, and install the triggers of this version."""
    if is_current(database.engine):  # migrations import every schema, which takes longer than most commands
        return
    # Large imports, as those of the migrations.
    from products.lifecycle.change_log import install_triggers

    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
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

    StoredRowsUpgrade(database, settings.tables_folder, settings.user_tables_folder).run(progress)


def is_current(engine: Engine) -> bool:
    """Return whether the database has the schema of this version."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def is_empty(database: Database) -> bool:
    """Return whether the database was never migrated; a file of SQLite that does not exist is not made."""
    path = database.engine.url.database
    if database.engine.dialect.name == "sqlite" and path and not Path(path).exists():
        return True
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() is None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config
