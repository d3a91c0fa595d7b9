"""Bring the database to the schema of this version, with Alembic, and stored rows to its layout."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, String, column, inspect, select, table

from core.database import Database
from core.settings import Settings

__all__ = ["is_current", "migrate", "migrate_rows"]


_REPORTED = 100
_SCRIPTS = Path(__file__).parents[1] / "migrations"


def migrate(database: Database) -> None:
    """Run every migration that the database has not seen, and install the triggers of this version."""
    if is_current(database.engine):  # migrations import every schema, which takes longer than most commands
        return
    # Large imports, as those of the migrations.
    from alembic import command
    from alembic.config import Config

    from products.lifecycle.change_log import install_triggers

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
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
    """Return whether the database has the schema of this version: that of the migration with the highest number."""
    head = max(script.name.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*.py"))
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        query = select(column("version_num", String)).select_from(table("alembic_version"))
        return list(connection.scalars(query)) == [head]
