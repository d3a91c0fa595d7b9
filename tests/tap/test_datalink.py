"""DataLink of products, followed by pyvo, STILTS and plain requests."""

import io
from collections.abc import Iterator

import pytest
import pyvo
import requests
from astropy.io.votable import parse, parse_single_table
from pzserver.sessions import TidySession

from tests.support.tools import Stilts
from tests.tap.small_site import SmallSite, small_site

#: pyvo leaves connections to the garbage collector when it has read a VOTable to its last tag.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*socket.*:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collected"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    with small_site(tmp_path_factory.mktemp("links")) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Somebody without credentials."""
    with TidySession() as running:
        yield running


def links(site: SmallSite, session: requests.Session, *ids: str, method: str = "GET"):
    sent = {"params" if method == "GET" else "data": {"ID": list(ids)}}
    answer = session.request(method, site.url("datalink"), timeout=60, **sent)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-votable+xml;content=datalink"
    return parse_single_table(io.BytesIO(answer.content), verify="exception").to_table()


def test_every_link_of_a_product_leads_to_what_it_says(site: SmallSite, session):
    table = links(site, session, "1_numbered")
    assert {"#this", "#auxiliary", "#preview", "#derivation", "#cutout"} == set(table["semantics"])
    assert dict(zip(table["local_semantics"], table["access_url"], strict=True))["#hats"] == site.url("hats/1_numbered")
    assert {"#detached-header", "#documentation", "#package", "#provenance", "#cone"} <= set(table["local_semantics"])
    for row in table:
        if not row["access_url"]:
            continue
        answer = session.get(row["access_url"], timeout=60)
        assert answer.status_code == 200, row["access_url"]
        assert answer.headers["Content-Type"].partition(";")[0] == row["content_type"].partition(";")[0]
        if row["content_length"] and row["semantics"] == "#this":
            assert len(answer.content) == row["content_length"]
            assert answer.text.startswith("num,RAJ2000,DEJ2000")


def test_the_cone_search_of_a_product_is_described(site: SmallSite, session):
    answer = session.get(site.url("datalink"), params={"ID": "1_numbered"}, timeout=60)
    document = pyvo.dal.adhoc.DatalinkResults(parse(io.BytesIO(answer.content)), session=session)
    (row,) = [row for row in document if row["service_def"]]
    (service,) = [
        resource for resource in parse(io.BytesIO(answer.content)).resources if row["service_def"] == resource.ID
    ]
    said = {param.name: param.value for param in service.params}
    assert said["standardID"] == "ivo://ivoa.net/std/ConeSearch"
    assert [param.name for param in service.groups[0].entries] == ["RA", "DEC", "SR"]
    found = pyvo.dal.SCSService(said["accessURL"], session=session).search((0.1, 0.1), radius=0.4)
    assert len(found) > 50


def test_pyvo_goes_from_a_result_to_the_files(site: SmallSite, session):
    service = pyvo.dal.TAPService(site.url("tap"), session=session)
    query = "SELECT display_name, p.internal_name AS n FROM photoz.products AS p ORDER BY product_id"
    result = service.run_sync(query)
    followed = list(result.iter_datalinks())
    assert len(followed) == len(result) == 2
    for row, found in zip(result, followed, strict=True):
        (this,) = found.bysemantics("#this", include_narrower=False)
        assert this["ID"] == row["n"]
        assert this["access_url"].endswith(f"/{row['display_name'].lower()}.csv")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT internal_name FROM photoz.products",
        "SELECT f.internal_name AS x, file_name FROM photoz.product_files AS f",
        "SELECT q.x FROM (SELECT internal_name AS x FROM photoz.products) AS q",
        "SELECT internal_name FROM photoz.products UNION SELECT internal_name FROM photoz.product_files",
    ],
)
@pytest.mark.parametrize("response", ["votable", "votable/td", "votable/b"])
def test_a_result_that_names_products_announces_their_links(site: SmallSite, session, query: str, response: str):
    answer = session.get(
        site.url("tap/sync"), params={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": response}, timeout=60
    )
    document = parse(io.BytesIO(answer.content), verify="exception")
    results, service = document.resources
    assert (results.type, service.type, service.utype) == ("results", "meta", "adhoc:service")
    said = {param.name: param.value for param in service.params}
    assert said == {"standardID": "ivo://ivoa.net/std/DataLink#links-1.1", "accessURL": site.url("datalink")}
    (item,) = service.groups[0].entries
    assert (item.name, item.ref) == ("ID", results.tables[0].fields[0].ID)


def test_other_results_announce_nothing(site: SmallSite, session):
    query = f"SELECT TOP 1 num FROM {site.numbered}"
    answer = session.get(site.url("tap/sync"), params={"LANG": "ADQL", "QUERY": query}, timeout=60)
    assert len(parse(io.BytesIO(answer.content)).resources) == 1


def test_several_products_are_asked_for_at_once_by_any_of_their_names(site: SmallSite, session):
    table = links(site, session, "1", "ivo://photoz.local/2_nameless", method="POST")
    assert set(table["ID"]) == {"1", "ivo://photoz.local/2_nameless"}
    assert not any(table["error_message"])


def test_what_one_may_not_read_is_not_there(site: SmallSite, session):
    def faults(asking: requests.Session, name: str):
        return [text.replace(name, "X") for text in links(site, asking, name)["error_message"]]

    assert faults(session, "3_private") == faults(session, "77_nothing") == ["NotFoundFault: there is no product 'X'."]
    with requests.Session() as owner:
        owner.headers["Authorization"] = f"Bearer {site.owner.token}"
        assert not any(links(site, owner, "3_private")["error_message"])


def test_nothing_asked_is_nothing_answered(site: SmallSite, session):
    assert len(links(site, session)) == 0


def test_wrong_parameters_are_told_in_a_votable(site: SmallSite, session):
    answer = session.get(site.url("datalink"), params={"ID": "1", "RESPONSEFORMAT": "papyrus"}, timeout=60)
    assert answer.status_code == 400
    assert b"papyrus" in answer.content
    answer = session.post(site.url("datalink"), data={"ID": [str(i) for i in range(1001)]}, timeout=60)
    assert answer.status_code == 400
    answer = session.get(site.url("datalink"), params={"id": "1", "responseformat": "text/xml"}, timeout=60)
    assert answer.headers["Content-Type"].startswith("text/xml")


def test_stilts_finds_nothing_wrong_with_links(site: SmallSite, stilts: Stilts):
    for query in ("ID=1_numbered&ID=2", "ID=1&ID=77_nothing", ""):
        report = stilts("datalinklint", f"votable={site.url('datalink')}?{query}")
        assert "Errors: 0; Warnings: 0;" in report, report


def test_stilts_finds_nothing_wrong_with_results_that_announce_them(site: SmallSite, stilts: Stilts):
    report = stilts("taplint", f"tapurl={site.url('tap')}", "stages=TMS TMC MDQ", "maxtable=8")
    assert "Errors: 0; Warnings: 0;" in report, report
    url = site.url("tap/sync?LANG=ADQL&QUERY=SELECT+*+FROM+photoz.products")
    # The footprint is a "moc" of DALI 1.2 §3.3; until a STILTS that knows it is in Debian, votlint says so.
    found = [line.partition("): ")[2] for line in stilts("votlint", f"votable={url}").splitlines()]
    assert found == ['Non-DALI xtype value "moc"']
