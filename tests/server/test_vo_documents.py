"""Every document of VOSI, VOResource, UWS, VOTable and VOSpace that the application serves is valid by its schema."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from lxml import etree

from core.auth.models import Scope
from core.database import Database
from core.settings import Settings
from server.app import create_app
from server.services import Services
from tests.core.vosi.schemas import schema, votable_schema
from tests.support.in_process import in_process_client
from tests.support.waiting import wait_for
from tests.vospace.client import checked

pytestmark = pytest.mark.either_database

VOSI = (
    "/availability",
    "/tap/availability",
    "/tap/capabilities",
    "/tap/tables",
    "/tap/tables?detail=min",
    "/tap/tables/photoz.products",
    "/tap/tables/tap_schema.columns",
    "/auth/tap/availability",
    "/auth/tap/capabilities",
    "/auth/tap/tables",
    "/datalink/availability",
    "/datalink/capabilities",
    "/vospace/availability",
    "/vospace/capabilities",
    "/vospace/auth/capabilities",
)
UWS = (
    "/tap/async",
    "/tap/table-update",
    "/pipelines/training_set_maker",
    "/auth/tap/async",
    "/vospace/transfers",
    "/vospace/async-delete",
    "/vospace/async-setprops",
)
VOSPACE = (
    "/vospace/views",
    "/vospace/protocols",
    "/vospace/properties",
    "/vospace/nodes",
    "/vospace/nodes/home",
    "/vospace/nodes/home?detail=max",
    "/vospace/nodes/products",
)
VOTABLE = ("/tap/sync", "/tap/sync?LANG=ADQL&QUERY=SELECT+1+FROM", "/datalink?ID=none", "/datalink")
AVAILABILITIES = [path for path in VOSI if path.endswith("/availability")]


@pytest.fixture
def services(tables_url: str, tmp_path: Path) -> Iterator[Services]:
    services = Services(Settings(data=tmp_path, base_url="http://testserver", min_free_bytes=0))
    services.database = Database(tables_url)
    yield services
    services.close()


@pytest.fixture
def client(services: Services, portal: BlockingPortal) -> Iterator[httpx2.Client]:
    accounts = services.accounts.service
    accounts.add_user("owner", None)
    token = accounts.issue_token(accounts.identity_of_user("owner"), "test", Scope.WRITE).secret
    headers = {"Authorization": f"Bearer {token}"}
    with in_process_client(create_app(services), portal, raises=False, headers=headers) as client:
        yield client


def test_the_documents_are_valid(client: httpx2.Client):
    valid, tables = schema(), votable_schema()
    for path in VOSI + UWS:
        answer = client.get(path)
        assert answer.status_code == 200, path
        valid.assertValid(etree.fromstring(answer.content))
    for path in VOSPACE:
        answer = client.get(path)
        assert answer.status_code == 200, path
        checked(answer.content)
    for path in VOTABLE:
        root = etree.fromstring(client.get(path).content)
        tables.assertValid(etree.fromstring(etree.tostring(root).replace(b'version="1.5"', b'version="1.4"')))


def test_the_jobs_are_valid(client: httpx2.Client):
    valid = schema()
    for path, parameters in (
        ("/tap/async", {"LANG": "ADQL", "QUERY": "SELECT 1 FROM t", "RUNID": "a & b"}),
        ("/vospace/async-delete", {"TARGET": "vos://photoz.local~vospace/home/owner/x"}),
        ("/pipelines/training_set_maker", {}),
    ):
        made = client.post(path, data=parameters)
        assert made.status_code == 303, made.text
        for part in ("", "/parameters", "/results"):
            valid.assertValid(etree.fromstring(client.get(made.headers["location"] + part).content))


def test_no_service_says_that_it_is_available_when_the_database_does_not_answer(
    client: httpx2.Client, services: Services
):
    valid = schema()

    def found(path: str) -> tuple[str | None, str | None]:
        answer = client.get(path)
        assert answer.status_code == 200
        root = etree.fromstring(answer.content)
        valid.assertValid(root)
        return root.findtext("{*}available"), root.findtext("{*}note")

    assert {found(path) for path in AVAILABILITIES} == {("true", None)}
    services.database.engine.dispose()
    services.database.engine = Database("sqlite:////nowhere/gone.sqlite").engine
    unavailable = {("false", "The metadata database does not answer.")}
    wait_for(lambda: {found(path) for path in AVAILABILITIES} == unavailable, "a service is said to be available")
