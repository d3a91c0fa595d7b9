"""Versions of products: every change that shows raises one, on both databases and in whatever way it is made."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from core.auth.schema import GroupRow, UserRow
from core.database import Database, utc_now
from products.lifecycle.change_log import (
    ANY_PRODUCT,
    ANY_USER_TABLE,
    catalogue_version,
    changed_since,
    install_triggers,
)
from products.models import Visibility
from products.schema import (
    ProductRow,
    ProductTypeRow,
    ReleaseRow,
    UserTableRow,
    product_co_owners,
    product_groups,
    release_groups,
)
from products.service import NewProduct, ProductService
from tests.products.conftest import People

pytestmark = pytest.mark.either_database


@pytest.fixture
def numbers(database: Database, people: People) -> tuple[int, int, int]:
    """Three products: one in a release, one shared with a group, one of another type."""
    service = ProductService(database)
    release = service.ensure_release("dp1", "DP1").id
    first, second, third = (service.create(people.owner, NewProduct("A catalogue", 7)).id for _ in range(3))
    with database.write() as session:
        session.get_one(ProductRow, first).release_id = release
        session.get_one(ProductRow, second).groups = [session.query(GroupRow).filter_by(name="team").one()]
        session.get_one(ProductRow, third).product_type_id = 1
    return first, second, third


def _number(session: Session, model: type[UserRow | GroupRow | ReleaseRow], name: str) -> int:
    return int(session.execute(select(model.id).where(model.name == name)).scalar_one())


#: A change, and which of the three products it concerns.
_CHANGES: dict[str, tuple[Callable[[Session, tuple[int, int, int]], object], set[int]]] = {
    "one row": (lambda s, n: setattr(s.get_one(ProductRow, n[1]), "visibility", Visibility.PUBLIC), {1}),
    "many rows": (lambda s, _: s.execute(update(ProductRow).values(description="new")), {0, 1, 2}),
    "typed": (lambda s, n: s.execute(text(f"UPDATE products SET official = true WHERE id = {n[2]}")), {2}),
    "deleted": (lambda s, n: s.execute(delete(ProductRow).where(ProductRow.id == n[2])), {2}),
    "group is gone": (lambda s, _: s.execute(delete(GroupRow).where(GroupRow.name == "team")), {1}),
    "group is renamed": (lambda s, _: s.execute(update(GroupRow).values(name="crew")), {1}),
    "shared": (
        lambda s, n: s.execute(insert(product_groups).values(product_id=n[0], group_id=_number(s, GroupRow, "team"))),
        {0},
    ),
    "co-owned": (
        lambda s, n: s.execute(
            insert(product_co_owners).values(product_id=n[0], user_id=_number(s, UserRow, "stranger"))
        ),
        {0},
    ),
    "unshared": (lambda s, _: s.execute(delete(product_groups)), {1}),
    "release is closed": (
        lambda s, _: s.execute(
            insert(release_groups).values(
                release_id=_number(s, ReleaseRow, "dp1"), group_id=_number(s, GroupRow, "team")
            )
        ),
        {0},
    ),
    "release is hidden": (lambda s, _: s.execute(update(ReleaseRow).values(is_public=False)), {0}),
    "type": (lambda s, _: s.add(ProductTypeRow(type_id=1, display_name="New", version=1)), {2}),
    "owner is renamed": (
        lambda s, _: s.execute(update(UserRow).where(UserRow.name == "owner").values(name="o2")),
        {0, 1, 2},
    ),
    "nobody's release": (
        lambda s, _: s.add(ReleaseRow(name="dp2", display_name="DP2", created_at=utc_now())),
        set(),
    ),
}


@pytest.mark.parametrize("kind", _CHANGES)
def test_a_change_gives_the_products_that_it_concerns_a_new_version(
    database: Database, numbers: tuple[int, int, int], kind: str
):
    change, concerned = _CHANGES[kind]
    with database.read() as session:
        before = catalogue_version(session)
        assert changed_since(session, before) == ()
    with database.write() as session:
        change(session, numbers)
    with database.read() as session:
        assert catalogue_version(session) > before
        assert set(changed_since(session, before)) == {numbers[index] for index in concerned}
        assert catalogue_version(session, ANY_USER_TABLE) == 0


def test_what_is_rolled_back_or_concerns_nobody_changes_nothing(database: Database, numbers: tuple[int, int, int]):
    with database.read() as session:
        before = catalogue_version(session)
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.get_one(ProductRow, numbers[0]).description = "new"
        session.flush()
        _ = 1 / 0
    with database.write() as session:
        session.execute(update(UserRow).values(password_hash="x"))
    with database.read() as session:
        assert catalogue_version(session) == before


def test_versions_are_committed_in_their_order(database: Database, numbers: tuple[int, int, int]):
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writing transaction at a time")
    with database.read() as session:
        before = catalogue_version(session)
    with database.write() as early:
        early.get_one(ProductRow, numbers[0]).description = "early"
        early.flush()
        with database.write() as late:
            late.get_one(ProductRow, numbers[1]).description = "late"
        with database.read() as session:
            between = catalogue_version(session)
            assert changed_since(session, before) == (numbers[1],)
    with database.read() as session:
        assert changed_since(session, between) == (numbers[0],)


def test_user_tables_have_a_version_of_their_own(database: Database, numbers: tuple[int, int, int]):
    assert numbers
    with database.read() as session:
        products = catalogue_version(session, ANY_PRODUCT)
        before = catalogue_version(session, ANY_USER_TABLE)
    with database.write() as session:
        owner = _number(session, UserRow, "owner")
        session.add(UserTableRow(owner_id=owner, name="mine", columns=[], created_at=utc_now()))
    with database.read() as session:
        assert catalogue_version(session, ANY_USER_TABLE) > before
        assert catalogue_version(session, ANY_PRODUCT) == products


def test_triggers_are_made_once_and_again_when_one_is_missing(database: Database, numbers: tuple[int, int, int]):
    postgres = database.engine.dialect.name == "postgresql"
    with database.engine.begin() as connection:
        install_triggers(connection)
        connection.exec_driver_sql(
            "DROP TRIGGER catalogue_change_1_products_update" + (" ON products" if postgres else "")
        )
        install_triggers(connection)
    with database.read() as session:
        before = catalogue_version(session)
    with database.write() as session:
        session.get_one(ProductRow, numbers[0]).description = "new"
    with database.read() as session:
        assert changed_since(session, before) == (numbers[0],)
