"""SIGTERM: transfers that run are completed, nothing new is accepted, and all processes end with status 0."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

_SIZE = 30_000_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    env = {"PHOTOZ_STOP_SECONDS": "100", "PHOTOZ_WEB_PROCESSES": "2"}
    with running_server(tmp_path / "data", env=env) as running:
        yield running


def test_a_transfer_that_runs_is_completed_after_sigterm(server: RunningServer) -> None:
    assert server.account is not None
    headers = {"Authorization": f"Bearer {server.account.token}"}
    content = os.urandom(_SIZE)
    address = f"{server.base_url}/vospace/files/home/admin/large.bin"
    assert requests.put(address, headers=headers, data=content, timeout=120).ok
    where = urlsplit(server.base_url)
    assert where.hostname is not None
    processes = [server.process, *server.process.children(recursive=True)]
    with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=120)) as running:
        running.request("GET", urlsplit(address).path, headers=headers)
        answer = running.getresponse()
        received = answer.read(1_000_000)
        with closing(socket.create_connection((where.hostname, where.port or 80), timeout=60)) as idle:
            idle.sendall(b"GET /availability HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
            server.process.send_signal(signal.SIGTERM)
            with suppress(ConnectionError):
                while idle.recv(65536):  # until the server closes a connection that waits for nothing
                    pass
        wait_for(lambda: not _is_accepted(where.hostname, where.port), "nothing new is accepted")
        assert received + answer.read() == content
        assert answer.headers["Content-Length"] == str(_SIZE)
    psutil.wait_procs(processes, timeout=120)
    assert not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def _is_accepted(host: str | None, port: int | None) -> bool:
    """Whether a new request is answered; a connection may be queued by the kernel until all sockets are closed."""
    with closing(http.client.HTTPConnection(host or "", port, timeout=1)) as connection:
        try:
            connection.request("GET", "/availability")
            return connection.getresponse().status == 200
        except OSError:
            return False
