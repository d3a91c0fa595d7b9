"""Rows of metadata tables of many products: made in the background once, and taken over by the next server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import event, insert, update

from core.auth.models import ANONYMOUS
from core.auth.service import AccountService
from core.database import utc_now
from core.settings import Settings
from products.models import ProductStatus, Visibility
from products.product_types import PRODUCT_TYPES
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from server.services import Services
from tests.support.databases import EmptySQLite

MANY = 560
KIND = min(PRODUCT_TYPES)


@pytest.fixture
def server(empty_sqlite: EmptySQLite, tmp_path: Path) -> Iterator[Callable[[], Services]]:
    """Return a function that starts the services of a process on one folder."""
    settings = Settings(data=tmp_path / "data", base_url="http://x", min_free_bytes=0)
    settings.data.mkdir()
    empty_sqlite.database(settings.data / "photoz.sqlite")
    started: list[Services] = []

    def start() -> Services:
        started.append(Services(settings))
        return started[-1]

    yield start
    for services in started:
        services.close()


def _publish(services: Services, count: int) -> None:
    AccountService(services.database).add_user("owner", None)
    numbers, now, kind = range(1, count + 1), utc_now(), PRODUCT_TYPES[KIND]
    same = {
        "product_type_id": kind.id, "owner_id": 1, "visibility": Visibility.PUBLIC, "status": ProductStatus.PUBLISHED,
        "created_at": now, "updated_at": now, "published_at": now,
    }  # fmt: skip
    with services.database.write() as session:
        names = [
            {"id": number, "internal_name": f"{number}_x", "display_name": f"Product {number}"} for number in numbers
        ]
        session.execute(insert(ProductRow), [{**same, **each} for each in names])
        tables = [
            {"product_id": n, "table_schema": kind.name, "table_name": f"p{n}", "stored_id": f"s{n}", "rows": 1}
            for n in numbers
        ]
        session.execute(insert(ProductTableRow), tables)
        columns = [{"product_id": number, "position": 0, "name": "z", "datatype": "float"} for number in numbers]
        session.execute(insert(ProductColumnRow), columns)


@contextmanager
def _statements(services: Services) -> Iterator[list[str]]:
    """Collect the statements that read columns of products."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM product_columns" in statement:
            found.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(services.database.engine, "before_cursor_execute", note)


def _names(services: Services) -> list[str]:
    """Return the names of products in ``photoz.products``, those of hidden blocks left out."""
    (table,) = services.tap.catalog.named(ANONYMOUS, "photoz", "products")
    assert table.located is not None
    rows = table.located()
    found = pq.read_table(list(map(str, rows.files)), columns=["display_name", rows.block_column])
    return [row["display_name"] for row in found.to_pylist() if row[rows.block_column] not in rows.hidden]


def test_a_server_takes_over_what_an_earlier_one_has_made(server: Callable[[], Services]):
    first, stop = server(), threading.Event()
    _publish(first, MANY)
    first.tap.prepare_metadata(stop)
    stored = {path.stem for path in first.settings.metadata_folder.glob("*/*.json")}
    assert {"photoz.products", "photoz.product_columns", "tap_schema.tables", "tap_schema.columns"} < stored
    assert {"rr.resource", "rr.table_column", "rr.stc_spatial"} < stored
    with first.database.write() as session:
        session.execute(update(ProductRow).where(ProductRow.id == 7).values(display_name="Changed"))
        session.execute(update(ProductRow).where(ProductRow.id == 8).values(visibility=Visibility.PRIVATE))
    second = server()
    with _statements(second) as read:
        second.tap.prepare_metadata(stop)
    assert len(read) <= 6  # of one block, for the tables that show columns
    expected = {f"Product {number}" for number in range(1, MANY + 1)} - {"Product 7", "Product 8"} | {"Changed"}
    assert sorted(_names(second)) == sorted(expected)


def test_of_few_products_nothing_is_kept(server: Callable[[], Services]):
    services = server()
    _publish(services, 20)
    services.tap.prepare_metadata(threading.Event())
    assert len(_names(services)) == 20
    assert not services.settings.metadata_folder.exists()


def test_a_server_that_stops_makes_no_more_rows(server: Callable[[], Services]):
    services, stop = server(), threading.Event()
    _publish(services, MANY)
    stop.set()
    with _statements(services) as read:
        services.tap.prepare_metadata(stop)
    assert read == []
