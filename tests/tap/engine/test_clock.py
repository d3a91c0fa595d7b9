import signal

import duckdb
import pytest

from tap.engine.execution import GRACE_SECONDS, READER_SECONDS, Clock


def remaining() -> float:
    return signal.getitimer(signal.ITIMER_REAL)[0]


def test_the_kernel_ends_the_process_a_grace_after_the_time():
    clock = Clock()
    with clock.running(100):
        assert 100 < remaining() <= 100 + GRACE_SECONDS
    assert remaining() == 0


def test_time_in_which_nobody_reads_does_not_count():
    clock = Clock()
    with clock.running(1000):
        with clock.standing_still():
            assert 0 < remaining() <= READER_SECONDS
        assert 999 < remaining() <= 1000 + GRACE_SECONDS


def test_at_its_time_the_engine_is_asked_to_stop():
    clock = Clock()
    with duckdb.connect(":memory:") as connection, clock.running(0.05), clock.watching(connection):
        with pytest.raises(duckdb.InterruptException):
            connection.execute("SELECT COUNT(*) FROM range(1000000000000)").fetchall()
        assert clock.expired
    assert remaining() == 0
