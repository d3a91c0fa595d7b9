"""Embargo dates: a product becomes public by itself, everywhere, at the beginning of the day."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from core.database import Database, utc_now
from core.errors import InvalidValueError, NotFoundError
from products.lifecycle.published import PublishedProducts
from products.lifecycle.versions import ProductVersionService
from products.models import Product, ProductStatus, Visibility
from products.quotas import QuotaRule
from products.schema import ProductRow, ProductTableRow
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductChanges, ProductService
from tests.products.conftest import People


@pytest.fixture
def service(database: Database) -> ProductService:
    return ProductService(database)


def _today() -> date:
    return utc_now().date()


def _publish(
    database: Database, people: People, day: date | None, visibility: Visibility = Visibility.PRIVATE
) -> Product:
    """Publish a product of the owner with an embargo date, which may be over."""
    new = NewProduct("A catalogue", 7, visibility=visibility, groups=())
    product = ProductService(database).create(people.owner, new)
    with database.write() as session:
        session.execute(
            update(ProductRow)
            .where(ProductRow.id == product.id)
            .values(status=ProductStatus.PUBLISHED, embargo_date=day, published_at=utc_now())
        )
        names = {"table_schema": "other", "table_name": f"p{product.id}", "stored_id": f"s{product.id}"}
        session.add(ProductTableRow(product_id=product.id, rows=1, **names))
    return product


@pytest.mark.parametrize(
    ("days", "visibility", "readers"),
    [
        (0, Visibility.PRIVATE, {"owner", "colleague", "stranger", "admin", "nobody"}),
        (-400, Visibility.REGISTERED, {"owner", "colleague", "stranger", "admin", "nobody"}),
        (1, Visibility.PRIVATE, {"owner", "admin"}),
        (1, Visibility.REGISTERED, {"owner", "colleague", "stranger", "admin"}),
    ],
)
def test_a_product_is_public_from_its_embargo_date_on(
    database: Database, people: People, service: ProductService, days: int, visibility: Visibility, readers: set[str]
):
    product = _publish(database, people, _today() + timedelta(days), visibility)
    query = ProductQuery(numbers=(product.id,))
    everybody = ("owner", "colleague", "stranger", "admin", "nobody")
    assert {name for name in everybody if service.list(getattr(people, name), query).count} == readers
    shown = service.get(people.owner, product.id)
    assert shown.visibility == (Visibility.PUBLIC if days <= 0 else visibility)
    assert shown.embargo_date == (_today() + timedelta(days) if days > 0 else None)


def test_a_draft_stays_closed_after_its_embargo_date(database: Database, people: People, service: ProductService):
    product = service.create(people.owner, NewProduct("A draft", 7, visibility=Visibility.PRIVATE))
    with database.write() as session:
        session.execute(update(ProductRow).values(embargo_date=_today()))
    with pytest.raises(NotFoundError):
        service.get(people.stranger, product.id)


def test_tables_are_found_at_midnight_without_a_change_of_the_database(database: Database, people: People):
    """What servers keep in memory follows the day, also when nothing has been written."""
    days = [_today()]
    product = _publish(database, people, days[0] + timedelta(1))
    server = PublishedProducts(database, ProductService(database), lambda: days[0])

    def found() -> tuple[bool, bool]:
        name = f"p{product.id}"
        listed = product.id in {item.id for item in server.visible(people.nobody)}
        return server.find(people.nobody, "other", name) is not None, listed

    def own_version() -> int:
        return next(item.version for item in server.visible(people.owner) if item.id == product.id)

    before = server.stamp(), own_version()
    assert found() == (False, False)
    days[0] += timedelta(1)
    assert found() == (True, True)
    after = server.stamp(), own_version()
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize(
    ("visibility", "days", "sentence"),
    [
        (Visibility.PRIVATE, 0, "is not in the future"),
        (Visibility.PRIVATE, -1, "is not in the future"),
        (Visibility.PUBLIC, 1, "A public product has no embargo date"),
    ],
)
def test_an_embargo_date_that_means_nothing_is_refused(
    people: People, service: ProductService, visibility: Visibility, days: int, sentence: str
):
    day = _today() + timedelta(days)
    product = service.create(people.owner, NewProduct("x", 7, visibility=visibility))
    for act in (
        lambda: service.create(people.owner, NewProduct("x", 7, visibility=visibility, embargo_date=day)),
        lambda: service.change(people.owner, product.id, ProductChanges(embargo_date=day)),
    ):
        with pytest.raises(InvalidValueError, match=sentence) as caught:
            act()
        assert caught.value.field == "embargo_date"
        assert str(day) in caught.value.message


def test_an_embargo_can_be_moved_removed_and_ended_early(database: Database, people: People, service: ProductService):
    tomorrow, later = _today() + timedelta(1), _today() + timedelta(90)
    product = _publish(database, people, tomorrow)
    assert service.change(people.owner, product.id, ProductChanges(embargo_date=later)).embargo_date == later
    assert service.change(people.owner, product.id, ProductChanges(display_name="y")).embargo_date == later
    removed = service.change(people.owner, product.id, ProductChanges(without_embargo=True))
    assert (removed.embargo_date, removed.visibility) == (None, Visibility.PRIVATE)
    service.change(people.owner, product.id, ProductChanges(embargo_date=later))
    early = service.change(people.owner, product.id, ProductChanges(visibility=Visibility.PUBLIC))
    closed = service.change(people.owner, product.id, ProductChanges(visibility=Visibility.PRIVATE))
    assert (early.embargo_date, closed.embargo_date, closed.visibility) == (None, None, Visibility.PRIVATE)


def test_what_became_public_can_be_closed_again(database: Database, people: People, service: ProductService):
    product = _publish(database, people, _today())
    assert service.get(people.nobody, product.id).visibility is Visibility.PUBLIC
    service.change(people.owner, product.id, ProductChanges(display_name="Another name"))
    assert service.get(people.nobody, product.id).visibility is Visibility.PUBLIC
    service.change(people.owner, product.id, ProductChanges(visibility=Visibility.PRIVATE))
    with pytest.raises(NotFoundError):
        service.get(people.nobody, product.id)


@pytest.mark.parametrize("days", [0, 30])
def test_a_new_version_inherits_the_embargo(database: Database, people: People, days: int):
    day = _today() + timedelta(days)
    product = _publish(database, people, day)
    new = ProductVersionService(database, QuotaRule(), days=30).new_version(people.owner, product.id)
    expected = (day, Visibility.PRIVATE) if days else (None, Visibility.PUBLIC)
    assert (new.embargo_date, new.visibility) == expected
