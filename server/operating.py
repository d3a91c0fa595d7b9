"""The operator of the server's machine: commands act in this name, and may do what administrators may."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.auth.models import Identity, Scope
from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrate import migrate

if TYPE_CHECKING:
    from server.services import Services

__all__ = ["OPERATOR", "DataOption", "operated"]

#: Who runs commands; the audit log names it so.
OPERATOR = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)

DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; by default PHOTOZ_DATA, else ./data.")]


@contextmanager
def operated(data: Path | None) -> "Iterator[Services]":
    """Give the services of a server beside which a command works; no jobs run here."""
    # Large, and not needed by the commands that do without a server.
    from server.services import build_services

    settings = Settings() if data is None else Settings(data=data)
    prepare_data_folder(settings)
    services = build_services(settings)
    try:
        migrate(services.database)
        yield services
    finally:
        services.close()
