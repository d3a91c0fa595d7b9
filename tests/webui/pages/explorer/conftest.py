"""One server for the tests of the explorer, whose engine is started once, with a table of stars."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from products.models import Product, Visibility
from server.services import Services
from tests.webui.pages.conftest import Publish, opened_services

STARS = b"objid,RAJ2000,DEJ2000,zspec,flag,link\n" + b"".join(
    f"{number},{10 + number / 100},{-5 - number / 100},{number / 10 if number % 5 else ''},"
    f"{'AB'[number % 2]},http://example.org/{number}\n".encode()
    for number in range(1, 121)
)


def table_name(services: Services, product: Product) -> str:
    identity = services.accounts.service.identity_of_user("alice")
    details = services.products.service.details(identity, product.id)
    assert details.table is not None
    return details.table.full_name


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, filled_database: Path) -> Iterator[Services]:
    yield from opened_services(tmp_path_factory.mktemp("explorer"), filled_database)


@pytest.fixture(scope="module")
def tables() -> dict[str, str]:
    """Names of the tables that were published already."""
    return {}


@pytest.fixture
def table(services: Services, publish: Publish, tables: dict[str, str]) -> str:
    """A public table of 120 rows, of which 24 have no redshift."""
    if "stars" not in tables:
        tables["stars"] = table_name(services, publish("Stars", table=STARS, visibility=Visibility.PUBLIC))
    return tables["stars"]
