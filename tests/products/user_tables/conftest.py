"""Fixtures: the service of user tables with a few people, on SQLite."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import event

from core.auth.groups import GroupService
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.service import AccountService
from core.columns import Column
from core.database import Database
from core.files.kept import KeptFolder
from products.quotas import QuotaRule
from products.user_tables.loading import TableLoader
from products.user_tables.models import TableDefinition
from products.user_tables.service import UserTableService
from tests.support.databases import EmptySQLite


@dataclass(frozen=True)
class Tables:
    service: UserTableService
    loader: TableLoader
    people: dict[str, Identity]

    def make(self, name: str, *columns: str) -> int:
        """Make a table of the owner; each column is its name, datatype, and perhaps arraysize and UCD."""
        parts = ((*column.split("|"), "", "")[:4] for column in columns)
        described = (Column(name, kind, arraysize=size or None, ucd=ucd or None) for name, kind, size, ucd in parts)
        definition = TableDefinition("", tuple(described))
        return self.service.create(self.people["owner"], f"user_owner.{name}", definition).id


@pytest.fixture
def tables(empty_sqlite: EmptySQLite, tmp_path: Path) -> Iterator[Tables]:
    database = Database(empty_sqlite.database(tmp_path / "photoz.sqlite"))
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    accounts, groups = AccountService(database), GroupService(database)
    for name in ("owner", "writer", "reader", "registered", "admin"):
        accounts.add_user(name, None, is_admin=name == "admin")
    owner = accounts.identity_of_user("owner")
    for group, member in (("readers", "reader"), ("writers", "writer")):
        groups.add_member(owner, groups.create(owner, group).id, member)
    people = {
        name: accounts.identity_of_user(name, Scope.WRITE) for name in ("owner", "writer", "reader", "registered")
    }
    people |= {
        "owner_reading": accounts.identity_of_user("owner", Scope.READ),
        "writer_reading": accounts.identity_of_user("writer", Scope.READ),
        "admin": accounts.identity_of_user("admin", Scope.ADMIN),
        "admin_writing": accounts.identity_of_user("admin", Scope.WRITE),
        "nobody": ANONYMOUS,
    }
    service = UserTableService(database, QuotaRule())
    yield Tables(service, TableLoader(service, KeptFolder(tmp_path / "tables"), 100), people)
    database.close()
