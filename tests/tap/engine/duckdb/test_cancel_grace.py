from tap.engine.duckdb.cancel_grace import CancelGrace


class Measured:
    """Processor time and clock that a test moves."""

    processor = 5.0
    clock = 100.0

    def grace(self, threads: int = 1) -> CancelGrace:
        return CancelGrace(lambda: self.processor, threads, lambda: self.clock)


def test_a_process_that_works_on_is_killed_soon():
    measured = Measured()
    grace = measured.grace()
    measured.processor += 1.1
    measured.clock += 1.1
    assert grace.is_over


def test_a_process_that_gets_no_processor_is_waited_for():
    measured = Measured()
    grace = measured.grace()
    measured.processor += 0.1
    measured.clock += 15
    assert not grace.is_over


def test_a_query_in_several_threads_uses_more_before_it_can_stop():
    measured = Measured()
    grace = measured.grace(threads=4)
    measured.processor += 3
    assert not grace.is_over
    measured.processor += 2
    assert grace.is_over


def test_a_process_that_never_answers_is_killed_at_last():
    measured = Measured()
    grace = measured.grace()
    measured.clock += 60
    assert grace.is_over
