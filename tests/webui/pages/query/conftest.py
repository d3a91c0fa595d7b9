"""One site for the tests of the query page: each engine takes seconds to start."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.services import Services
from tests.webui.pages.conftest import Publish


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, filled_database: Path) -> Iterator[Services]:
    settings = Settings(
        data=tmp_path_factory.mktemp("queries") / "data",
        base_url="http://testserver",
        min_free_bytes=0,
        max_upload_bytes=20_000,
        query_workers=1,
    )
    prepare_data_folder(settings)
    shutil.copy(filled_database, settings.data / "photoz.sqlite")
    services = Services(settings)
    yield services
    services.close()


@pytest.fixture
def vvds(publish: Publish, services: Services) -> str:
    """The table of a product of alice for registered users."""
    identity = services.accounts.service.identity_of_user("alice")
    found = services.tap.catalog.tables_of(identity).matching("p1_vvds_sample")
    if found:
        return found[0].name
    product = publish()
    table = services.products.service.details(identity, product.id).table
    assert table is not None
    return table.full_name
