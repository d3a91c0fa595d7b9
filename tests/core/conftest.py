"""A fresh database with every table, once of each kind."""

from collections.abc import Iterator

import pytest

import core.auth.schema  # the import fills the metadata
from core.database import Base, Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    assert core.auth.schema.UserRow.__tablename__ == "users"
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.close()
