"""Starts on a database that is empty for two at once, that is not there yet, or that no server has migrated."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.database import Database
from server.data_folder import StartError
from server.migrations.upgrade import is_current
from server.operations.database_wait import wait_for_database, wait_for_schema
from tests.support.commands import run_photoz
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow


def test_two_that_migrate_an_empty_database_at_once_wait_for_each_other(tmp_path: Path, database_url: str) -> None:
    start = threading.Barrier(2)

    def init(name: str) -> tuple[int, str]:
        start.wait()
        done = run_photoz("init", data=tmp_path / name, env={"PHOTOZ_DATABASE_URL": database_url})
        return done.returncode, done.stderr

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(init, ("one", "two"))) == [(0, ""), (0, "")]
    database = Database(database_url)
    assert is_current(database.engine)
    database.close()


def test_a_database_that_comes_later_is_waited_for(postgres: PostgresServer) -> None:
    with postgres.new_database() as url, ThreadPoolExecutor(1) as waiter:
        database, said = Database(url), list[str]()
        postgres.stop()
        try:
            with pytest.raises(StartError, match="PHOTOZ_DATABASE_URL"):
                wait_for_database(database, 0, said.append)
            waiting = waiter.submit(wait_for_database, database, 600, said.append)
            wait_for(lambda: said, "it says that it waits")
        finally:
            postgres.start()  # in this thread, with which it would end
        waiting.result()
        assert all("waiting for it" in line for line in said)
        with pytest.raises(StartError, match="photoz migrate"):
            wait_for_schema(database, 0, said.append)
        database.close()


def test_what_no_waiting_mends_is_told_at_once(postgres: PostgresServer) -> None:
    database = Database(postgres.url("none_of_this_name"))
    with pytest.raises(StartError, match='database "none_of_this_name" does not exist'):
        wait_for_database(database, 3600, print)
    database.close()


@pytest.mark.parametrize("command", ["serve", "worker", "init", "migrate"])
def test_what_starts_with_the_machine_waits_and_says_that_the_database_cannot_be_reached(
    tmp_path: Path, command: str
) -> None:
    data = tmp_path / "data"
    assert run_photoz("init", data=data).returncode == 0
    env = {
        "PHOTOZ_DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:1/none?connect_timeout=2",
        "PHOTOZ_DATABASE_WAIT_SECONDS": "1",
        "PHOTOZ_PORT": str(free_port()),
    }
    done = run_photoz(command, data=data, env=env)
    assert done.returncode == 1
    assert "waiting for it" in done.stdout + done.stderr
    assert "The database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
