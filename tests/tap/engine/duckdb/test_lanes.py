"""Lanes of short and long queries in the pool of query processes."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from core.errors import ServiceBusyError
from tap.engine import DuckDBEngine
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

ENDLESS = "SELECT range AS n FROM range(1000000000000)"
ONE = "SELECT 1 AS n"


def one(engine, query) -> int:
    with engine.open(query(ONE)) as stream:
        return next(iter(stream))["n"][0].as_py()


@pytest.fixture
def long_query(query):
    return replace(query(ENDLESS), is_long=True)


def test_long_queries_leave_a_place_to_short_ones(tmp_path, query, long_query):
    with (
        DuckDBEngine(workers=2, waiting=4, temp_folder=tmp_path, long_seconds=math.inf) as engine,
        engine.open(long_query),
    ):
        waiting = engine.admit(long_query)
        assert not waiting.turn.done()
        assert [one(engine, query) for _ in range(5)] == [1] * 5
        assert not waiting.turn.done()
        waiting.withdraw()
        with pytest.raises(ServiceBusyError):
            waiting.start()


def test_a_long_query_has_its_turn_when_another_has_ended(tmp_path, long_query):
    with DuckDBEngine(workers=2, waiting=4, temp_folder=tmp_path, long_seconds=math.inf) as engine:
        with engine.open(long_query):
            waiting = engine.admit(long_query)
        waiting.turn.result(60)
        with waiting.start() as stream:
            assert next(iter(stream)).num_rows


def test_queries_that_outlive_what_was_expected_keep_nobody_waiting(tmp_path, query):
    with (
        DuckDBEngine(workers=2, waiting=8, temp_folder=tmp_path, long_seconds=0.2) as engine,
        ThreadPoolExecutor(4) as threads,
    ):
        with ExitStack() as heavy:
            for _ in range(2):  # as many as there are places
                heavy.enter_context(engine.open(query(ENDLESS)))
            assert list(threads.map(lambda _: one(engine, query), range(8))) == [1] * 8
            assert len(engine._places.all) == 3
            slowed = [process for process in engine._places.all if process.is_low]
            assert [os.getpriority(os.PRIO_PROCESS, process.pid) for process in slowed] == [10, 10]
        # Afterwards there are as many processes as usual, and one of them has its full priority.
        wait_for(lambda: len(engine._places.idle) == 2)
        assert len(engine._places.all) == 2
        assert any(not process.is_low for process in engine._places.all)
        assert one(engine, query) == 1


def test_even_a_single_place_is_not_blocked(tmp_path, query):
    with DuckDBEngine(workers=1, waiting=4, temp_folder=tmp_path, long_seconds=0.2) as engine:
        with engine.open(query(ENDLESS)):
            assert one(engine, query) == 1
        wait_for(lambda: len(engine._places.all) == 1)
        assert one(engine, query) == 1


def test_a_turn_that_is_given_back_goes_to_the_next(tmp_path, query):
    with DuckDBEngine(workers=1, waiting=4, temp_folder=tmp_path, long_seconds=math.inf) as engine:
        first, second = engine.admit(query(ONE)), engine.admit(query(ONE))
        assert first.turn.done()
        assert not second.turn.done()
        first.withdraw()
        assert second.turn.result(60) is None
        with second.start() as stream:
            assert next(iter(stream)).num_rows == 1
        second.withdraw()  # it was started: this does nothing
        assert one(engine, query) == 1


def test_who_waits_is_told_when_the_engine_is_closed(tmp_path, query):
    engine = DuckDBEngine(workers=1, waiting=4, temp_folder=tmp_path, long_seconds=math.inf)
    running, waiting = engine.open(query(ENDLESS)), engine.admit(query(ONE))
    engine.close()
    with pytest.raises(ServiceBusyError, match="shutting down"):
        waiting.turn.result(60)
    running.close()
