"""Fixture: a home with people around it, for a whole module."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import event

from core.database import Database
from core.settings import Settings
from tests.support.databases import EmptySQLite
from tests.support.in_process import in_process_client
from tests.vospace.conftest import bare_vospace
from tests.vospace.rights.people import People


@pytest.fixture(scope="module")
def people(
    empty_sqlite: EmptySQLite, tmp_path_factory: pytest.TempPathFactory, portal: BlockingPortal
) -> Iterator[People]:
    folder = tmp_path_factory.mktemp("people")
    settings = Settings(data=folder, authority="example.org", base_url="http://testserver", home_quota_bytes=10**6)
    database = Database(empty_sqlite.database(folder / "photoz.sqlite"))
    # Nothing here has to survive a power cut.
    event.listen(database.engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    app, space = bare_vospace(settings, database)
    with in_process_client(app, portal) as client:
        yield People(client, space, database)
    database.close()
