"""The routes of OAI-PMH, over HTTP."""

from collections.abc import Iterator

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from lxml import etree

from core.database import Database
from products.lifecycle.published import PublishedProducts
from products.service import ProductService
from registry.assembly import RegistryServices
from registry.handlers import oai_routes
from server.adapters.registered_services import registered_services
from tests.registry.conftest import SETTINGS, Catalogue
from tests.registry.schemas import harvest_schema
from tests.support.in_process import in_process_client


@pytest.fixture
def client(database: Database, portal: BlockingPortal, tmp_path) -> Iterator[httpx2.Client]:
    settings = SETTINGS.model_copy(update={"data": tmp_path})
    published = PublishedProducts(database, ProductService(database))
    registry = RegistryServices(settings, database, published, lambda: registered_services(settings, {}), str)
    app = FastAPI()
    app.include_router(oai_routes(settings, registry))
    with in_process_client(app, portal) as client:
        yield client


def test_get_and_post_have_the_same_answer(client: httpx2.Client, catalogue: Catalogue):
    catalogue.publish_many(105)
    arguments = {"verb": "ListRecords", "metadataPrefix": "ivo_vor"}
    answers = [
        client.get("/oai", params=arguments),
        client.post("/oai", data=arguments),
        client.post("/oai", params={"verb": "ListRecords"}, data={"metadataPrefix": "ivo_vor"}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
        document = etree.fromstring(answer.content)
        harvest_schema().assertValid(document)
        assert len(document.findall(".//{*}record")) == 100
    assert client.head("/oai", params=arguments).status_code == 200


def test_an_error_has_status_200_and_styles_for_browsers(client: httpx2.Client):
    answer = client.get("/oai")
    assert answer.status_code == 200
    assert 'code="badVerb"' in answer.text
    assert '<?xml-stylesheet type="text/css" href="/static/oai.css"?>' in answer.text


def test_a_body_that_is_too_large_is_refused(client: httpx2.Client):
    assert client.post("/oai", content=b"verb=" + b"x" * 200_000).status_code == 413


def test_the_capabilities_of_the_registry_are_valid(client: httpx2.Client):
    document = etree.fromstring(client.get("/oai/capabilities").content)
    harvest_schema().assertValid(document)
    assert "ivo://ivoa.net/std/Registry" in {item.get("standardID") for item in document}
