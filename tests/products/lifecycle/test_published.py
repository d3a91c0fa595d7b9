"""Published products: what one may read follows each change at once, on every server, and costs what has changed."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, update

from core.auth.models import ANONYMOUS, Identity
from core.auth.schema import GroupRow, UserRow
from core.database import Database, utc_now
from products.lifecycle.published import PublishedProducts
from products.models import ProductStatus, Visibility
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from products.service import NewProduct, ProductChanges, ProductService
from tests.products.conftest import People


@pytest.fixture
def servers(database: Database) -> Iterator[tuple[PublishedProducts, PublishedProducts]]:
    """Two servers on one database: the second has a connection pool of its own."""
    other = Database(str(database.url))
    yield PublishedProducts(database, ProductService(database)), PublishedProducts(other, ProductService(other))
    other.close()


def publish(database: Database, people: People, visibility: Visibility = Visibility.PUBLIC) -> int:
    """Publish a product with a table of one column, without a file."""
    number = ProductService(database).create(people.owner, NewProduct("A catalogue", 7)).id
    with database.write() as session:
        row = session.get_one(ProductRow, number)
        row.status, row.visibility, row.published_at = ProductStatus.PUBLISHED, visibility, utc_now()
        names = {"table_schema": "other", "table_name": f"p{number}", "stored_id": f"s{number}"}
        session.add(ProductTableRow(product_id=number, rows=1, **names))
        session.add(ProductColumnRow(product_id=number, position=0, name="x", datatype="int"))
    return number


def found_by(server: PublishedProducts, people: People, number: int) -> set[str]:
    """Return who finds the table of a product; whoever finds it finds it among all, and others do not."""
    everybody = ("owner", "colleague", "stranger", "admin", "nobody")
    named = {name for name in everybody if server.find(getattr(people, name), "other", f"p{number}") is not None}
    listed = {name for name in everybody if number in {item.id for item in server.visible(getattr(people, name))}}
    assert (
        named
        == listed
        == {
            name
            for name in everybody
            if any(details.product.id == number for details in server.all(getattr(people, name)))
        }
    )
    return named


def test_a_change_of_access_is_seen_at_once_on_both_servers(
    database: Database, people: People, servers: tuple[PublishedProducts, PublishedProducts]
):
    number, beside = publish(database, people), publish(database, people)
    everybody = {"owner", "colleague", "stranger", "admin", "nobody"}
    steps: list[tuple[ProductChanges, set[str]]] = [
        (ProductChanges(visibility=Visibility.PUBLIC), everybody),
        (ProductChanges(visibility=Visibility.PRIVATE), {"owner", "admin"}),
        (ProductChanges(visibility=Visibility.REGISTERED), everybody - {"nobody"}),
        (ProductChanges(visibility=Visibility.GROUPS, groups=("team",)), {"owner", "colleague", "admin"}),
        (ProductChanges(visibility=Visibility.PUBLIC), everybody),
    ]
    for changes, readers in steps:
        _change(database, number, changes)
        for server in servers:
            assert found_by(server, people, number) == readers
            assert found_by(server, people, beside) == everybody
    ProductService(database).delete(people.owner, number)
    assert all(found_by(server, people, number) == set() for server in servers)


def test_what_is_shown_of_a_product_follows_its_change(
    database: Database, people: People, servers: tuple[PublishedProducts, PublishedProducts]
):
    number = publish(database, people)
    for text in ("first", "second"):
        ProductService(database).change(people.owner, number, ProductChanges(description=text))
        for server in servers:
            details = server.find(people.nobody, "other", f"p{number}")
            assert details is not None
            assert details.product.description == text
            assert [item.product.description for item in server.all(people.nobody)] == [text]
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "owner").values(name="renamed"))
    assert {item.product.owner for server in servers for item in server.all(people.nobody)} == {"renamed"}


def test_sets_that_are_brought_up_to_date_are_those_that_are_read_anew(
    database: Database, people: People, servers: tuple[PublishedProducts, PublishedProducts]
):
    dice = random.Random(20261128)  # noqa: S311 - no secret
    numbers = [publish(database, people, dice.choice(list(Visibility))) for _ in range(12)]
    service = ProductService(database)
    identities: list[Identity] = [people.owner, people.colleague, people.stranger, people.admin, people.nobody]
    for step in range(12):
        number = dice.choice(numbers)
        if step % 4 == 3:
            numbers.remove(number)
            service.delete(people.owner, number)
        else:
            _change(database, number, ProductChanges(visibility=dice.choice(list(Visibility))))
        for identity in identities:
            fresh = PublishedProducts(database, service).visible(identity)
            for server in servers:
                kept = server.visible(identity)
                assert kept == fresh
                assert kept.key == fresh.key


def test_blocks_are_kept_while_their_products_stay_the_same(database: Database, people: People):
    server = PublishedProducts(database, ProductService(database))
    numbers = [publish(database, people) for _ in range(3)]
    first = server.visible(people.nobody)
    assert server.visible(people.nobody) is first
    _change(database, numbers[0], ProductChanges(visibility=Visibility.PRIVATE))
    assert [item.id for item in server.visible(people.nobody)] == numbers[1:]
    for identity in (people.nobody, people.stranger):  # the same products: what is made of them is shared
        assert server.visible(identity).key == server.visible(people.nobody).key
    assert server.visible(people.owner).key != server.visible(people.nobody).key


def test_a_look_up_takes_the_same_statements_however_many_products_there_are(database: Database, people: People):
    server = PublishedProducts(database, ProductService(database))
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    def count(number: int) -> int:
        statements.clear()
        assert server.find(people.nobody, "other", f"p{number}") is not None
        return sum(statement.startswith("SELECT") for statement in statements)

    number = publish(database, people)
    cold, warm = count(number), count(number)
    for _ in range(20):
        publish(database, people)
    assert count(number) == warm == 1
    _change(database, number, ProductChanges(visibility=Visibility.PUBLIC))
    assert count(number) == cold


def _change(database: Database, number: int, changes: ProductChanges) -> None:
    """Change who may read a product, as sharing does."""
    with database.write() as session:
        row = session.get_one(ProductRow, number)
        assert changes.visibility is not None
        row.visibility, row.updated_at = changes.visibility, utc_now()
        row.groups = [session.query(GroupRow).filter(GroupRow.name == name).one() for name in changes.groups or ()]


def test_a_table_is_looked_up_by_its_name_and_no_other_product_is_read(sqlite_tables_url: str) -> None:
    """SQLite has no statistics of its indexes: a join would begin with all products of one status."""
    database = Database(sqlite_tables_url)
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    for identity in (ANONYMOUS, Identity(user_id=7, name="somebody")):
        asked.clear()
        assert PublishedProducts(database, ProductService(database)).find(identity, "other", "p1") is None
        statement, values = asked[-1]
        with database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        searches = [str(row[3]) for row in plan]
        products = [search for search in searches if search.startswith(("SEARCH products", "SCAN products"))]
        assert products
        assert all("rowid=?" in search for search in products), searches
        assert any("product_tables USING COVERING INDEX ix_product_tables_name" in search for search in searches)
    database.close()
