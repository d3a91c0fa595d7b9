"""A server without accounts, for commands that run in the process of the tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import Database
from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate

__all__ = ["MakeServer"]

#: Makes the data folder and the tables of a server.
MakeServer = Callable[..., None]


@pytest.fixture
def make_server() -> MakeServer:
    def made(folder: Path, database_url: str | None = None) -> None:
        settings = Settings(data=folder, database_url=database_url)
        prepare_data_folder(settings)
        database = Database(settings.sqlalchemy_url)
        migrate(database)
        database.close()

    return made
