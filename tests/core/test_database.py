import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from core.database import Database
from tests.support.waiting import wait_for

WRITERS = 20


class _Turn:
    """A lock that counts who asked for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked = 0

    def acquire(self, timeout: float) -> bool:
        self.asked += 1
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


def test_many_threads_that_wait_to_write_keep_no_reader_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    turn = _Turn()
    monkeypatch.setattr(database, "_turn", turn)

    def write() -> None:
        with database.write() as session:
            session.execute(text("INSERT INTO t VALUES (1)"))

    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    with database.write():
        for each in writers:
            each.start()
        wait_for(lambda: turn.asked == 1 + WRITERS, "writers do not wait")
        assert pool.checkedout() == 1  # who waits has none, and tries nothing
        with database.read() as session:
            assert session.scalar(text("SELECT COUNT(*) FROM t")) == 0
    for each in writers:
        each.join(60)
    with database.read() as session:
        assert session.scalar(text("SELECT COUNT(*) FROM t")) == WRITERS
    database.close()


def test_a_writer_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.database._SQLITE_BUSY_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    with database.write(), pytest.raises(OperationalError, match="locked"), database.write():
        pass
    with database.write() as session:  # whoever gave up leaves the turn to others
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    database.close()


def test_a_writer_that_fails_gives_its_turn_to_the_next(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    with pytest.raises(OperationalError), database.write() as session:
        session.execute(text("INSERT INTO missing VALUES (1)"))
    with database.write() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    database.close()


@pytest.mark.parametrize(("own", "expected"), [("", 40_000), ("?tcp_user_timeout=7000", "7000")])
def test_a_postgresql_whose_machine_is_gone_is_given_up_within_a_minute(own: str, expected: object):
    """What libpq is told; that of the address goes before ours."""
    told: dict[str, object] = {}
    with closing(Database(f"postgresql+psycopg2://me@db.example.org/photoz{own}")) as database:

        @event.listens_for(database.engine, "do_connect")
        def note(_dialect: object, _record: object, _arguments: object, given: dict[str, object]) -> None:
            told.update(given)
            message = "no network here"
            raise OSError(message)

        with pytest.raises(OSError, match="no network here"), database.read() as session:
            session.execute(text("SELECT 1"))
    assert told["tcp_user_timeout"] == expected
    assert (told["keepalives_idle"], told["keepalives_interval"], told["keepalives_count"]) == (20, 5, 4)
    assert told["connect_timeout"] == 10


def test_a_postgresql_that_does_not_say_a_word_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg2://me@127.0.0.1:{silent.getsockname()[1]}/photoz?connect_timeout=2"
        with closing(Database(url)) as database, pytest.raises(OperationalError, match="timeout"), database.read() as s:
            s.execute(text("SELECT 1"))
