"""Context of commands: settings, services, and the identity of the operator, who has the rights of administrators."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.auth.assembly import AccountServices
from core.auth.models import Identity, Scope
from core.database import Database
from core.settings import Settings
from core.settings.sources import InvalidSettingsError, LoadedSettings, load_settings
from server.data_folder import StartError, require_data_folder
from server.migrations.upgrade import is_empty, migrate, migrate_rows

if TYPE_CHECKING:
    from server.services import Services

__all__ = [
    "OPERATOR",
    "DataOption",
    "open_accounts",
    "open_services",
    "read_settings",
    "read_settings_with_origins",
    "require_database",
]

#: Identity that commands act as, and name in the audit log.
OPERATOR = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)

DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; by default PHOTOZ_DATA, else ./data.")]


def read_settings(**chosen: Any) -> Settings:  # the options are whatever type their setting has
    """Return the settings of the environment, overridden by the options of the command line.

    Raises
    ------
    StartError
        A name is not that of a setting, or a value cannot be used; the message names all of them.
    """
    return read_settings_with_origins(**chosen).settings


def read_settings_with_origins(**chosen: Any) -> LoadedSettings:  # as above
    """Return the same settings as `read_settings`, and where each is from."""
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return load_settings(given)
    except InvalidSettingsError as e:
        raise StartError(str(e)) from e


@contextmanager
def open_services(data: Path | None, *, prepare: bool = True) -> "Iterator[Services]":
    """Open the services of a server for a command, beside a running server; no jobs run here.

    Parameters
    ----------
    prepare
        Whether to migrate the database first.

    Raises
    ------
    StartError
        There is no data folder, or the database is empty.
    """
    # A large import, which commands without a server do not need.
    from server.services import Services

    settings = read_settings(data=data)
    require_data_folder(settings)
    services = Services(settings)
    try:
        require_database(services.database)
        if prepare:
            migrate(services.database)
            migrate_rows(settings, services.database, partial(typer.echo, err=True))
        yield services
    finally:
        services.close()


@contextmanager
def open_accounts(data: Path | None) -> Iterator[AccountServices]:
    """Open the accounts alone, for commands that need nothing else and should start fast."""
    settings = read_settings(data=data)
    require_data_folder(settings)
    database = Database(settings.sqlalchemy_url)
    try:
        require_database(database)
        migrate(database)
        yield AccountServices(settings, database)
    finally:
        database.close()


def require_database(database: Database) -> None:
    """Check that a database has tables: a command never makes those of another server than is meant.

    Raises
    ------
    StartError
        It has none.
    """
    if is_empty(database):
        message = (
            f"The {database.engine.dialect.name} database of these settings has no tables. "
            "Is PHOTOZ_DATABASE_URL the right one? For a new server run photoz init."
        )
        raise StartError(message)
