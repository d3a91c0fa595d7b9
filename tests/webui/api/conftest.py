"""One running server for the tests of the REST API, whose public address is that of a proxy that breaks downloads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.auth.models import Scope
from core.auth.service import AccountService
from core.database import Database
from tests.server.api import Api
from tests.support.server import running_server
from tests.webui.api.breaking_proxy import BreakingProxy, breaking_proxy

PASSWORD = "a long password"
ROWS = 60
TABLE = "objid,RAdeg,DEdeg,zsp,name\n" + "".join(
    f"{i},{10 + i / 8},{-5 + i / 16},{i / 64},obj{i}\n" for i in range(ROWS)
)
MEANINGS = {"objid": "id", "RAdeg": "ra", "DEdeg": "dec", "zsp": "z"}


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, two users and an administrator."""

    alice: Api
    bob: Api
    admin: Api
    proxy: BreakingProxy
    data: Path
    database: Database


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("api") / "data"
    with breaking_proxy() as proxy, running_server(data, env={"PHOTOZ_BASE_URL": proxy.base_url}) as server:
        proxy.port = int(server.base_url.rpartition(":")[2])
        assert server.account is not None
        database = Database(f"sqlite:///{data / 'photoz.sqlite'}")
        accounts = AccountService(database)
        users = []
        for name in ("alice", "bob"):
            accounts.add_user(name, PASSWORD)
            token = accounts.issue_token(accounts.identity_of_user(name), "tests", Scope.WRITE).secret
            users.append(Api(server.base_url, token))
        yield Site(*users, Api(server.base_url, server.account.token), proxy, data, database)
        database.close()


@pytest.fixture(scope="session")
def catalogue(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A published redshift catalogue of alice."""
    path = tmp_path_factory.mktemp("catalogue") / "cat.csv"
    path.write_text(TABLE)
    return site.alice.publish("Test Redshift (v1.0) é", "redshift_catalog", path, MEANINGS)
