"""A fresh database with every table, once of each kind."""

from collections.abc import Iterator

import pytest

import core.auth.schema  # the import fills the metadata
from core.database import Database


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    assert core.auth.schema.UserRow.__tablename__ == "users"
    database = Database(tables_url)
    yield database
    database.close()
