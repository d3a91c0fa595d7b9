"""Hidden products: who reads them, whatever else opens a product to others."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.auth.models import Identity
from core.auth.schema import GroupRow, UserRow
from core.database import Database, utc_now
from core.errors import NotFoundError, PermissionDeniedError
from products.lifecycle.change_log import catalogue_version
from products.lifecycle.published import PublishedProducts
from products.models import Product, ProductStatus, Visibility
from products.schema import ProductRow
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductService
from products.sharing.hidden import find_managed, hide, show
from tests.products.conftest import People


@pytest.fixture
def product(database: Database, people: People) -> Product:
    """A product that is open in every way: to groups, by its embargo date, and with a co-owner."""
    product = ProductService(database).create(people.owner, NewProduct("Truth", 7))
    with database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.groups = [session.query(GroupRow).filter_by(name="team").one()]
        row.co_owners = [session.query(UserRow).filter_by(name="co_owner").one()]
        row.status, row.visibility = ProductStatus.PUBLISHED, Visibility.GROUPS
        row.embargo_date = utc_now().date() - timedelta(days=1)
    return product


def _readers(database: Database, people: People, product: Product) -> set[str]:
    service, found = ProductService(database), set()
    identities = {name: getattr(people, name) for name in People.__slots__}
    identities["linked"] = replace(people.nobody, linked_product=product.id)
    for name, identity in identities.items():
        listed = service.list(identity, ProductQuery()).count == 1
        try:
            service.get(identity, product.id)
        except NotFoundError:
            assert not listed, name
            continue
        assert listed, name
        found.add(name)
    return found


@pytest.mark.parametrize("visibility", Visibility)
def test_a_hidden_product_is_read_by_its_owner_named_users_and_administrators(
    database: Database, people: People, product: Product, visibility: Visibility
):
    everybody = {*People.__slots__, "linked"}
    with database.write() as session:
        session.execute(update(ProductRow).values(visibility=visibility))
    assert _readers(database, people, product) == everybody
    with database.write() as session:
        hide(session, product.id, [_number(people.colleague)])
    assert _readers(database, people, product) == {"owner", "owner_reading", "colleague", "admin"}
    with database.write() as session:
        hide(session, product.id, [_number(people.stranger)])
    assert _readers(database, people, product) == {"owner", "owner_reading", "stranger", "admin"}
    with database.write() as session:
        show(session, product.id)
    assert _readers(database, people, product) == everybody


def test_what_is_kept_of_published_products_follows(database: Database, people: People, product: Product):
    published = PublishedProducts(database, ProductService(database))

    def seen(identity: Identity) -> set[int]:
        return {item.id for item in published.visible(identity)}

    assert seen(people.stranger) == {product.id}
    for change, expected in ((["colleague"], set()), (["stranger"], {product.id}), ([], set())):
        with database.read() as session:
            before = catalogue_version(session)
        with database.write() as session:
            hide(session, product.id, [_number(getattr(people, name)) for name in change])
        with database.read() as session:
            assert catalogue_version(session) > before
        assert seen(people.stranger) == expected


def test_only_who_may_delete_a_product_may_hide_it(database: Database, people: People, product: Product):
    with database.write() as session:
        assert find_managed(session, people.owner, product.id).id == product.id
        assert find_managed(session, people.admin, product.id).id == product.id
        for identity in (people.co_owner, people.colleague, people.owner_reading):
            with pytest.raises(PermissionDeniedError):
                find_managed(session, identity, product.id)


def _number(identity: Identity) -> int:
    assert identity.user_id is not None
    return identity.user_id
