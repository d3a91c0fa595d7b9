"""One running server for the tests of the REST API, whose public address is that of a proxy that breaks downloads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server.api import Api
from tests.support.commands import photoz
from tests.support.pypi_client import PypiClient, UnavailableError, pypi_client
from tests.support.server import running_server
from tests.webui.api.breaking_proxy import BreakingProxy, breaking_proxy

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


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("api") / "data"
    with breaking_proxy() as proxy, running_server(data, env={"PHOTOZ_BASE_URL": proxy.base_url}) as server:
        proxy.port = int(server.base_url.rpartition(":")[2])
        assert server.account is not None
        tokens = {}
        for name in ("alice", "bob"):
            photoz("user", "add", name, "--password", "a long password", data=data)
            tokens[name] = photoz("token", "add", name, "--scope", "write", data=data).strip()
        yield Site(
            Api(server.base_url, tokens["alice"]),
            Api(server.base_url, tokens["bob"]),
            Api(server.base_url, server.account.token),
            proxy,
            data,
        )


@pytest.fixture(scope="session")
def catalogue(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A published redshift catalogue of alice."""
    path = tmp_path_factory.mktemp("catalogue") / "cat.csv"
    path.write_text(TABLE)
    return site.alice.publish("Test Redshift (v1.0) é", "redshift_catalog", path, MEANINGS)


@pytest.fixture(scope="session")
def todays_client(project_root: Path) -> PypiClient:
    """The library pzserver 0.3.7 from PyPI."""
    try:
        return pypi_client(project_root / ".cache")
    except UnavailableError as e:
        pytest.skip(str(e))
