"""SIGTERM: requests that run are completed in the time they have, nothing new is accepted, and jobs go back."""

import http.client
import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

_CONTENT = os.urandom(30_000_000)
_FILES = "/vospace/files/home/admin"
_QUERY = b"LANG=ADQL&RESPONSEFORMAT=csv&QUERY=SELECT+table_name+FROM+TAP_SCHEMA.tables"


class _Client:
    """Requests of the first account, each on a connection of its own."""

    def __init__(self, server: RunningServer) -> None:
        assert server.account is not None
        self.headers = {"Authorization": f"Bearer {server.account.token}"}
        where = urlsplit(server.base_url)
        self.host, self.port = where.hostname or "", where.port or 80
        put = requests.put(f"{server.base_url}{_FILES}/large.bin", headers=self.headers, data=_CONTENT, timeout=120)
        assert put.ok

    @contextmanager
    def half_sent(self, method: str, path: str, body: bytes, media_type: str) -> Iterator[http.client.HTTPConnection]:
        """Send the head of a request and, when the server wants its body, half of that."""
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=120)) as line:
            line.putrequest(method, path)
            headers = {"Content-Type": media_type, "Content-Length": str(len(body)), "Expect": "100-continue"}
            for name, value in (self.headers | headers).items():
                line.putheader(name, value)
            line.endheaders()
            assert line.sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            line.send(body[: len(body) // 2])
            yield line

    @contextmanager
    def download(self) -> Iterator[tuple[http.client.HTTPResponse, bytes]]:
        """Read the beginning of a large file."""
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=120)) as line:
            line.request("GET", f"{_FILES}/large.bin", headers=self.headers)
            answer = line.getresponse()
            yield answer, answer.read(1_000_000)

    def is_accepted(self) -> bool:
        """Whether a new request is answered; a connection may be queued by the kernel until all sockets are closed."""
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=1)) as connection:
            try:
                connection.request("GET", "/availability")
                return connection.getresponse().status == 200
            except OSError:
                return False


def _check_ended(processes: list[psutil.Process]) -> None:
    psutil.wait_procs(processes, timeout=120)
    assert not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_requests_that_run_are_completed_after_sigterm(tmp_path: Path) -> None:
    env = {"PHOTOZ_STOP_SECONDS": "100", "PHOTOZ_WEB_PROCESSES": "2"}
    with running_server(tmp_path / "data", env=env) as server, ExitStack() as stack:
        client = _Client(server)
        processes = [server.process, *server.process.children(recursive=True)]
        answer, received = stack.enter_context(client.download())
        sending = stack.enter_context(
            client.half_sent("PUT", f"{_FILES}/new.bin", _CONTENT[:2_000_000], "application/octet-stream")
        )
        asking = stack.enter_context(client.half_sent("POST", "/tap/sync", _QUERY, "application/x-www-form-urlencoded"))
        with closing(socket.create_connection((client.host, client.port), timeout=60)) as idle:
            idle.sendall(b"GET /availability HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
            server.process.send_signal(signal.SIGTERM)
            with suppress(ConnectionError):
                while idle.recv(65536):  # until the server closes a connection that waits for nothing
                    pass
        wait_for(lambda: not client.is_accepted(), "something new is accepted")
        asking.send(_QUERY[len(_QUERY) // 2 :])
        rows = asking.getresponse()
        assert (rows.status, b"tap_schema.columns" in rows.read()) == (200, True)
        sending.send(_CONTENT[1_000_000:2_000_000])
        assert sending.getresponse().status == 201
        assert received + answer.read() == _CONTENT
        _check_ended(processes)


def test_what_does_not_end_in_its_time_is_cut_and_jobs_go_back_into_the_queue(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", env={"PHOTOZ_STOP_SECONDS": "1"}) as server:
        client = _Client(server)
        processes = [server.process, *server.process.children(recursive=True)]
        with client.download() as (answer, _):
            for _ in range(3):
                job = requests.post(
                    f"{server.base_url}/tap/async?PHASE=RUN", headers=client.headers, timeout=60,
                    params=dict(pair.split("=") for pair in _QUERY.decode().replace("+", " ").split("&")),
                    allow_redirects=False,
                )  # fmt: skip
                assert job.status_code == 303
            server.process.send_signal(signal.SIGTERM)
            _check_ended(processes)  # although this client reads nothing
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()
    with closing(sqlite3.connect(tmp_path / "data" / "photoz.sqlite")) as database:
        phases = [phase for (phase,) in database.execute("SELECT phase FROM jobs WHERE kind = 'tap'")]
    assert len(phases) == 3
    assert set(phases) <= {"QUEUED", "COMPLETED"}
