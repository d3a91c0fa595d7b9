from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from lxml import etree

from core.database import Database
from core.settings import Settings
from tests.core.vosi.schemas import schema
from tests.vospace.client import checked
from tests.vospace.conftest import bare_vospace
from vospace.documents.nodes import node_document
from vospace.models import CORE, Detail, Node, NodeKind, time_property
from vospace.uris import NodeUris


@pytest.fixture
def client(tmp_path):
    """A VOSpace whose database is gone."""
    settings = Settings(data=tmp_path, authority="example.org", base_url="https://pz.example.org")
    database = Database(f"sqlite:///{tmp_path}/gone/photoz.sqlite")
    with TestClient(bare_vospace(settings, database)[0]) as client:
        yield client


def items(client, name):
    root = checked(client.get(f"/vospace/{name}").content)
    assert root.tag == f"{{http://www.ivoa.net/xml/VOSpace/v2.0}}{name}"
    return {part.tag.rpartition("}")[2]: [item.get("uri").removeprefix(CORE) for item in part] for part in root}


def test_the_capabilities_follow_the_schema_and_have_what_vos_looks_for(client):
    answer = client.get("/vospace/capabilities")
    root = etree.fromstring(answer.content)

    schema().assertValid(root)
    assert answer.headers["content-type"].startswith("text/xml")
    urls = {capability.get("standardID"): capability.findtext("interface/accessURL") for capability in root}
    assert urls["ivo://ivoa.net/std/VOSpace/v2.0#nodes"] == "https://pz.example.org/vospace/nodes"
    assert urls["ivo://ivoa.net/std/VOSpace#files-proto"] == "https://pz.example.org/vospace/files"
    assert urls["ivo://ivoa.net/std/VOSpace#sync-2.1"] == "https://pz.example.org/vospace/synctrans"


def test_the_availability_is_that_of_the_server(client):
    root = etree.fromstring(client.get("/vospace/availability").content)

    schema().assertValid(root)
    assert root.findtext("{*}available") == "true"


def test_protocols_views_and_properties_say_what_there_is(client):
    assert items(client, "protocols") == {"accepts": [], "provides": ["httpsget", "httpsput"]}
    views = items(client, "views")
    assert views["accepts"] == ["anyview", "defaultview", "binaryview"]
    assert views["provides"][:2] == ["defaultview", "binaryview"]
    assert [view.rpartition("#")[2] for view in views["provides"][2:]] == ["zip", "tar"]
    properties = items(client, "properties")
    assert {"title", "ispublic", "groupread"} <= set(properties["accepts"])
    assert "MD5" not in properties["accepts"]
    assert {"MD5", "length", "date", "ispublic", "quota"} <= set(properties["provides"])
    assert properties["contains"] == properties["provides"]


def test_text_that_xml_cannot_say_is_left_out():
    node = Node(("a",), NodeKind.DATA, {"title": "one\x00two\x1b <&> three"})

    root = etree.fromstring(b"".join(node_document(node, NodeUris("example.org"), Detail.PROPERTIES)))

    assert root.findtext("{*}properties/{*}property") == "onetwo <&> three"


@pytest.mark.parametrize("name", ["plain.csv", "a b", "100%", "what?", "a#b", "é~!", '"<>"'])
def test_every_name_survives_its_address(name):
    uris = NodeUris("Example.org")

    assert uris.path_of(uris.of(("products", name))) == ("products", name)


def test_dates_have_no_offset_that_clients_stumble_over():
    assert time_property(datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)) == "2026-01-02T03:04:05.678Z"
