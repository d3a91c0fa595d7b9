"""Clients that are slow, half open, or too many: they are ended, and others are served meanwhile."""

import asyncio
import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from server.connections import MAX_HEAD_BYTES, ConnectionBounds, Connections, bounded_protocol
from server.middleware import RequestHeadMiddleware
from tests.support.waiting import wait_for

BOUNDS = ConnectionBounds(
    total=12, per_address=8, head_seconds=0.4, silent_seconds=0.4, body_seconds=0.4, body_rate=1000, stalled_seconds=0.4
)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Door:
    port: int
    connections: Connections
    opened: contextlib.ExitStack  # what a test leaves open when it fails is closed with the server

    def open(self, *, source: str = "127.0.0.1") -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(source, 0))
        opened.settimeout(20)
        return self.opened.enter_context(opened)

    def is_served(self, source: str = "127.0.0.9") -> bool:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))
        with contextlib.closing(asked):
            asked.request("GET", "/")
            return asked.getresponse().read() == b"hello"


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def endless(_request: Request) -> StreamingResponse:
    async def blocks() -> Iterator[bytes]:
        while True:
            yield b"x" * 100_000
            await asyncio.sleep(0)  # as a real one does, so that the disconnect is noticed

    return StreamingResponse(blocks())


@contextlib.contextmanager
def opened_door(bounds: ConnectionBounds) -> Iterator[Door]:
    connections = Connections(bounds)
    app = Starlette(
        routes=[Route("/", hello), Route("/echo", echo, methods=["POST"]), Route("/endless", endless)],
        middleware=[Middleware(RequestHeadMiddleware, longest=MAX_HEAD_BYTES)],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=bounded_protocol(connections),
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        with contextlib.ExitStack() as opened:
            yield Door(listener.getsockname()[1], connections, opened)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with opened_door(BOUNDS) as door:
        yield door


def answer_to(opened: socket.socket, sent: bytes = b"") -> bytes:
    """Send bytes, and give all that comes back until the server closes; it may have done so before."""
    received = b""
    with opened, contextlib.suppress(ConnectionError):
        opened.sendall(sent)
        while part := opened.recv(65_536):
            received += part
    return received


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: "])
def test_half_a_head_is_ended_by_its_deadline_and_others_are_served(door: Door, sent: bytes):
    half = [door.open() for _ in range(6)]
    for each in half:
        each.sendall(sent)
    assert door.is_served()
    assert {answer_to(each) for each in half} == {b""}


def test_a_head_that_trickles_in_is_ended_by_the_same_deadline(door: Door):
    with door.open() as slow, contextlib.suppress(ConnectionError):
        slow.settimeout(0.05)
        while True:
            slow.sendall(b"G" if slow.fileno() >= 0 else b"")
            with contextlib.suppress(TimeoutError):
                assert slow.recv(1000) == b""
                break


def test_a_second_request_of_a_connection_has_a_deadline_too(door: Door):
    with door.open() as opened:
        opened.sendall(GET)
        assert b"hello" in opened.recv(65_536)
        assert answer_to(opened, b"GET / HT") == b""


class Waiting:
    """A connection of which the bounds are checked, and the loop that it is in."""

    def __init__(self) -> None:
        self.checks = 0
        self.loop = self

    def check(self, _now: float) -> None:
        self.checks += 1

    def call_later(self, *_: object) -> None:
        pass


def test_after_a_time_in_which_the_process_was_busy_clients_are_judged_one_look_later():
    connections, waiting = Connections(BOUNDS), Waiting()
    assert connections.admit(waiting, "127.0.0.1")  # type: ignore[arg-type]
    connections._sweep(waiting)  # type: ignore[arg-type]
    assert waiting.checks == 1
    connections._due -= 100
    connections._sweep(waiting)  # type: ignore[arg-type]
    assert waiting.checks == 1
    connections._due -= 100  # a process that is always busy cuts slow clients all the same
    connections._sweep(waiting)  # type: ignore[arg-type]
    assert waiting.checks == 2


@pytest.mark.parametrize("sent", [POST, POST + b"x" * 50])
def test_a_body_that_does_not_arrive_is_ended(door: Door, sent: bytes):
    slow = door.open()
    slow.sendall(sent)
    assert door.is_served()
    assert status_of(answer_to(slow)) == 408


def test_a_body_that_arrives_fast_enough_is_read_whole(door: Door):
    with door.open() as opened:
        opened.sendall(POST)
        for _ in range(10):
            opened.sendall(b"x" * 10_000)
        assert opened.recv(65_536).endswith(b"100000")


def test_a_client_that_waits_for_100_continue_is_not_blamed(door: Door):
    with door.open() as opened:
        opened.sendall(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert opened.recv(65_536).startswith(b"HTTP/1.1 100 ")
        opened.sendall(b"x" * 100_000)
        assert opened.recv(65_536).endswith(b"100000")


def test_a_response_that_nobody_reads_ends(door: Door):
    lazy = door.open(source="127.0.0.3")
    lazy.sendall(GET.replace(b"GET /", b"GET /endless"))
    assert door.is_served()
    wait_for(lambda: "address 127.0.0.3" not in door.connections._addresses)
    lazy.close()


def test_too_many_connections_of_one_address_that_are_in_use_are_refused_and_of_another_served():
    with opened_door(ConnectionBounds(total=12, per_address=3)) as door:
        held = [door.open(source="127.0.0.4") for _ in range(3)]
        for each in held:
            each.sendall(GET.replace(b"GET /", b"GET /endless"))
            assert each.recv(10)
        refused = answer_to(door.open(source="127.0.0.4"))
        assert (status_of(refused), b"Retry-After:" in refused) == (503, True)
        assert door.is_served()
        for each in held:
            each.close()
        wait_for(lambda: "address 127.0.0.4" not in door.connections._addresses)
        assert door.is_served("127.0.0.4")


def test_a_flood_from_one_address_leaves_others_of_this_address_served():
    with opened_door(ConnectionBounds(total=12, per_address=3, head_seconds=60)) as door:
        held = [door.open(source="127.0.0.4") for _ in range(10)]
        for each in held:
            with contextlib.suppress(ConnectionError):
                each.sendall(b"GET / HT")
        for _ in range(3):
            assert door.is_served("127.0.0.4")
        assert answer_to(held[0]) == b""
        for each in held:
            each.close()


def test_a_flood_from_many_addresses_drops_the_longest_idle_and_others_are_served():
    with opened_door(ConnectionBounds(total=12, per_address=8, head_seconds=60)) as door:
        held = [door.open(source=f"127.0.1.{number}") for number in range(1, 31)]
        for number in range(5):
            assert door.is_served(f"127.0.2.{number + 1}")
        assert len(door.connections._open) <= 12
        assert answer_to(held[0]) == b""
        for each in held:
            each.close()


def test_a_proxy_is_not_limited_as_one_address():
    with opened_door(ConnectionBounds(total=12, per_address=2, proxies=("127.0.0.5/32",))) as door:
        held = [door.open(source="127.0.0.5") for _ in range(5)]
        assert door.is_served("127.0.0.5")
        for each in held:
            each.close()


HEADS = {
    "one long value": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 400_000,
    "many fields": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Field: some value\r\n" * 20_000,
    "a whole head that is too long": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    "a long target": b"GET /?" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_long_head_is_refused(door: Door, head: bytes):
    assert status_of(answer_to(door.open(), head)[:100] or b"HTTP/1.1 431 ") == 431
    assert door.is_served()


def test_the_lines_between_chunks_are_bounded(door: Door):
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for tail in (b"5;" + b"x" * 400_000, b"0\r\n" + b"X: y\r\n" * 70_000):
        answer = answer_to(door.open(), head + tail)
        assert not answer or status_of(answer) in {400, 431}


#: Requests that RFC 9112 tells to refuse (400), beside those that it tells to serve.
RFC_9112 = {
    "GET / HTTP/1.1\r\n": 400,
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n": 400,
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n": 400,
    "GET / HTTP/1.1\r\nHost: a b\r\n": 400,
    "GET / HTTP/1.1\r\nHost: user@a\r\n": 400,
    "GET / HTTP/1.1\r\nHost: a/b\r\n": 400,
    "GET / HTTP/1.1\r\nHost: a:80:80\r\n": 400,
    "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n": 400,
    "GET / HTTP/1.1\r\nHost : a\r\n": 400,
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n": 400,
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n": 400,
    "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n": 400,
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n": 501,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n": 400,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n": 200,
    "GET / HTTP/1.1\r\nHost: [::1]:8000\r\nConnection: close\r\n": 200,
    "GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n": 200,
    "GET / HTTP/1.0\r\n": 200,
    "GET / HTTP/1.0\r\nHost: a\r\n": 200,
}


@pytest.mark.parametrize(("head", "status"), RFC_9112.items())
def test_requests_are_refused_as_rfc_9112_says(door: Door, head: str, status: int):
    answer = answer_to(door.open(), head.encode() + b"\r\n")
    assert status_of(answer) == status
    assert b"\r\ntransfer-encoding:" not in answer.lower() or b"HTTP/1.1" in answer
