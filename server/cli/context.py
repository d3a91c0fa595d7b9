"""Context of commands: settings, services, and the identity of the operator, who has the rights of administrators."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from core.auth.assembly import AccountServices
from core.auth.models import Identity, Scope
from core.database import Database
from core.settings import Settings
from server.data_folder import StartError, prepare_data_folder
from server.migrations.upgrade import migrate, migrate_rows

if TYPE_CHECKING:
    from server.services import Services

__all__ = ["OPERATOR", "DataOption", "open_accounts", "open_services", "read_settings"]

#: Identity that commands act as, and name in the audit log.
OPERATOR = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)

DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; by default PHOTOZ_DATA, else ./data.")]


def read_settings(**chosen: Any) -> Settings:  # the options are whatever type their setting has
    """Return the settings of the environment, overridden by the options of the command line.

    Raises
    ------
    StartError
        A setting has an invalid value; the message names all of them.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as e:
        lines = [f"PHOTOZ_{'_'.join(map(str, error['loc'])).upper()}: {error['msg']}" for error in e.errors()]
        message = "The settings cannot be used:\n  " + "\n  ".join(lines)
        raise StartError(message) from e


@contextmanager
def open_services(data: Path | None, *, prepare: bool = True) -> "Iterator[Services]":
    """Open the services of a server for a command, beside a running server; no jobs run here.

    Parameters
    ----------
    prepare
        Whether to create the data folder and to migrate the database first.
    """
    # A large import, which commands without a server do not need.
    from server.services import Services

    settings = read_settings(data=data)
    if prepare:
        prepare_data_folder(settings)
    services = Services(settings)
    try:
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
    prepare_data_folder(settings)
    database = Database(settings.sqlalchemy_url)
    try:
        migrate(database)
        yield AccountServices(settings, database)
    finally:
        database.close()
