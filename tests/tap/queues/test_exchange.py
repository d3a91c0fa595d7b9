"""Turns and limits of queries over several web processes, which tell each other through the database."""

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import select, update

from core.database import Database, utc_now
from core.errors import ServiceBusyError
from tap.engine import WaitingElsewhere
from tap.engine.duckdb.waiting import FairQueue, Ticket
from tap.queues.exchange import WaitingQueries
from tap.queues.schema import WaitingQueriesRow
from tests.support.waiting import wait_for

pytestmark = pytest.mark.either_database


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    assert WaitingQueriesRow.__tablename__ == "waiting_queries"
    database = Database(tables_url)
    yield database
    database.close()


def _join(queue: FairQueue, owner: str, count: int) -> list[Ticket]:
    return [queue.join(owner, must_wait=True) for _ in range(count)]


def _serve(queue: FairQueue, count: int) -> Counter[str]:
    served: Counter[str] = Counter()
    for _ in range(count):
        ticket = queue.next()
        assert ticket is not None
        queue.begin(ticket)
        queue.leave(ticket)
        served[ticket.owner] += 1
    return served


def test_each_process_learns_what_waits_in_the_others(database: Database) -> None:
    one, two, three = (WaitingQueries(database) for _ in range(3))
    assert one.exchange({"a": 3, "b": 1}) == {}
    assert two.exchange({"a": 2}) == {"a": WaitingElsewhere(1, 3), "b": WaitingElsewhere(1, 1)}
    assert three.exchange({}) == {"a": WaitingElsewhere(2, 5), "b": WaitingElsewhere(1, 1)}
    assert one.exchange({}) == {"a": WaitingElsewhere(1, 2)}
    assert three.exchange({}) == {"a": WaitingElsewhere(1, 2)}


def test_what_a_process_told_that_died_counts_no_more(database: Database) -> None:
    one, two = WaitingQueries(database), WaitingQueries(database)
    one.exchange({"a": 3})
    with database.write() as session:
        session.execute(update(WaitingQueriesRow).values(renewed_at=utc_now().replace(year=2020)))
    assert two.exchange({}) == {}


def test_an_owner_in_two_processes_has_one_share_of_both() -> None:
    """Of the places of both processes everybody has a third: whoever waits in both has a sixth in each, about."""
    everywhere: Mapping[str, WaitingElsewhere] = {"both": WaitingElsewhere(1, 100)}
    queues = [FairQueue(1000, 1000, lambda owner: everywhere.get(owner, WaitingElsewhere())) for _ in range(2)]
    served: Counter[str] = Counter()
    for queue, alone in zip(queues, ("one", "two"), strict=True):
        _join(queue, "both", 100)
        _join(queue, alone, 100)
        served += _serve(queue, 60)
    assert served["both"] == pytest.approx(40, abs=2)
    assert served["one"] == pytest.approx(served["two"], abs=1)


def test_the_limit_of_an_owner_holds_over_all_processes() -> None:
    queue = FairQueue(10, 4, lambda owner: WaitingElsewhere(1, 3) if owner == "a" else WaitingElsewhere())
    _join(queue, "a", 1)
    _join(queue, "b", 4)
    with pytest.raises(ServiceBusyError, match="4 of your queries are waiting"):
        queue.join("a", must_wait=True)
    queue.join("a", must_wait=False)


def test_the_exchange_begins_with_the_first_query_that_waits_and_ends_with_the_last(database: Database) -> None:
    waiting: dict[str, int] = {"a": 2}
    other = WaitingQueries(database)
    other.exchange({"a": 5})
    one = WaitingQueries(database, seconds=0.01)
    one.begin(lambda: waiting)
    wait_for(lambda: one.elsewhere("a") == WaitingElsewhere(1, 5))
    assert one.elsewhere("b") == WaitingElsewhere()
    assert other.exchange({}) == {"a": WaitingElsewhere(1, 2)}
    waiting.clear()
    wait_for(lambda: not _rows(database))
    waiting["b"] = 1
    one.begin(lambda: waiting)
    wait_for(lambda: _rows(database) == ["b"])
    one.close()
    assert _rows(database) == []


def _rows(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(WaitingQueriesRow.owner)))
