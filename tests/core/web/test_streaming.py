"""Streamed answers: sent whole, cut off, and stopped when the reader goes away."""

import threading
from collections.abc import Iterator
from functools import partial

import anyio
import pytest
from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from core.cancellation import Cancellation
from core.errors import ServiceBusyError
from core.web.streaming import StreamedAnswer, run_until_disconnect

SCOPE = {"type": "http", "method": "GET"}


class Reader:
    """The other end of the connection; it goes away after so many messages."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.messages: list[dict] = []
        self._leaves_after = leaves_after
        self._gone = anyio.Event()

    async def receive(self) -> dict:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict) -> None:
        self.messages.append(message)
        if len(self.messages) == self._leaves_after:
            self._gone.set()


def _run(chunks: Iterator[bytes], closed: threading.Event, leaves_after: int | None = None, **scope: str) -> list[dict]:
    async def main() -> list[dict]:
        reader = Reader(leaves_after)
        answer = StreamedAnswer(chunks, media_type="text/csv", close=closed.set)
        with anyio.fail_after(60):
            await answer({**SCOPE, **scope}, reader.receive, reader.send)
        return reader.messages

    return anyio.run(main)


def test_an_answer_is_sent_whole_and_its_maker_closed():
    closed = threading.Event()
    messages = _run(iter([b"a,b\n", b"1,2\n"]), closed)
    assert b"".join(message.get("body", b"") for message in messages) == b"a,b\n1,2\n"
    assert messages[-1]["more_body"] is False
    assert closed.is_set()


def test_head_draws_no_chunk():
    def never() -> Iterator[bytes]:
        pytest.fail("a chunk was drawn")
        yield b""

    messages = _run(never(), threading.Event(), method="HEAD")
    assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]


def test_a_maker_that_works_on_is_stopped_when_the_reader_leaves():
    closed = threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"first"
        assert closed.wait(50), "nobody stopped the maker"
        raise ServiceBusyError("stopped")

    _run(slow(), closed, leaves_after=2)
    assert closed.is_set()


def test_an_error_on_the_way_leaves_the_answer_unfinished():
    closed = threading.Event()

    def failing() -> Iterator[bytes]:
        yield b"first"
        raise ServiceBusyError("no more")

    messages = _run(failing(), closed)
    assert all(message.get("more_body", True) for message in messages)
    assert closed.is_set()


def _made(make, *, leaves: bool = False):
    async def main():
        reader = Reader()
        if leaves:
            reader._gone.set()
        with anyio.fail_after(60):
            return await run_until_disconnect(Request(dict(SCOPE), reader.receive), partial(run_in_threadpool, make))

    return anyio.run(main)


def test_what_is_made_arrives_and_so_does_what_fails():
    assert _made(lambda cancellation: cancellation.is_cancelled) is False

    def fail(_: Cancellation) -> None:
        raise ServiceBusyError("too many")

    with pytest.raises(ServiceBusyError, match="too many"):
        _made(fail)


def test_who_makes_an_answer_is_told_when_its_reader_goes():
    stopped = threading.Event()

    def make(cancellation: Cancellation) -> bool:
        cancellation.on_cancel(stopped.set)
        return stopped.wait(50)

    assert _made(make, leaves=True)


def test_what_begins_after_the_reader_went_is_stopped_at_once():
    cancellation, stopped = Cancellation(), threading.Event()
    cancellation.cancel()
    cancellation.on_cancel(stopped.set)
    assert cancellation.is_cancelled
    assert stopped.is_set()


class StalledReader(Reader):
    """A reader that takes so many messages and then none, without going away."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self._takes = takes

    async def send(self, message: dict) -> None:
        if len(self.messages) == self._takes:
            await anyio.sleep_forever()
        await super().send(message)


def _run_stalled(takes: int, **limits: float) -> tuple[list[dict], bool]:
    closed = threading.Event()

    async def main() -> list[dict]:
        reader = StalledReader(takes)
        chunks = iter([b"x" * 3_000_000] * 2)
        answer = StreamedAnswer(chunks, media_type="text/csv", close=closed.set, **limits)
        with anyio.fail_after(60):
            await answer(SCOPE, reader.receive, reader.send)
        return reader.messages

    return anyio.run(main), closed.is_set()


@pytest.mark.parametrize("limits", [{"piece_seconds": 0.05}, {"seconds": 0.05}])
def test_a_reader_that_takes_nothing_any_longer_is_disconnected(limits: dict[str, float]):
    messages, closed = _run_stalled(3, **limits)
    assert closed
    assert len(messages) == 3
    assert all(message["more_body"] for message in messages[1:])


def test_large_chunks_are_sent_in_pieces():
    messages, closed = _run_stalled(1000)
    pieces = [message["body"] for message in messages[1:]]
    assert sum(map(len, pieces)) == 6_000_000
    assert max(map(len, pieces)) == 1 << 20
    assert messages[-1]["more_body"] is False
    assert closed
