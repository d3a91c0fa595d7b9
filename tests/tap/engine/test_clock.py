import signal
import time
from collections.abc import Iterator

import duckdb
import pytest

from tap.engine.duckdb.execution import GRACE_SECONDS, Clock


@pytest.fixture(autouse=True)
def _deaf() -> Iterator[None]:
    """Let the kernel not end this process, should the engine take longer than its grace on a busy machine."""
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGALRM, before)


def remaining() -> float:
    return signal.getitimer(signal.ITIMER_REAL)[0]


def test_the_kernel_ends_the_process_a_grace_after_the_time():
    clock = Clock()
    with clock.running(100):
        assert 100 < remaining() <= 100 + GRACE_SECONDS
    assert remaining() == 0


def test_time_in_which_nobody_reads_does_not_count():
    clock = Clock()
    with clock.running(10_000):
        with clock.paused():
            assert remaining() == 0
        assert 9_900 < remaining() <= 10_000 + GRACE_SECONDS


def test_at_its_time_the_engine_is_asked_to_stop():
    clock = Clock()
    with duckdb.connect(":memory:") as connection, clock.running(0.05), clock.interrupting(connection):
        with pytest.raises(duckdb.InterruptException):
            connection.execute("SELECT COUNT(*) FROM range(1000000000000)").fetchall()
        assert clock.expired
    assert remaining() == 0


def long_work(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SELECT COUNT(*) FROM range(1000000000000)").fetchall()


@pytest.mark.parametrize("statements", [0, 1])
def test_a_cancellation_between_two_statements_of_a_query_is_not_forgotten(statements):
    clock = Clock()
    clock.accept()
    with duckdb.connect(":memory:") as connection, clock.running(600), clock.interrupting(connection):
        for _ in range(statements):
            connection.execute("SELECT 1").fetchall()
        clock.cancel()
        with pytest.raises(duckdb.InterruptException):
            long_work(connection)


def test_a_query_that_is_cancelled_before_it_begins_does_not_begin():
    clock = Clock()
    clock.accept()
    clock.cancel()
    with pytest.raises(duckdb.InterruptException), clock.running(600):
        pytest.fail("it began")


def test_a_query_that_is_cancelled_while_its_tables_are_opened_does_not_begin():
    clock = Clock()
    clock.accept()
    with duckdb.connect(":memory:") as connection, clock.running(600):
        clock.cancel()
        with pytest.raises(duckdb.InterruptException), clock.interrupting(connection):
            pytest.fail("it began")


def test_the_next_query_is_not_stopped_by_what_stopped_the_last_one():
    clock = Clock()
    clock.accept()
    clock.cancel()
    clock.accept()
    with duckdb.connect(":memory:") as connection, clock.running(600), clock.interrupting(connection):
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_short_time_counts_after_a_long_one():
    clock = Clock()
    for seconds in (600, 0.05):
        clock.accept()
        with clock.running(seconds):
            pass
    clock.accept()
    with duckdb.connect(":memory:") as connection, clock.running(0.05), clock.interrupting(connection):
        with pytest.raises(duckdb.InterruptException):
            long_work(connection)
        assert clock.expired


def test_a_pause_after_the_time_of_its_start_does_not_end_the_query():
    clock = Clock()
    clock.accept()
    with clock.running(0.2):
        with clock.paused():
            time.sleep(0.3)  # longer than the time of the query
        assert not clock.stopped
