"""A server for the tests of the library, which those of one process share, with an account for each file."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pzserver import PzServer

from tests.support.accounts import new_account
from tests.support.server import RunningServer, photoz_command, running_server


@pytest.fixture(scope="session")
def library_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    if photoz_command() is None:
        pytest.skip("the command photoz is not installed beside this Python: pip install -e .")
    with running_server(tmp_path_factory.mktemp("library") / "data") as server:
        yield server


@dataclass(frozen=True, slots=True)
class LibraryAccount:
    """A user of the shared server, whose drafts, jobs, tables and files are those of one file of tests."""

    name: str
    token: str


@pytest.fixture(scope="module")
def account(library_server: RunningServer, request: pytest.FixtureRequest) -> LibraryAccount:
    """An account of its own for a file, so that no test meets what those of other files left or changed.

    An administrator would see the drafts of the others.
    """
    name = request.path.stem
    return LibraryAccount(name, new_account(library_server, name))


@pytest.fixture(scope="module")
def ours(library_server: RunningServer, account: LibraryAccount) -> Iterator[PzServer]:
    with PzServer(account.token, library_server.base_url) as server:
        yield server
