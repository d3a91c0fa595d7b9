"""Requests that have arrived on a connection that a busy process is about to close: they are read first."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from time import monotonic

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from server.connections import BoundedProtocol, ConnectionBounds, Connections, bounded_protocol

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BOUNDS = ConnectionBounds(total=1)


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@dataclass(frozen=True, slots=True)
class Opened:
    """The two ends of a connection, in a loop that reads only while the test awaits something."""

    client: socket.socket
    server: BoundedProtocol
    connections: Connections

    async def answer(self) -> bytes:
        """Read a whole answer; empty when the server has closed the connection."""
        received = b""
        async with asyncio.timeout(60):
            while not received.endswith(b"hello"):
                part = await asyncio.get_running_loop().sock_recv(self.client, 65_536)
                if not part:
                    break
                received += part
        return received


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Opened]:
    connections = Connections(BOUNDS)
    config = uvicorn.Config(Starlette(routes=[Route("/", hello)]), lifespan="off", log_config=None, access_log=False)
    config.load()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        accepted.setblocking(False)
        client.setblocking(False)
        make = bounded_protocol(connections)
        transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: make(config=config, server_state=ServerState(), app_state={}), accepted
        )
        try:
            yield Opened(client, protocol, connections)
        finally:
            transport.abort()


async def begun(each: Opened) -> None:
    """Let the server read the first byte."""
    for _ in iter(lambda: each.server._is_silent, False):
        await asyncio.sleep(0)


def look(each: Opened) -> None:
    each.server.check(monotonic() + 1000)


def end_pause(each: Opened) -> None:
    each.server.timeout_keep_alive_handler()


def make_room(each: Opened) -> None:
    each.connections._drop_idle()


CLOSING = pytest.mark.parametrize("close", [look, end_pause, make_room])


@CLOSING
@pytest.mark.parametrize("requests", [0, 1])
def test_a_request_that_has_arrived_is_answered(close: Callable[[Opened], None], requests: int):
    async def run() -> None:
        async with opened() as each:
            for _ in range(requests):
                each.client.send(GET)
                assert b"hello" in await each.answer()
            each.client.send(GET)
            close(each)  # the loop has read nothing since
            assert b"hello" in await each.answer()

    asyncio.run(run())


def test_a_client_that_is_slow_to_begin_has_longer_than_one_that_is_slow_to_end():
    async def run() -> None:
        async with opened() as each:
            each.server.check(monotonic() + 2 * BOUNDS.head_seconds)
            each.client.send(GET[:10])
            await begun(each)
            each.server.check(monotonic() + BOUNDS.head_seconds / 2)
            each.client.send(GET[10:])
            assert b"hello" in await each.answer()
        async with opened() as each:
            each.client.send(GET[:10])
            await begun(each)
            each.server.check(monotonic() + 2 * BOUNDS.head_seconds)
            assert await each.answer() == b""

    asyncio.run(run())


@CLOSING
def test_a_connection_without_a_request_is_closed(close: Callable[[Opened], None]):
    async def run() -> None:
        async with opened() as each:
            close(each)
            assert await each.answer() == b""

    asyncio.run(run())
