"""A server for the tests of the library, which those of one process share."""

from collections.abc import Iterator

import pytest
from pzserver import PzServer

from tests.support.server import RunningServer, photoz_command, running_server


@pytest.fixture(scope="session")
def library_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    if photoz_command() is None:
        pytest.skip("the command photoz is not installed beside this Python: pip install -e .")
    with running_server(tmp_path_factory.mktemp("library") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def ours(library_server: RunningServer) -> Iterator[PzServer]:
    assert library_server.account is not None
    with PzServer(library_server.account.token, library_server.base_url) as server:
        yield server
