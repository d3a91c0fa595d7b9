"""Work on several items at once: in order, few ahead, and none after an error."""

import threading
from collections.abc import Iterator

import pytest

from core.files.parallel import in_threads


def test_results_come_in_order_and_items_are_taken_as_they_do() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_threads(lambda number: number * number, items(), 4, "test")
    assert [next(results), len(taken) <= 5] == [0, True]
    assert list(results) == [number * number for number in range(1, 100)]


def test_so_many_are_worked_on_at_once() -> None:
    together = threading.Barrier(4)  # passed by four threads alone
    assert len(list(in_threads(lambda _number: together.wait(30), range(8), 4, "test"))) == 8


def test_an_error_is_raised_and_nothing_more_is_begun() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        return 1 // (number - 2)

    with pytest.raises(ZeroDivisionError):
        list(in_threads(work, range(1000), 2, "test"))
    assert len(begun) < 10
