"""A disk that is full, or can only be read: a clear answer, nothing stored, and reading goes on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from core.auth.schema import SignInAttemptRow
from core.database import Database, storage_error, utc_now
from core.errors import ServiceBusyError, StorageFullError
from tests.server.application import Application, running_application
from tests.support.postgres import PostgresServer
from tests.vospace.client import node_xml


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("full") / "data") as running:
        running.services.accounts.service.add_user("ada", None)
        yield running


@contextmanager
def _pragma(app: Application, statement: str) -> Iterator[None]:
    """Have all connections to the database begin with a statement."""
    engine = app.services.database.engine

    def begin(connection: Any, _record: object, _proxy: object) -> None:
        connection.execute(statement)

    event.listen(engine, "checkout", begin)
    try:
        yield
    finally:
        event.remove(engine, "checkout", begin)
        engine.dispose()


def _fill(database: Database) -> None:
    """Add the smallest failures until the last page of their table has no room for another one."""
    with pytest.raises(OperationalError, match="full"):
        for _ in range(10_000):
            with database.write() as session:
                session.add(SignInAttemptRow(account="", address="", at=utc_now(), succeeded=False))


@pytest.mark.parametrize(
    ("statement", "status", "words"),
    [("PRAGMA max_page_count=1", 507, "The disk of the server is full"), ("PRAGMA query_only=ON", 503, "read only")],
)
def test_metadata_that_cannot_be_stored_is_told_and_reading_goes_on(
    app: Application, statement: str, status: int, words: str
) -> None:
    headers = {"Authorization": f"Bearer {app.token('ada')}"}
    long = {"display_name": "x", "product_type": 1, "visibility": "private", "description": "long " * 20_000}
    with _pragma(app, statement):
        answer = app.client.post("/api/products/", headers=headers, json=long)
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
        assert ("retry-after" in answer.headers) == (status == 503)
        node = node_xml("vos://photoz.local~vospace/home/ada/new", description="long " * 1_900)
        folder = app.client.put("/vospace/nodes/home/ada/new", headers=headers, content=node)
        assert folder.status_code == status, folder.text
        assert ("InsufficientStorage" in folder.text) == (status == 507)
        page = app.client.post("/api/products/", headers={**headers, "Accept": "text/html"}, json=long)
        assert page.status_code == status
        assert app.client.get("/api/products/", headers=headers).json()["count"] == 0
    assert app.client.post("/api/products/", headers=headers, json=long).status_code == 201
    number = app.client.get("/api/products/?status=0", headers=headers).json()["results"][0]["id"]
    assert app.client.delete(f"/api/products/{number}/", headers=headers).status_code == 204


@pytest.mark.parametrize("statement", ["PRAGMA max_page_count=1", "PRAGMA query_only=ON"])
def test_passwords_are_checked_and_guesses_are_limited_while_nothing_can_be_stored(
    app: Application, statement: str
) -> None:
    accounts = app.services.accounts.service
    name = f"eve{len(statement)}"
    accounts.add_user(name, "a long and good passphrase")

    def asked(password: str) -> int:
        return app.client.get("/api/products/", auth=(name, password)).status_code

    with _pragma(app, statement):
        if "max_page_count" in statement:
            _fill(app.services.database)
        assert asked("a long and good passphrase") == 200
        assert [asked(f"wrong {number}") for number in range(10)] == [401] * 10
        assert asked("wrong again") == 429
        page = app.client.post("/login", data={"name": name, "password": "wrong"}, headers={"Accept": "text/html"})
        assert page.status_code in {401, 403, 429}, page.text


def test_a_read_only_postgresql_is_a_clear_answer(postgres: PostgresServer) -> None:
    with postgres.new_database() as url:
        database = Database(url)
        with pytest.raises(Exception, match="read-only transaction") as failed, database.write() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text("CREATE TABLE t (a int)"))
        database.close()
    assert isinstance(storage_error(failed.value), ServiceBusyError)


def test_errors_of_the_system_are_recognised_by_their_numbers() -> None:
    assert isinstance(storage_error(OSError(errno.ENOSPC, "full")), StorageFullError)
    assert isinstance(storage_error(OSError(errno.EDQUOT, "quota")), StorageFullError)
    assert isinstance(storage_error(OSError(errno.EROFS, "read-only")), ServiceBusyError)
    assert storage_error(OSError(errno.ENOENT, "missing")) is None
    assert storage_error(ValueError("x")) is None
