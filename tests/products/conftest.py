"""A fresh catalogue with people, once of each database."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import products.schema  # the import fills the metadata
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.schema import GroupRow, UserRow
from core.auth.service import AccountService
from core.database import Database


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    assert products.schema.ProductRow.__tablename__ == "products"
    database = Database(tables_url)
    yield database
    database.close()


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may ask."""

    owner: Identity
    owner_reading: Identity
    co_owner: Identity
    colleague: Identity
    stranger: Identity
    admin: Identity
    admin_reading: Identity
    nobody: Identity = ANONYMOUS


@pytest.fixture
def people(database: Database) -> People:
    accounts = AccountService(database)
    for name in ("owner", "co_owner", "colleague", "stranger", "admin"):
        accounts.add_user(name, None, is_admin=name == "admin")
    with database.write() as session:
        colleague = session.query(UserRow).filter_by(name="colleague").one()
        session.add(GroupRow(name="team", description="", members=[colleague]))

    def reading(name: str) -> Identity:
        token = accounts.issue_token(accounts.identity_of_user(name), "reading", Scope.READ)
        return accounts.identity_of_token(token.secret)

    return People(
        owner=accounts.identity_of_user("owner"),
        owner_reading=reading("owner"),
        co_owner=accounts.identity_of_user("co_owner"),
        colleague=accounts.identity_of_user("colleague"),
        stranger=accounts.identity_of_user("stranger"),
        admin=accounts.identity_of_user("admin"),
        admin_reading=reading("admin"),
    )
