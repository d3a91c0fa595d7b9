import pytest

from tests.tap.adql.sky import Sky, make_sky


@pytest.fixture(scope="session")
def sky() -> Sky:
    return make_sky()
