"""RegTAP over HTTP: pyvo's searches of registries find and open products; rows agree with the records of OAI-PMH."""

from collections.abc import Iterator

import pytest
import requests
from astropy import units
from astropy.coordinates import SkyCoord
from lxml import etree
from pyvo import registry
from pyvo.dal import TAPService

from tap.metadata.registry_columns import REGISTRY_COLUMNS
from tests.tap.small_site import SmallSite, small_site

pytestmark = pytest.mark.slow

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: Columns of ``rr.resource`` with the XPaths of RegTAP 1.1 §4.1; several values are separated as the text says.
_PATHS = {
    "short_name": ("shortName", None),
    "res_title": ("title", None),
    "content_level": ("content/contentLevel", "#"),
    "res_description": ("content/description", None),
    "reference_url": ("content/referenceURL", None),
    "creator_seq": ("curation/creator/name", "; "),
    "content_type": ("content/type", "#"),
    "waveband": ("coverage/waveband", "#"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    with small_site(tmp_path_factory.mktemp("regtap")) as running:
        registry.choose_RegTAP_service(running.url("reg/tap"))
        yield running


@pytest.fixture(scope="module")
def service(site: SmallSite) -> TAPService:
    return registry.regtap.get_RegTAP_service()


def _products(found: registry.regtap.RegistryResults) -> set[str]:
    return {record.ivoid.rpartition("_")[2] for record in found if "/products/" in record.ivoid}


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"keywords": "numbered"}, {"numbered"}),
        ({"keywords": "redshift"}, {"numbered", "nameless"}),
        ({"author": "%admin%"}, {"numbered", "nameless"}),
        ({"servicetype": "conesearch"}, {"numbered", "nameless"}),
        ({"servicetype": "tap", "includeaux": True}, {"numbered", "nameless"}),
        ({"ucd": ["src.redshift%"]}, {"numbered", "nameless"}),
        ({"ucd": ["phot.mag%"]}, set()),
        ({"spatial": (10.5, -19.5)}, {"nameless"}),
        ({"spatial": (SkyCoord(10.5, -19.5, unit="deg"), 0.2 * units.deg)}, {"nameless"}),
        ({"spectral": 5000 * units.Angstrom}, set()),
    ],
)
def test_searches_of_pyvo_find_the_public_products(site: SmallSite, constraints: dict, expected: set[str]):
    assert _products(registry.search(**constraints)) == expected


def test_services_are_found_by_type_data_model_and_identifier(site: SmallSite):
    for constraints in ({"servicetype": "tap"}, {"datamodel": "regtap"}, {"ivoid": "ivo://photoz.local/TAP"}):
        (found,) = registry.search(**constraints)
        assert found.ivoid == "ivo://photoz.local/tap"
        assert found.get_service(service_type="tap").baseurl == site.url("tap")


def test_what_is_found_is_opened_down_to_its_rows(site: SmallSite):
    (found,) = registry.search("nameless")
    assert "Photo-z Server" in found.get_contact()
    (table,) = found.get_tables()
    assert table == site.nameless
    cone = found.get_service(service_type="conesearch")
    assert len(cone.search(SkyCoord(10.5, -15.0, unit="deg"), 0.01)) == 1
    rows = found.get_service(service_type="tap", lax=True).search(f"SELECT * FROM {table}")
    assert len(rows) == 40


def test_rows_agree_with_the_records_that_are_harvested(site: SmallSite, service: TAPService):
    answer = requests.get(site.url("oai?verb=ListRecords&metadataPrefix=ivo_vor"), timeout=60)
    resources = etree.fromstring(answer.content).findall(".//{*}metadata/{*}Resource")
    rows = {row["ivoid"]: row for row in service.search("SELECT * FROM rr.resource")}
    assert set(rows) == {resource.findtext("{*}identifier").lower() for resource in resources}
    for resource in resources:
        row = rows[resource.findtext("{*}identifier").lower()]
        assert row["res_type"] == resource.get(_XSI_TYPE).lower()
        for column, (path, separator) in _PATHS.items():
            values = [
                element.text for element in resource.findall("/".join(f"{{*}}{name}" for name in path.split("/")))
            ]
            text = (separator or "").join(values)
            text = text.lower() if separator == "#" else text
            assert (row[column] or "") == text, column
        columns = service.search(f"SELECT name, ucd FROM rr.table_column WHERE ivoid = '{row['ivoid']}'")
        assert sorted((item["name"], item["ucd"] or "") for item in columns) == sorted(
            (item.findtext("{*}name"), (item.findtext("{*}ucd") or "").lower()) for item in resource.iter("{*}column")
        )
        found = service.search(f"SELECT access_url FROM rr.interface WHERE ivoid = '{row['ivoid']}'")
        assert sorted(item["access_url"] for item in found) == sorted(
            element.text for element in resource.iter("{*}accessURL")
        )


def test_no_table_has_a_word_of_what_is_not_public(site: SmallSite, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("withdrawn") / "unicorn.csv"
    path.write_text("RA,DEC,z\n1,2,0.5\n")
    meanings = {"RA": "ra", "DEC": "dec", "z": "z"}
    product = site.owner.publish("Unicorn", "redshift_catalog", path, meanings, visibility="public")

    def text() -> str:
        queries = (f"SELECT * FROM rr.{name}" for name in REGISTRY_COLUMNS)
        sent = {"LANG": "ADQL", "FORMAT": "csv"}
        answers = [requests.post(site.url("tap/sync"), data={**sent, "QUERY": query}, timeout=60) for query in queries]
        assert {answer.status_code for answer in answers} == {200}
        return "\n".join(answer.text for answer in answers).lower()

    assert text().count("unicorn") > 5
    assert site.owner.call("PATCH", f"products/{product['id']}/", json={"visibility": "private"}).status_code == 200
    after = text()
    assert "unicorn" not in after
    assert "_private" not in after
    assert "_nameless" in after
