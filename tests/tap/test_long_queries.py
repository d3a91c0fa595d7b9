"""Long queries are translated one at a time, and a few of them wait."""

import threading
from contextlib import ExitStack

import pytest

from core.errors import ServiceBusyError
from tap.long_queries import LongQueries
from tests.support.waiting import wait_for

LONG = "x" * 20_000


def test_a_long_query_waits_for_another_and_short_ones_do_not():
    gate, running, ended = LongQueries(), threading.Event(), []

    def wait() -> None:
        with gate.translating(LONG):
            ended.append(running.is_set())

    threads = [threading.Thread(target=wait) for _ in range(4)]
    with gate.translating(LONG):
        for thread in threads:
            thread.start()
        wait_for(lambda: gate.is_full)
        with pytest.raises(ServiceBusyError, match="4 long queries are waiting"), gate.translating(LONG):
            pass
        with ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(gate.translating("SELECT 1"))
        assert ended == []
        running.set()
    for thread in threads:
        thread.join()
    assert ended == [True] * 4


def test_places_are_free_after_errors():
    gate = LongQueries()
    for _ in range(20):
        with pytest.raises(ZeroDivisionError), gate.translating(LONG):
            _ = 1 / 0
    with gate.translating(LONG):
        pass
