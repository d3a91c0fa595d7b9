"""Service of survey catalogues, and people who may read them or not."""

from pathlib import Path

import pytest

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.schema import GroupRow, UserRow
from core.auth.service import AccountService
from core.database import Database
from core.files.kept import KeptFolder
from tap.metadata.survey_catalogues.places import CataloguePlaces
from tap.metadata.survey_catalogues.service import SurveyCatalogues


@pytest.fixture
def service(sqlite_tables_url: str, tmp_path: Path) -> SurveyCatalogues:
    places = CataloguePlaces((str(tmp_path / "place"),))
    return SurveyCatalogues(Database(sqlite_tables_url), places, KeptFolder(tmp_path / "lists"), max_columns=100)


@pytest.fixture
def people(sqlite_tables_url: str) -> dict[str, Identity]:
    """An administrator, a member of the group ``team``, a stranger, and nobody."""
    database = Database(sqlite_tables_url)
    accounts = AccountService(database)
    for name in ("member", "stranger"):
        accounts.add_user(name, None)
    with database.write() as session:
        member = session.query(UserRow).filter_by(name="member").one()
        session.add(GroupRow(name="team", description="", members=[member]))
    known = {name: accounts.identity_of_user(name) for name in ("member", "stranger")}
    database.close()
    admin = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
    return known | {"nobody": ANONYMOUS, "admin": admin}
