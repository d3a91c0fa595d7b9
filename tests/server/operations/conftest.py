"""A server with something in every place, made once."""

import pytest

from tests.server.operations.filled_site import BackedUp, filled_and_backed_up


@pytest.fixture(scope="session")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> BackedUp:
    """A server on SQLite that has stopped, with its backups; tests change copies of it alone."""
    return filled_and_backed_up(tmp_path_factory.mktemp("backed_up"))
