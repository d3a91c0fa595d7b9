"""A server with something in every place, made once."""

from collections.abc import Iterator

import pytest

from tests.server.operations.filled_site import BackedUp, filled_and_backed_up
from tests.support.s3 import running_s3


@pytest.fixture(scope="session")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> BackedUp:
    """A server on SQLite that has stopped, with its backups; tests change copies of it alone."""
    return filled_and_backed_up(tmp_path_factory.mktemp("backed_up"))


@pytest.fixture
def s3_bucket() -> Iterator[str]:
    """The name of an empty bucket of a local S3, which the environment names."""
    with running_s3("photoz-backups"):
        yield "photoz-backups"
