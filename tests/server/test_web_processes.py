"""Several web processes on one port: each answers, a change is seen by all, and one that dies is replaced."""

import http.client
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from core.settings import Settings
from server.web_process import shared_settings
from tests.server.api import Api
from tests.support.processes import command_of
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

TABLE = "objid,RAJ2000,DEJ2000,zspec\n1,10.5,-5.25,0.31\n2,10.6,-5.5,0.42\n"
MEANINGS = {"objid": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}


@dataclass(slots=True)
class Line:
    """A connection: the process that accepted it, and the status of its answer."""

    pid: int
    status: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("web") / "data", arguments=("--workers", "2")) as running:
        yield running


def further(server: RunningServer) -> psutil.Process | None:
    """Give the second web process."""
    found = [child for child in server.process.children() if "server.web_process" in command_of(child)]
    return found[0] if found else None


@contextmanager
def line(server: RunningServer, path: str = "/availability") -> Iterator[Line]:
    """Open a connection and send a request of nobody; find out who has accepted it."""
    where = urlsplit(server.base_url)
    with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=60)) as connection:
        connection.connect()
        mine = connection.sock.getsockname()[1]
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        processes = [process for process in (server.process, further(server)) if process is not None]
        accepted = [
            process.pid
            for process in processes
            if any(each.raddr and each.raddr.port == mine for each in process.net_connections("tcp"))
        ]
        yield Line(*accepted, answer.status)


@contextmanager
def lines(server: RunningServer, path: str = "/availability") -> Iterator[dict[int, Line]]:
    """Open connections until each of two processes has accepted one."""
    found: dict[int, Line] = {}
    with ExitStack() as opened:

        def both() -> bool:
            made = opened.enter_context(line(server, path))
            found.setdefault(made.pid, made)
            return len(found) == 2

        wait_for(both, "both processes accept connections", seconds=120)
        yield found


def test_each_process_answers_and_sees_what_is_changed_by_the_other(server: RunningServer, tmp_path: Path):
    assert server.account is not None
    api = Api(server.base_url, server.account.token)
    (tmp_path / "table.csv").write_text(TABLE)
    product = api.publish("Spectra", "redshift_catalog", tmp_path / "table.csv", MEANINGS)  # jobs run, too
    query = f"/tap/sync?LANG=ADQL&FORMAT=csv&QUERY=SELECT+zspec+FROM+{product['tap_table']}"
    for visibility, status in (("public", 200), ("private", 401), ("public", 200)):
        api.json("PATCH", f"products/{product['id']}/", json={"visibility": visibility})
        with lines(server, query) as found:
            assert {each.status for each in found.values()} == {status}


def test_a_process_that_dies_is_started_again_while_the_other_answers(server: RunningServer):
    wait_for(lambda: further(server), "the second process runs")
    first = further(server)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    with line(server) as answered:
        assert answered.pid != first.pid
    wait_for(lambda: (now := further(server)) is not None and now.pid != first.pid, "another process is started")
    with lines(server) as found:
        assert server.process.pid in found


def test_processes_share_what_may_run_at_once():
    whole = Settings(web_processes=4, job_workers=2, query_workers=8, connections=1000)
    each = shared_settings(whole)
    assert (each.job_workers, each.query_workers, each.connections) == (1, 2, 250)
    assert shared_settings(Settings(web_processes=1)) == Settings(web_processes=1)
