import threading
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from core.database import Database
from tests.support.waiting import wait_for

WRITERS = 20


def test_many_threads_that_wait_to_write_keep_no_reader_waiting(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))

    def write() -> None:
        with database.write() as session:
            session.execute(text("INSERT INTO t VALUES (1)"))

    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    with database.write():
        for each in writers:
            each.start()
        wait_for(lambda: pool.checkedout() == 1 + WRITERS, "writers have no connections")
        with database.read() as session:
            assert session.scalar(text("SELECT COUNT(*) FROM t")) == 0
    for each in writers:
        each.join(60)
    with database.read() as session:
        assert session.scalar(text("SELECT COUNT(*) FROM t")) == WRITERS
    database.close()
