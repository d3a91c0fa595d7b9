"""RegTAP over HTTP: pyvo's searches of registries find and open products; rows agree with the records of OAI-PMH."""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests
from astropy import units
from astropy.config import paths
from astropy.coordinates import SkyCoord
from astropy.table import Column, Table
from astropy.time import Time
from astropy.utils.data import import_file_to_cache
from lxml import etree
from pyvo import registry
from pyvo.dal import TAPService

from registry.validation.schemas import SCHEMA_FOLDER
from tests.registry.regtap.standard import STANDARD_COLUMNS, STANDARD_TABLES
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


#: A few concepts of the thesaurus in the form in which the IVOA serves it (Vocabularies in the VO 2.1 §3.2).
_UAT = {
    "surveys": {"label": "Surveys", "description": "", "wider": [], "narrower": ["redshift-surveys"]},
    "redshift-surveys": {"label": "Redshift surveys", "description": "", "wider": ["surveys"], "narrower": []},
    "galaxies": {"label": "Galaxies", "description": "", "wider": [], "narrower": []},
}
_ATTRIBUTION = {
    "authors": [{"name": "Leavitt, Henrietta", "orcid": "0000-0002-1825-0097"}],
    "keywords": [{"text": "Redshift surveys", "uat": 1378}],
    "references": ["2018MNRAS.473.2655H"],
    "license": "CC-BY-4.0",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    folder = tmp_path_factory.mktemp("regtap")
    with small_site(folder) as running, _vocabularies(folder):
        registry.choose_RegTAP_service(running.url("reg/tap"))
        _publish_surveyed(running, folder)
        yield running


def _vocabularies(folder: Path) -> paths.set_temp_cache:
    """Give a cache of downloads with the vocabularies that pyvo reads over the network."""
    (folder / "cache").mkdir()
    uat = folder / "uat.desise"
    uat.write_text(json.dumps({"uri": "http://www.ivoa.net/rdf/uat", "terms": _UAT}))
    cache = paths.set_temp_cache(str(folder / "cache"))
    with cache:
        messenger = files("pyvo.registry.tests") / "data" / "messenger.desise"
        import_file_to_cache("http://www.ivoa.net/rdf/messenger", str(messenger))
        import_file_to_cache("http://www.ivoa.net/rdf/uat", str(uat))
    return cache


def _publish_surveyed(site: SmallSite, folder: Path) -> None:
    """Publish a product with bands, epochs and an attribution."""
    columns = (
        ("RA", [150.1, 150.2], "deg", "pos.eq.ra;meta.main"),
        ("Dec", [2.1, 2.2], "deg", "pos.eq.dec;meta.main"),
        ("zPhot", [0.4, 0.5], None, "src.redshift.phot"),
        ("magV", [21.0, 22.0], "mag", "phot.mag;em.opt.V"),
        ("epoch", [59000.5, 59010.5], "d", "time.epoch"),
    )
    table = Table([Column(values, name, unit=unit, meta={"ucd": ucd}) for name, values, unit, ucd in columns])
    path = folder / "surveyed.vot"
    table.write(path, format="votable")
    meanings = {"RA": "ra", "Dec": "dec", "zPhot": "z"}
    found = site.owner.publish("Surveyed", "redshift_catalog", path, meanings, visibility="public")
    site.owner.json("PATCH", f"products/{found['id']}/", json=_ATTRIBUTION)


@pytest.fixture(scope="module")
def service(site: SmallSite) -> TAPService:
    return registry.regtap.get_RegTAP_service()


_ALL = {"numbered", "nameless", "surveyed"}


def _products(found: registry.regtap.RegistryResults) -> set[str]:
    return {record.ivoid.rpartition("_")[2] for record in found if "/products/" in record.ivoid}


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"keywords": "numbered"}, {"numbered"}),
        ({"keywords": "redshift"}, _ALL),
        ({"keywords": ["surveyed", "redshift"]}, {"surveyed"}),
        ({"author": "%admin%"}, {"numbered", "nameless"}),
        ({"author": "Leavitt%"}, {"surveyed"}),
        ({"servicetype": "conesearch"}, _ALL),
        ({"servicetype": "tap", "includeaux": True}, _ALL),
        ({"servicetype": "ivo://ivoa.net/std/hats#hats-1.0"}, _ALL),
        ({"waveband": "optical"}, {"surveyed"}),
        ({"waveband": ("radio", "X-ray")}, set()),
        ({"ucd": ["src.redshift%"]}, _ALL),
        ({"ucd": ["phot.mag%"]}, {"surveyed"}),
        ({"uat": "redshift-surveys"}, _ALL),
        ({"uat": "galaxies"}, set()),
        ({"spatial": (10.5, -19.5)}, {"nameless"}),
        ({"spatial": (SkyCoord(10.5, -19.5, unit="deg"), 0.2 * units.deg)}, {"nameless"}),
        ({"spatial": (150, 2, 151, 2, 151, 3, 150, 3), "keywords": "surveyed"}, {"surveyed"}),
        ({"spectral": 5500 * units.Angstrom}, {"surveyed"}),
        ({"spectral": (2.2 * units.eV, 3 * units.eV)}, {"surveyed"}),
        ({"spectral": 21 * units.cm}, set()),
        ({"temporal": Time(59005, format="mjd")}, {"surveyed"}),
        ({"temporal": (59000, 59001)}, {"surveyed"}),
        ({"temporal": 60000}, set()),
    ],
)
def test_searches_of_pyvo_find_the_public_products(site: SmallSite, constraints: dict, expected: set[str]):
    assert _products(registry.search(**constraints)) == expected


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (registry.Spatial((150.1, 2.1, 0.5), intersect="overlaps"), {"surveyed"}),
        (registry.Spatial((150.1, 2.1, 5), intersect="enclosed"), {"surveyed"}),
        (registry.Spatial((10.5, -89, 1), intersect="enclosed"), set()),
        (registry.Temporal(60000, inclusive=True), {"numbered", "nameless"}),
        (registry.Spectral(21 * units.cm, inclusive=True), {"numbered", "nameless"}),
    ],
)
def test_constraints_of_coverage_have_their_variants(site: SmallSite, constraint, expected: set[str]):
    assert _products(registry.search(constraint)) == expected


def test_narrower_concepts_of_the_thesaurus_are_found(site: SmallSite):
    assert _products(registry.search(registry.UAT("surveys", expand_down=1))) == _ALL
    assert _products(registry.search(registry.UAT("surveys"))) == set()


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
        of_record = f"WHERE ivoid = '{row['ivoid']}'"
        columns = service.search(f"SELECT name, ucd FROM rr.table_column {of_record}")
        assert sorted((item["name"], item["ucd"] or "") for item in columns) == sorted(
            tuple((item.findtext(f"{{*}}{name}") or "").lower() for name in ("name", "ucd"))
            for item in resource.iter("{*}column")
        )
        found = service.search(f"SELECT access_url, result_type FROM rr.interface {of_record}")
        assert sorted((item["access_url"], item["result_type"] or "") for item in found) == sorted(
            (item.findtext("{*}accessURL"), item.findtext("{*}resultType") or "")
            for item in resource.iter("{*}interface")
        )
        found = service.search(f"SELECT alt_identifier FROM rr.alt_identifier {of_record}")
        assert {item["alt_identifier"] for item in found} == {item.text for item in resource.iter("{*}altIdentifier")}
        found = service.search(
            "SELECT detail_value FROM rr.res_detail "
            f"{of_record} AND detail_xpath = '/capability/interface/securityMethod/@standardID'"
        )
        assert sorted(item["detail_value"] for item in found) == sorted(
            item.get("standardID") for item in resource.iter("{*}securityMethod")
        )


def test_the_tables_are_those_of_the_standard(site: SmallSite, service: TAPService):
    tables = service.search("SELECT table_name, utype FROM TAP_SCHEMA.tables WHERE schema_name = 'rr'")
    assert {row["table_name"]: row["utype"] or None for row in tables} == {
        f"rr.{name}": utype for name, utype in STANDARD_TABLES.items()
    }
    columns = service.search("SELECT * FROM TAP_SCHEMA.columns WHERE table_name LIKE 'rr.%' AND std = 1")
    assert {
        (row["table_name"].removeprefix("rr."), row["column_name"]): (_kind(row), row["utype"] or None)
        for row in columns
    } == STANDARD_COLUMNS
    assert {row["column_name"]: row["unit"] for row in columns if row["unit"]} == {
        "region_of_regard": "deg",
        "time_start": "d",
        "time_end": "d",
        "spectral_start": "J",
        "spectral_end": "J",
    }


def _kind(row) -> str:
    """Give the type of a column in the words of the standard."""
    if row["datatype"] in {"char", "unicodeChar"} and row["arraysize"] == "*":
        return row["xtype"] or "string"
    return {"short": "integer", "int": "integer", "double": "real"}[row["datatype"]]


def test_coverage_is_compared_with_circles_polygons_and_points(service: TAPService):
    for condition in (
        "1 = CONTAINS(POINT(150.1, 2.1), coverage)",
        "1 = INTERSECTS(coverage, CIRCLE(150.1, 2.1, 0.1))",
        "1 = CONTAINS(coverage, POLYGON(145, -3, 155, -3, 155, 7, 145, 7))",
        "ref_system_name IS NULL AND 1 = INTERSECTS(MOC(6, CIRCLE(150.1, 2.1, 0.1)), coverage)",
    ):
        rows = service.search(f"SELECT ivoid FROM rr.stc_spatial WHERE {condition}")
        assert any(row["ivoid"].endswith("_surveyed") for row in rows), condition
        assert not any(row["ivoid"].endswith("_nameless") for row in rows), condition


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (  # addresses of all TAP services for everybody
            (
                "SELECT access_url FROM rr.capability NATURAL JOIN rr.interface "
                "WHERE standard_id = 'ivo://ivoa.net/std/tap' AND intf_role = 'std' AND authenticated_only = 0"
            ),
            {"{url}/tap"},
        ),
        (  # what serves a product
            (
                "SELECT DISTINCT b.access_url FROM rr.relationship AS r "
                "JOIN rr.capability AS c ON r.related_id = c.ivoid "
                "JOIN rr.interface AS b ON b.ivoid = c.ivoid AND b.cap_index = c.cap_index "
                "WHERE relationship_type = 'isservedby' AND c.cap_type = 'tr:tableaccess' AND r.ivoid LIKE '%surveyed'"
            ),
            {"{url}/tap"},
        ),
        (  # tables with photometry
            "SELECT DISTINCT table_name FROM rr.table_column NATURAL JOIN rr.res_table WHERE ucd LIKE 'phot.mag%'",
            {"redshift_catalog.p4_surveyed"},
        ),
        (  # cone searches of resources of a person
            (
                "SELECT access_url FROM rr.alt_identifier NATURAL JOIN rr.capability NATURAL JOIN rr.interface "
                "WHERE alt_identifier = 'orcid:0000-0002-1825-0097' AND standard_id = 'ivo://ivoa.net/std/conesearch'"
            ),
            {"{url}/conesearch/redshift_catalog.p4_surveyed?"},
        ),
        (  # what a paper is about
            (
                "SELECT res_title FROM rr.resource NATURAL JOIN rr.alt_identifier "
                "WHERE alt_identifier ILIKE 'bibcode:2018mnras%'"
            ),
            {"Surveyed"},
        ),
        (  # who answers questions about an authority
            (
                "SELECT email FROM rr.res_role NATURAL JOIN rr.resource "
                "WHERE res_type = 'vg:authority' AND base_role = 'contact'"
            ),
            {"postmaster@photoz.local"},
        ),
        (  # the parts of a hash list, and joined values
            (
                "SELECT ivo_string_agg(res_subject, ', ') FROM rr.resource NATURAL JOIN rr.res_subject "
                "WHERE 1 = ivo_hashlist_has(content_type, 'catalog') AND ivoid LIKE '%surveyed' GROUP BY ivoid"
            ),
            {"redshift-surveys"},
        ),
        (  # resources under a licence
            "SELECT short_name FROM rr.resource WHERE rights_uri LIKE '%CC-BY-4.0%'",
            {"PZ 4"},
        ),
    ],
)
def test_common_queries_of_registries(site: SmallSite, service: TAPService, query: str, expected: set[str]):
    rows = service.search(query).to_table()
    assert {str(row[0]) for row in rows} == {text.format(url=site.server.base_url) for text in expected}


def test_dachs_harvests_the_records(site: SmallSite, service: TAPService, tmp_path: Path):
    script = (
        "import json, sys; from gavo.protocols import oaiclient; "
        "print(json.dumps([[r['title'], r.get('accessURL', [])] for r in oaiclient.getRecords(sys.argv[1])]))"
    )
    if not SCHEMA_FOLDER.is_dir():
        pytest.skip("python3-gavo, the harvester of DaCHS, is not installed: apt-get install python3-gavo")
    command = ["/usr/bin/python3", "-c", script, site.url("oai")]
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    harvested = json.loads(done.stdout.splitlines()[-1])
    assert sorted(title for title, _ in harvested) == sorted(
        row["res_title"] for row in service.search("SELECT res_title FROM rr.resource")
    )
    assert {url for _, urls in harvested for url in urls} == {
        row["access_url"] for row in service.search("SELECT access_url FROM rr.interface")
    }


def test_topcat_finds_services_by_keywords(site: SmallSite):
    classes, source = Path("/usr/share/java/starlink-vo.jar"), Path(__file__).with_name("KeywordSearch.java")
    if shutil.which("javac") is None or not classes.is_file():
        pytest.skip("the classes of TOPCAT, or a JDK, are not installed: apt-get install stilts default-jdk-headless")
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command = ["java", *quick, "-cp", str(classes), str(source), site.url("reg/tap"), "nameless"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in found] == ["ConeSearch"], "TAP, which is one service, has none of the word"
    ((_, identifier, title, publisher, address),) = found
    assert (identifier, title, publisher) == (
        "ivo://photoz.local/products/2_nameless",
        "Nameless",
        "Photo-z Server",
    )
    answer = requests.get(address, params={"RA": 10.5, "DEC": -15, "SR": 0.01}, timeout=60)
    assert answer.text.count("<STREAM") + answer.text.count("<TR>") > 0


def test_what_a_record_says_of_downloads_is_there(site: SmallSite):
    (found,) = registry.search("surveyed")
    interfaces = {item.standard_id or item.type: item.access_url for item in found.interfaces}
    archive = requests.get(interfaces["vs:paramhttp"], timeout=60)
    with ZipFile(io.BytesIO(archive.content)) as members:
        assert "surveyed.vot" in " ".join(members.namelist())
    properties = requests.get(f"{interfaces['ivo://ivoa.net/std/hats#hats-1.0']}/collection.properties", timeout=60)
    assert "hats_primary_table_url" in properties.text


def test_no_table_has_a_word_of_what_is_not_public(site: SmallSite, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("withdrawn") / "unicorn.csv"
    path.write_text("RA,DEC,z\n1,2,0.5\n")
    meanings = {"RA": "ra", "DEC": "dec", "z": "z"}
    product = site.owner.publish("Unicorn", "redshift_catalog", path, meanings, visibility="public")

    def text() -> str:
        queries = (f"SELECT * FROM rr.{name}" for name in STANDARD_TABLES)
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
