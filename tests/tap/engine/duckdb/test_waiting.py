"""Fair queue of queries by itself."""

from collections import Counter

import pytest

from core.errors import ServiceBusyError
from tap.engine.duckdb.waiting import FairQueue, Ticket


def serve(queue: FairQueue, tickets: list[Ticket]) -> list[str]:
    """Give every place to whose turn it is, and return the owners in that order."""
    order = []
    left = list(tickets)
    while left:
        (ticket,) = (ticket for ticket in left if queue.next() is ticket)
        queue.begin(ticket)
        queue.leave(ticket)
        left.remove(ticket)
        order.append(ticket.owner)
    return order


def join(queue: FairQueue, owners: str) -> list[Ticket]:
    return [queue.join(owner, must_wait=True) for owner in owners]


@pytest.mark.parametrize(
    ("arrivals", "order"),
    [
        ("aaa", "aaa"),
        ("abc", "abc"),
        ("aaaabb", "ababaa"),
        ("aaaab", "abaaa"),
        ("aaabbbc", "abcabab"),
    ],
)
def test_owners_take_turns_and_queries_of_one_keep_their_order(arrivals, order):
    queue = FairQueue(100, 100)
    assert "".join(serve(queue, join(queue, arrivals))) == order
    assert len(queue) == 0


def test_who_comes_later_goes_before_the_rest_of_a_long_queue_and_nobody_waits_for_ever():
    queue = FairQueue(1000, 1000)
    waiting = join(queue, "a" * 10)
    served: Counter[str] = Counter()
    for newcomer in range(100):  # somebody new each time
        waiting += [queue.join(f"new {newcomer}", must_wait=True)]
        (ticket,) = (ticket for ticket in waiting if queue.next() is ticket)
        queue.begin(ticket)
        queue.leave(ticket)
        waiting.remove(ticket)
        served["a" if ticket.owner == "a" else "new"] += 1
    assert served["a"] == 10
    assert len(queue._turns) <= 12  # owners of the past are forgotten


def test_limits_hold_for_all_and_for_each():
    queue = FairQueue(3, 2)
    first, _ = join(queue, "aa")
    with pytest.raises(ServiceBusyError, match="2 of your queries are waiting"):
        join(queue, "a")
    join(queue, "b")
    with pytest.raises(ServiceBusyError, match="3 queries are waiting"):
        join(queue, "c")
    queue.leave(first)
    join(queue, "a")


def test_a_query_that_need_not_wait_has_no_limit():
    queue = FairQueue(0, 0)
    ticket = queue.join("a", must_wait=False)
    assert queue.next() is ticket


def test_short_queries_go_before_long_ones_that_have_no_place():
    queue = FairQueue(10, 10)
    long = queue.join("a", must_wait=True, is_long=True)
    short = queue.join("a", must_wait=True)
    assert queue.next() is long
    assert queue.next(with_long=False) is short
    queue.leave(short)
    assert queue.next(with_long=False) is None
