"""Whatever the parameters of a job list say, they are read or refused with the name of what was wrong."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.dali import DaliParameters
from tests.support.fuzzing import cases, refusal_of
from uws.handlers.parameters import (
    parse_after,
    parse_duration,
    parse_last,
    parse_phase,
    parse_phases,
    parse_run,
    parse_time,
    parse_wait,
)

_NAMES = ("PHASE", "AFTER", "LAST", "WAIT", "phase", "Wait")
_VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ("RUN", "ABORT", "PENDING", "-1", "0", "1e9", "9" * 500, "2040-13-01", "2040-01-01T00:00:00Z", "∞")
    ),
    st.datetimes().map(str),
    st.integers().map(str),
)
_LISTS = (parse_phases, parse_phase, parse_run, parse_after, parse_last, parse_wait)


@pytest.mark.parametrize("parse", _LISTS, ids=lambda parse: parse.__name__)
def test_parameters_of_lists_are_read_or_refused(parse: Callable[[DaliParameters], object]):
    @given(st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=4))
    @cases(60)
    def check(items: list[tuple[str, str]]) -> None:
        refused = refusal_of(lambda: parse(DaliParameters(items)))
        assert refused is None or (refused.status == 400 and refused.field)

    check()


@given(_VALUES)
@cases(200)
def test_times_and_durations_are_read_or_refused(value: str):
    for parse in (parse_duration, lambda text: parse_time("DESTRUCTION", text)):
        refused = refusal_of(partial(parse, value))
        assert refused is None or refused.status == 400
