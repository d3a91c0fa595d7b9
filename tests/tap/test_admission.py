"""Admission of queries on a server with one query process: 503 when busy, and release after a disconnect."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
import requests

from tests.support.server import RunningServer, running_server

#: Works for minutes before it has a row: a product of five tables, of which the engine knows nothing beforehand.
LONG = "SELECT COUNT(*) AS n FROM {}".format(", ".join(f"tap_schema.columns AS t{i}" for i in range(6)))
LONG += " WHERE t0.column_index + t1.column_index + t2.column_index * t3.column_index - t4.column_index = 7"
SHORT = "SELECT COUNT(*) AS n FROM tap_schema.schemas"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    limits = {"PHOTOZ_QUERY_WORKERS": "1", "PHOTOZ_QUERY_WAITING": "0", "PHOTOZ_QUERY_SECONDS": "300"}
    with running_server(tmp_path_factory.mktemp("admission") / "data", env=limits) as running:
        yield running


def ask(server: RunningServer) -> requests.Response:
    parameters = {"LANG": "ADQL", "QUERY": SHORT, "FORMAT": "csv"}
    return requests.get(f"{server.base_url}/tap/sync", params=parameters, timeout=60)


def until(server: RunningServer, status: int) -> requests.Response:
    """Ask until the answer has a status."""
    began = time.monotonic()
    while (answer := ask(server)).status_code != status:
        assert time.monotonic() - began < 60, answer.text
        time.sleep(0.05)
    return answer


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("form", ["votable", "fits", "csv"])
def test_one_query_too_many_is_told_when_to_come_back_and_a_reader_who_leaves_makes_room(
    server: RunningServer, method: str, form: str
):
    assert until(server, 200).text.split() == ["n", "3"]
    with occupied(server, method, form) as busy:
        assert int(busy.headers["Retry-After"]) > 0
        assert busy.headers["Content-Type"].startswith("application/x-votable+xml")
        assert b'value="ERROR"' in busy.content
    began = time.monotonic()
    until(server, 200)
    assert time.monotonic() - began < 60  # the query would have gone on for 300 s


@contextmanager
def occupied(server: RunningServer, method: str, form: str) -> Iterator[requests.Response]:
    """Have a connection whose query keeps the only place, and give what another query is told; then hang up."""
    host, port = server.base_url.removeprefix("http://").split(":")
    asked = urlencode({"LANG": "ADQL", "QUERY": LONG, "FORMAT": form})
    where, body = (f"/tap/sync?{asked}", "") if method == "GET" else ("/tap/sync", asked)
    head = f"{method} {where} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    for _ in range(50):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}{kind}{body}".encode())
            answered = select.select([connection], [], [], 0.5)[0]
            # Another query may have had the place at that moment: then this one was told to come back.
            if not answered and (told := ask(server)).status_code == 503:
                yield told
                return
    pytest.fail("the query was never let in")


#: So many rows that no buffers on the way take them.
LARGE = (
    "SELECT a.* FROM tap_schema.columns AS a, tap_schema.columns AS b, tap_schema.columns AS c WHERE c.column_index < 2"
)


def test_a_reader_who_takes_nothing_does_not_keep_the_only_place(server: RunningServer):
    until(server, 200)
    host, port = server.base_url.removeprefix("http://").split(":")
    asked = urlencode({"LANG": "ADQL", "QUERY": LARGE, "FORMAT": "csv"})
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.sendall(f"GET /tap/sync?{asked} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        until(server, 200)
        assert [ask(server).status_code for _ in range(3)] == [200] * 3
