"""The access rule: every kind of user reads and changes products of every visibility and status."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow, UserRow
from core.database import Database, utc_now
from core.errors import AuthenticationError, NotFoundError, PermissionDeniedError
from products.access import changeable, embargo_ended, readable, shared_readable, table_readable, table_writable
from products.lifecycle.published import PublishedProducts
from products.models import Product, ProductStatus, Visibility
from products.schema import ProductRow, ReleaseRow, UserSchemaRow, UserTableRow, hidden_product_readers
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductChanges, ProductService
from products.sharing.hidden import hide, show
from tests.products.conftest import People

EVERYBODY = {"owner", "owner_reading", "co_owner", "colleague", "stranger", "admin", "admin_reading", "nobody"}
REGISTERED = EVERYBODY - {"nobody"}
OWN = {"owner", "owner_reading", "co_owner", "admin"}

#: Who reads a published product; administrators only with a token that says so.
READERS = {
    Visibility.PRIVATE: OWN,
    Visibility.GROUPS: OWN | {"colleague"},
    Visibility.REGISTERED: REGISTERED,
    Visibility.PUBLIC: EVERYBODY,
}


def _make(
    database: Database, people: People, visibility: Visibility, status: ProductStatus, **values: object
) -> Product:
    service = ProductService(database)
    product = service.create(people.owner, NewProduct("A catalogue", 7))
    with database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.groups = [session.query(GroupRow).filter_by(name="team").one()]
        row.co_owners = [session.query(UserRow).filter_by(name="co_owner").one()]
        row.visibility = visibility
        session.execute(update(ProductRow).where(ProductRow.id == product.id).values(status=status, **values))
    return product


def _reads(service: ProductService, identity: Identity, product: Product) -> bool:
    try:
        by_number, by_name = service.get(identity, product.id), service.get(identity, product.internal_name)
    except NotFoundError:
        listed = service.list(identity, ProductQuery()).count
        assert listed == 0
        return False
    assert by_number == by_name
    assert service.list(identity, ProductQuery()).count == 1
    return True


@pytest.mark.parametrize("visibility", Visibility)
def test_a_published_product_is_read_by_those_it_is_for(database: Database, people: People, visibility: Visibility):
    product = _make(database, people, visibility, ProductStatus.PUBLISHED)
    service, published = ProductService(database), PublishedProducts(database, ProductService(database))
    readers = {name for name in EVERYBODY if _reads(service, getattr(people, name), product)}
    assert readers == READERS[visibility]
    assert {name for name in EVERYBODY if published.all(getattr(people, name))} == readers


@pytest.mark.parametrize("status", [ProductStatus.REGISTERING, ProductStatus.PROCESSING, ProductStatus.FAILED])
def test_an_unfinished_product_is_read_by_its_owner_and_administrators(
    database: Database, people: People, status: ProductStatus
):
    product = _make(database, people, Visibility.PUBLIC, status)
    service = ProductService(database)
    assert {name for name in EVERYBODY if _reads(service, getattr(people, name), product)} == OWN
    assert not any(
        PublishedProducts(database, ProductService(database)).all(getattr(people, name)) for name in EVERYBODY
    )


def test_a_deleted_product_is_read_by_nobody(database: Database, people: People):
    product = _make(database, people, Visibility.PUBLIC, ProductStatus.DELETED)
    service = ProductService(database)
    assert {name for name in EVERYBODY if _reads(service, getattr(people, name), product)} == set()


@pytest.mark.parametrize("visibility", Visibility)
def test_a_hidden_product_is_read_by_its_owner_and_those_whom_it_is_shown_to(
    database: Database, people: People, visibility: Visibility
):
    product = _make(database, people, visibility, ProductStatus.PUBLISHED, embargo_date=date(2020, 1, 1))
    service = ProductService(database)
    assert people.stranger.user_id is not None
    with database.write() as session:
        hide(session, product.id, [people.stranger.user_id])
    readers = {name for name in EVERYBODY if _reads(service, getattr(people, name), product)}
    assert readers == {"owner", "owner_reading", "admin", "stranger"}
    with database.read() as session:
        guest = replace(people.nobody, linked_product=product.id)
        assert not session.scalars(select(ProductRow.id).where(readable(guest))).all()


def test_the_readers_of_a_hidden_product_are_none_of_one_that_is_not_hidden(database: Database, people: People):
    product = _make(database, people, Visibility.PRIVATE, ProductStatus.PUBLISHED)
    service = ProductService(database)
    with database.write() as session:
        values = {"product_id": product.id, "user_id": people.stranger.user_id}
        session.execute(hidden_product_readers.insert().values(values))
    assert not _reads(service, people.stranger, product)
    with database.write() as session:
        hide(session, product.id, [people.stranger.user_id or 0])
        show(session, product.id)
    assert not _reads(service, people.stranger, product)
    assert _reads(service, people.co_owner, product)


#: Who reads what administrators share: without a release, in one that is closed to others than the team, and in one
#: that only registered users see.
SHARED = {
    Visibility.PRIVATE: ({"admin"}, {"admin"}, {"admin"}),
    Visibility.GROUPS: ({"colleague", "admin"}, {"colleague", "admin"}, {"colleague", "admin"}),
    Visibility.REGISTERED: (REGISTERED, {"colleague", "admin"}, REGISTERED),
    Visibility.PUBLIC: (EVERYBODY, {"colleague", "admin"}, EVERYBODY),
}


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("release", ["none", "closed", "without groups"])
def test_what_administrators_share_is_read_by_those_it_is_for_and_whose_release_it_is(
    database: Database, people: People, visibility: Visibility, release: str
):
    release_id = None
    if release != "none":
        release_id = ProductService(database).ensure_release("dp1", "DP1").id
        with database.write() as session:
            row = session.get_one(ReleaseRow, release_id)
            row.is_public = False
            row.access_groups = [session.query(GroupRow).filter_by(name="team").one()] if release == "closed" else []
    # A product stands for it, whose owners and states do not count here.
    product = _make(database, people, visibility, ProductStatus.PUBLISHED, release_id=release_id)
    other = _make(database, people, visibility, ProductStatus.PUBLISHED, release_id=release_id)
    in_groups = ProductRow.id == product.id

    def reads(name: str, product_id: int) -> bool:
        identity = getattr(people, name)
        rule = shared_readable(identity, ProductRow.visibility, in_groups, ProductRow.release_id)
        with database.read() as session:
            return session.scalar(select(ProductRow.id).where(rule, ProductRow.id == product_id)) is not None

    expected = SHARED[visibility][("none", "closed", "without groups").index(release)]
    assert {name for name in EVERYBODY if reads(name, product.id)} == expected
    if visibility is Visibility.GROUPS:  # of groups that the identity is not in
        assert {name for name in EVERYBODY if reads(name, other.id)} == {"admin"}


def test_a_closed_release_closes_its_products_to_others(database: Database, people: People):
    release = ProductService(database).ensure_release("dp1", "DP1")
    with database.write() as session:
        row = session.get_one(ReleaseRow, release.id)
        row.is_public, row.access_groups = False, [session.query(GroupRow).filter_by(name="team").one()]
    product = _make(database, people, Visibility.REGISTERED, ProductStatus.PUBLISHED, release_id=release.id)
    service = ProductService(database)
    # A co-owner outside the groups of the release does not get around them.
    readers = (OWN - {"co_owner"}) | {"colleague"}
    assert {name for name in EVERYBODY if _reads(service, getattr(people, name), product)} == readers
    assert {name for name in EVERYBODY if service.releases(getattr(people, name))} == {"colleague", "admin"}


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_owners_change_a_product_and_the_first_one_deletes_it(database: Database, people: People, name: str):
    product = _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED)
    service, identity = ProductService(database), getattr(people, name)
    for act, allowed in (
        (
            lambda: service.change(identity, product.id, ProductChanges(description="changed")),
            {"owner", "co_owner", "admin"},
        ),
        (lambda: service.delete(identity, product.id), {"owner", "admin"}),
    ):
        if name in allowed:
            act()
        else:
            with pytest.raises(AuthenticationError if name == "nobody" else PermissionDeniedError):
                act()


@pytest.mark.parametrize("name", sorted(EVERYBODY - {"nobody"}))
def test_only_administrators_change_an_official_product(database: Database, people: People, name: str):
    product = _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED, official=True)
    service, identity = ProductService(database), getattr(people, name)
    for changes in (ProductChanges(description="changed"), ProductChanges(official=False)):
        if name == "admin":
            service.change(identity, product.id, changes)
        else:
            with pytest.raises(PermissionDeniedError):
                service.change(identity, product.id, changes)


def test_who_may_not_read_a_product_does_not_learn_of_it_by_changing_it(database: Database, people: People):
    product = _make(database, people, Visibility.PRIVATE, ProductStatus.PUBLISHED)
    service = ProductService(database)
    with pytest.raises(NotFoundError) as private:
        service.delete(people.stranger, product.id)
    with pytest.raises(NotFoundError) as missing:
        service.delete(people.stranger, product.id + 1)
    assert private.value.message.replace(str(product.id), "N") == missing.value.message.replace(
        str(product.id + 1), "N"
    )


def test_hiding_a_product_shows_though_another_server_has_a_later_clock(database: Database, people: People):
    """Sets of tables are kept until the stamp changes, so that a stale one would go on showing what is private now."""
    service, published = ProductService(database), PublishedProducts(database, ProductService(database))
    hidden = _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED)
    tomorrow = utc_now() + timedelta(days=1)
    _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED, updated_at=tomorrow)
    before = published.stamp()
    service.change(people.owner, hidden.id, ProductChanges(visibility=Visibility.PRIVATE))
    assert published.stamp() != before
    before = published.stamp()
    service.delete(people.owner, hidden.id)
    assert published.stamp() != before


def test_a_link_opens_one_product_as_if_it_were_public(database: Database, people: People):
    linked, other = (_make(database, people, Visibility.PRIVATE, ProductStatus.PUBLISHED) for _ in range(2))
    guest = replace(people.nobody, linked_product=linked.id)
    with database.read() as session:
        assert set(session.scalars(select(ProductRow.id).where(readable(guest)))) == {linked.id}
        assert set(session.scalars(select(ProductRow.id).where(readable(people.owner)))) == {linked.id, other.id}
        assert not session.scalars(select(ProductRow.id).where(readable(people.nobody))).all()


@pytest.mark.parametrize(
    ("day", "ended"), [(date(2030, 1, 1), False), (date(2030, 1, 2), True), (date(2030, 1, 3), True)]
)
def test_an_embargo_ends_on_its_day(database: Database, people: People, day: date, ended: bool):
    until = _make(database, people, Visibility.PRIVATE, ProductStatus.PUBLISHED, embargo_date=date(2030, 1, 2))
    _make(database, people, Visibility.PRIVATE, ProductStatus.PUBLISHED)
    expected = [until.id] if ended else []
    with database.read() as session:
        assert list(session.scalars(select(ProductRow.id).where(embargo_ended(day)))) == expected
        assert list(session.scalars(select(ProductRow.id).where(readable(people.nobody, day)))) == expected


def test_a_token_for_reading_changes_no_product(database: Database, people: People):
    made = _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED)
    product = ProductService(database).get(people.owner, made.id)
    may = {name for name in EVERYBODY if changeable(getattr(people, name), product)}
    assert may == {"owner", "co_owner", "admin"}


@pytest.mark.parametrize(("is_public", "has_groups"), [(True, True), (True, False), (False, True), (False, False)])
def test_visitors_read_public_products_of_releases_unless_closed_to_groups(
    database: Database, people: People, is_public: bool, has_groups: bool
):
    release = ProductService(database).ensure_release("dp1", "DP1")
    with database.write() as session:
        row = session.get_one(ReleaseRow, release.id)
        row.is_public = is_public
        row.access_groups = [session.query(GroupRow).filter_by(name="team").one()] if has_groups else []
    inside = _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED, release_id=release.id)
    outside = _make(database, people, Visibility.PUBLIC, ProductStatus.PUBLISHED)
    expected = {outside.id} if has_groups and not is_public else {inside.id, outside.id}
    with database.read() as session:
        assert set(session.scalars(select(ProductRow.id).where(readable(people.nobody)))) == expected


@pytest.mark.parametrize("shared", ["table", "schema", "neither"])
def test_tables_are_filled_by_people_and_tokens_for_writing(database: Database, people: People, shared: str):
    owner = people.owner.user_id
    with database.write() as session:
        team = session.query(GroupRow).filter_by(name="team").one().id
        session.add(
            UserSchemaRow(user_id=owner, name="user_owner", write_group_id=team if shared == "schema" else None)
        )
        table = UserTableRow(
            owner_id=owner,
            name="t",
            columns=[],
            write_group_id=team if shared == "table" else None,
            created_at=utc_now(),
        )
        session.add(table)
    colleagues = set() if shared == "neither" else {"colleague"}
    with database.read() as session:
        found = session.scalar
        readers = {
            name for name in EVERYBODY if found(select(UserTableRow.id).where(table_readable(getattr(people, name))))
        }
        writers = {
            name for name in EVERYBODY if found(select(UserTableRow.id).where(table_writable(getattr(people, name))))
        }
        reading = replace(people.colleague, scope=Scope.READ)
        assert found(select(UserTableRow.id).where(table_writable(reading))) is None
        assert bool(found(select(UserTableRow.id).where(table_readable(reading)))) is bool(colleagues)
    assert readers == {"owner", "owner_reading", "admin"} | colleagues
    assert writers == {"owner", "admin"} | colleagues
