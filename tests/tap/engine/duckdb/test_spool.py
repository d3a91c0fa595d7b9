"""Spool of rows by itself: order, memory, disk, budgets, and readers that are slow or leave."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import ServiceBusyError
from tap.engine import QueryCrashedError, QueryFailedError, SlowReaderError, SpoolLimits
from tap.engine.duckdb import spool_files
from tap.engine.duckdb.spool import Spool
from tap.engine.duckdb.spool_budget import SpoolBudget
from tests.support.resources import Resources
from tests.support.waiting import wait_for

MEMORY, DISK = 100, 1000


def contents(count: int, size: int = 30) -> list[bytearray]:
    return [bytearray([number % 256]) * size for number in range(count)]


def limits(**changed: float) -> SpoolLimits:
    values = {"memory_bytes": MEMORY, "memory_total_bytes": 10 * MEMORY, "disk_bytes": DISK, "disk_total_bytes": DISK}
    return SpoolLimits(**(values | changed))  # type: ignore[arg-type]  # integers where they belong


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    spools: list[Spool] = []

    def new(budget: SpoolBudget) -> Spool:
        spools.append(Spool(tmp_path, budget))
        return spools[-1]

    yield new
    for spool in spools:
        spool.drop()


def rest(spool: Spool) -> list[bytearray]:
    return list(iter(spool.get, None))


def test_contents_come_back_in_order_from_memory_and_disk(make, monkeypatch):
    monkeypatch.setattr(spool_files, "_FILE_BYTES", 100)
    budget = SpoolBudget(limits())
    spool = make(budget)
    rows = contents(40)
    got: list[bytearray | None] = []
    for number, content in enumerate(rows):
        assert spool.put(content)
        if number % 3 == 0:
            got.append(spool.get())
    assert budget.used[1] <= MEMORY
    assert 0 < budget.used[2] <= DISK
    spool.finish()
    assert got + rest(spool) == rows
    assert budget.used == (1, 0, 0)  # each file is removed when it is read
    assert spool.get() is None


def _nameless(resources: Resources) -> set[str]:
    """Give the open files without a name; what threads of other tests open meanwhile has one."""
    return {number for number, target in resources.descriptors if target.endswith("(deleted)")}


def test_files_have_no_names_and_nothing_is_left_of_a_spool_that_is_dropped(make, tmp_path):
    before = Resources.now()
    budget = SpoolBudget(limits())
    spool = make(budget)
    assert all(spool.put(content) for content in contents(20))
    assert budget.used[2] > 0
    assert list(tmp_path.iterdir()) == []
    assert _nameless(Resources.now().beyond(before))
    spool.drop()
    spool.drop()
    assert budget.used == (0, 0, 0)
    assert not _nameless(Resources.now().beyond(before))
    assert not spool.put(bytearray(1))
    with pytest.raises(QueryCrashedError, match="disconnected"):  # never the end
        spool.get()


def test_an_error_comes_after_the_rows_before_it(make):
    spool = make(SpoolBudget(limits()))
    rows = contents(10)
    assert all(spool.put(content) for content in rows)
    spool.finish(QueryFailedError("at the end"))
    assert [spool.get() for _ in rows] == rows
    for _ in range(2):
        with pytest.raises(QueryFailedError, match="at the end"):
            spool.get()


@pytest.mark.parametrize("full", ["one query", "all queries", "free space", "no folder"])
def test_a_query_beyond_its_budget_waits_for_its_reader(make, full, tmp_path):
    changed: dict[str, float] = {
        "one query": {"disk_bytes": 0},
        "all queries": {"disk_total_bytes": 0},
        "free space": {"min_free": 1 << 62},
        "no folder": {},
    }[full]
    budget = SpoolBudget(limits(**changed))
    spool = make(budget)
    if full == "no folder":
        tmp_path.rmdir()
    rows = contents(50)
    written: list[bytearray] = []

    def write() -> None:
        for content in rows:
            assert spool.put(content)
            written.append(content)
        spool.finish()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(write)
        wait_for(lambda: len(written) == 3)
        assert not done.done()
        wait_for(lambda: budget.used == (1, 90, 0))
        assert rest(spool) == rows
        done.result(60)


def test_each_query_has_one_batch_whatever_the_others_have(make):
    budget = SpoolBudget(limits(memory_total_bytes=MEMORY, disk_total_bytes=0))
    greedy, other = make(budget), make(budget)
    assert all(greedy.put(content) for content in contents(3))
    for content in contents(5, size=3 * MEMORY):
        assert other.put(content)
        assert other.get() == content


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"speed": 1e9, "speed_seconds": 0.01}, "at less than 1e+06 kB/s"),
        ({"speed": 0, "waiting_seconds": 0.01}, "waited 0.01 s"),
    ],
)
def test_a_reader_that_is_too_slow_ends_the_query_that_waits_for_it(make, changed, sentence):
    spool = make(SpoolBudget(limits(disk_bytes=0, **changed)))
    rows = contents(3)
    assert all(spool.put(content) for content in rows)
    with pytest.raises(SlowReaderError, match=sentence.replace("+", r"\+")) as caught:
        spool.put(bytearray(30))
    spool.finish(caught.value)
    assert [spool.get() for _ in rows] == rows
    with pytest.raises(SlowReaderError):
        spool.get()


def test_a_reader_that_is_fast_enough_is_waited_for(make):
    now = [0.0]
    budget = SpoolBudget(limits(disk_bytes=0, speed=1.0, speed_seconds=60.0))
    spool = make(budget)
    spool._clock = lambda: now[0]
    rows = contents(20)
    written: list[bytearray] = []

    def write() -> None:
        for content in rows:
            assert spool.put(content)
            written.append(content)

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(write)
        for number in range(17):  # 30 bytes in 29 s
            wait_for(lambda so_far=number: len(written) == so_far + 3)
            now[0] += 29
            assert spool.get() == rows[number]
        done.result(60)


@pytest.mark.parametrize("side", ["reader", "writer"])
def test_dropping_ends_the_wait_of_the_other_side(make, side):
    spool = make(SpoolBudget(limits(disk_bytes=0)))
    ended = threading.Event()

    def wait() -> None:
        if side == "writer":
            while spool.put(bytearray(30)):
                pass
        else:
            with pytest.raises(QueryCrashedError):
                spool.get()
        ended.set()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(wait)
        if side == "writer":
            wait_for(lambda: spool._memory == 90)
        spool.drop()
        done.result(60)
    assert ended.is_set()


def test_more_results_than_may_be_open_are_refused(make):
    budget = SpoolBudget(limits(answers=2))
    first, _ = make(budget), make(budget)
    with pytest.raises(ServiceBusyError, match="2 results"):
        make(budget)
    first.drop()
    make(budget)
    assert budget.used == (2, 0, 0)


def test_one_owner_has_a_part_of_the_results_that_may_be_open(tmp_path):
    budget = SpoolBudget(limits(answers=3, answers_of_owner=2))
    spools = [Spool(tmp_path, budget, "a") for _ in range(2)]
    with pytest.raises(ServiceBusyError, match="2 results are being sent to you"):
        Spool(tmp_path, budget, "a")
    spools.append(Spool(tmp_path, budget, "b"))
    for spool in spools:
        spool.drop()
    assert budget.used == (0, 0, 0)
