"""Simple Cone Search with pyvo and STILTS, against separations computed by astropy."""

import csv
import io

import numpy as np
import pytest
import pyvo
import requests
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse, parse_single_table
from astropy.io.votable.dataorigin import extract_data_origin
from lxml import etree
from pzserver.sessions import TidySession

from tests.registry.schemas import harvest_schema
from tests.support.tools import Stilts
from tests.tap.small_site import DEC, RA, SmallSite, small_site

pytestmark = pytest.mark.slow

ROLES = ["meta.id;meta.main", "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"]
SKY = SkyCoord(RA, DEC, unit="deg")
CONES = [
    (0.0, 0.0, 0.3),
    (359.9, 0.1, 0.5),
    (-0.2, 0.0, 1.0),
    (123.0, 90.0, 5.0),
    (0.0, -90.0, 0.1),
    (200.0, 35.0, 40.0),
    (10.0, 10.0, 180.0),
    (45.0, -45.0, 1000.0),
    (180.0, 60.0, 1e-7),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with small_site(tmp_path_factory.mktemp("cones")) as running:
        yield running


@pytest.fixture(scope="module")
def gaps(site: SmallSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A table of which the first three rows alone have a position."""
    positions = ["5,80", "-5,80", "360,80", "365,80", "-185,80", ",80", "5,", "5,95", "5,-99"]
    path = tmp_path_factory.mktemp("gaps") / "gaps.csv"
    path.write_text("num,ra,dec,z\n" + "".join(f"{n},{position},0.5\n" for n, position in enumerate(positions)))
    meanings = {"num": "id", "ra": "ra", "dec": "dec", "z": "z"}
    return site.owner.publish("Gaps", "redshift_catalog", path, meanings, visibility="public")["tap_table"]


def ask(site: SmallSite, table: str, token: str | None = None, **parameters: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(site.cone(table), params=parameters, headers=headers, timeout=60)


def read(answer: requests.Response):
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    return parse_single_table(io.BytesIO(answer.content), verify="exception")


def errors_of(answer: requests.Response) -> list[str]:
    root = etree.fromstring(answer.content)
    assert root.find(".//{*}TABLE") is None
    return [info.get("value") for info in root.iter("{*}INFO") if info.get("name") == "Error"]


@pytest.mark.parametrize(("ra", "dec", "radius"), CONES)
def test_a_cone_holds_what_astropy_puts_into_it(site: SmallSite, ra, dec, radius):
    table = read(ask(site, site.numbered, RA=ra, DEC=dec, SR=radius))
    found = sorted(int(number) for number in table.array["num"])
    expected = np.flatnonzero(SKY.separation(SkyCoord(ra, dec, unit="deg")).deg <= radius)
    assert found == expected.tolist()


@pytest.mark.parametrize("radius", [50.0, 180.0])
def test_rows_without_a_position_are_in_no_cone(site: SmallSite, gaps: str, radius: float):
    table = read(ask(site, gaps, RA=355.0, DEC=85.0, SR=radius))
    assert sorted(int(number) for number in table.array["num"]) == [0, 1, 2]


def test_pyvo_reads_a_cone(site: SmallSite, tidy_session: TidySession):
    service = pyvo.dal.SCSService(site.cone(site.numbered), session=tidy_session)
    centre = SkyCoord(0.1, 0.1, unit="deg")
    result = service.search(centre, radius=0.4, verbosity=3)
    expected = SKY.separation(centre).deg <= 0.4
    assert len(result) == expected.sum() > 50
    first = result[0]
    row = int(first["num"])  # pyvo's own `id` looks for a UCD of before 2005
    assert (first["RAJ2000"], first["DEJ2000"]) == (RA[row], DEC[row])
    assert result.to_table().colnames == ["num", "RAJ2000", "DEJ2000", "zspec", "note"]
    assert result.to_table()["note"][0] == f"text {row}"


def test_astropy_reads_where_rows_come_from(site: SmallSite):
    cone = parse(io.BytesIO(ask(site, site.numbered, RA=0, DEC=0, SR=1).content))
    join = f"SELECT TOP 1 a.zspec FROM {site.numbered} AS a, {site.nameless} AS b"
    query = {"LANG": "ADQL", "QUERY": join, "RESPONSEFORMAT": "votable"}
    joined = parse(io.BytesIO(requests.post(site.url("tap/sync"), data=query, timeout=60).content))
    for document, service, protocol in ((cone, "conesearch", "ConeSearch"), (joined, "tap", "TAP")):
        origin = extract_data_origin(document)
        assert origin.query.publisher == "Photo-z Server"
        assert origin.query.server_software.startswith("photoz-server/")
        assert origin.query.service_protocol == f"ivo://ivoa.net/std/{protocol}"
        assert origin.query.service_ivoid.endswith(f"/{service}")
        assert origin.query.request_date.startswith("20")
        assert set(origin.origin[0].creator) == {"admin"}
        assert origin.origin[0].reference_url[0].startswith(site.url("product/"))
    named = [info.value for info in joined.resources[0].infos if info.name == "data_ivoid"]
    assert [name.rpartition("_")[2] for name in named] == ["numbered", "nameless"]


def test_stilts_reads_a_cone_and_matches_against_it(site: SmallSite, stilts: Stilts, tmp_path):
    url = site.cone(site.numbered)
    text = stilts("cone", f"serviceurl={url}", "lon=0", "lat=0", "radius=0.3", "verb=3", "ofmt=csv")
    expected = np.flatnonzero(SKY.separation(SkyCoord(0, 0, unit="deg")).deg <= 0.3)
    assert sorted(int(row["num"]) for row in csv.DictReader(io.StringIO(text))) == expected.tolist()
    places = tmp_path / "places.csv"
    places.write_text("id,ra,dec\na,0,0\nb,0,90\nc,77.7,1.5\n")
    matched = stilts(
        "coneskymatch", f"serviceurl={url}", f"in={places}", "ifmt=csv", "ra=ra", "dec=dec", "sr=0.2", "find=all",
        "ofmt=csv", "emptyok=true", "verb=1",
    )  # fmt: skip
    counts = {"a": 0, "b": 0, "c": 0}
    for row in csv.DictReader(io.StringIO(matched)):
        counts[row["id"]] += 1
    wanted = {
        name: int((SKY.separation(SkyCoord(ra, dec, unit="deg")).deg <= 0.2).sum())
        for name, ra, dec in (("a", 0, 0), ("b", 0, 90), ("c", 77.7, 1.5))
    }
    assert counts == wanted


def test_each_role_is_played_once_whatever_verb_says(site: SmallSite):
    for table in (site.numbered, site.nameless):
        for verbosity in (1, 2, 3):
            fields = read(ask(site, table, RA=12, DEC=0, SR=5, VERB=verbosity)).fields
            assert [field.ucd for field in fields if field.ucd in ROLES] == ROLES
            assert (fields[0].datatype, fields[0].arraysize) == ("char", "*")
            assert all(field.datatype == "double" for field in fields if field.ucd in ROLES[1:])
            assert len({field.name for field in fields}) == len(fields)


def test_verb_chooses_columns(site: SmallSite):
    names = {
        verbosity: [field.name for field in read(ask(site, site.numbered, RA=0, DEC=0, SR=1, VERB=verbosity)).fields]
        for verbosity in (1, 3)
    }
    assert names == {1: ["num", "RAJ2000", "DEJ2000", "zspec"], 3: ["num", "RAJ2000", "DEJ2000", "zspec", "note"]}


def test_a_table_without_identifiers_is_identified_by_positions(site: SmallSite):
    table = read(ask(site, site.nameless, RA=12, DEC=0, SR=3, VERB=3))
    assert table.fields[0].name == "position_id_"  # the table has a column position_id already
    ids = [str(value) for value in table.array["position_id_"]]
    assert len(set(ids)) == len(ids) > 1
    first_ra, first_dec = ids[0].split()
    assert (float(first_ra), float(first_dec)) == (table.array["RA"][0], table.array["DEC"][0])


def test_radius_0_describes_the_table(site: SmallSite):
    answer = ask(site, site.numbered, RA=0, DEC=0, SR=0)
    table = read(answer)
    assert len(table.array) == 0
    assert [field.ucd for field in table.fields[:3]] == ROLES
    assert b"OVERFLOW" not in answer.content


def test_maxrec_cuts_and_says_so(site: SmallSite):
    answer = ask(site, site.numbered, RA=0, DEC=0, SR=180, MAXREC=7)
    assert len(read(answer).array) == 7
    assert b'value="OVERFLOW"' in answer.content
    assert answer.headers["X-Row-Limit"] == "7"
    whole = ask(site, site.numbered, RA=0, DEC=0, SR=180, MAXREC=len(RA))
    assert len(read(whole).array) == len(RA)
    assert b"OVERFLOW" not in whole.content


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"RA": 1, "DEC": 2}, "SR is missing"),
        ({"DEC": 1, "SR": 2}, "RA is missing"),
        ({"RA": 1, "SR": 2}, "DEC is missing"),
        ({"RA": "north", "DEC": 2, "SR": 1}, "RA=north"),
        ({"RA": 1, "DEC": 90.1, "SR": 1}, "DEC=90.1"),
        ({"RA": 1, "DEC": -91, "SR": 1}, "DEC=-91"),
        ({"RA": 361, "DEC": 0, "SR": 1}, "RA=361"),
        ({"RA": "nan", "DEC": 0, "SR": 1}, "RA=nan"),
        ({"RA": 1, "DEC": "inf", "SR": 1}, "DEC=inf"),
        ({"RA": 1, "DEC": 2, "SR": -1}, "SR=-1"),
        ({"RA": 1, "DEC": 2, "SR": "inf"}, "SR=inf"),
        ({"RA": 1, "DEC": 2, "SR": "1'; DROP"}, "SR=1'; DROP"),
        ({"RA": 1, "DEC": 2, "SR": 1, "VERB": 4}, "VERB=4"),
        ({"RA": 1, "DEC": 2, "SR": 1, "MAXREC": "many"}, "MAXREC=many"),
        ({"RA": [1, 2], "DEC": 2, "SR": 1}, "RA was given 2 different"),
    ],
)
def test_wrong_parameters_are_told_in_the_document(site: SmallSite, parameters, said):
    answer = ask(site, site.numbered, **parameters)
    assert answer.headers["Content-Type"].startswith("text/xml")
    (message,) = errors_of(answer)
    assert said in message
    parse(io.BytesIO(answer.content), verify="exception")


def test_pyvo_raises_what_the_document_says(site: SmallSite, tidy_session: TidySession):
    with pytest.raises(pyvo.dal.DALQueryError, match="cannot be used"):
        pyvo.dal.SCSService(site.cone(site.numbered), session=tidy_session).search((1, 2), radius=1, VERB=9)


def test_names_of_parameters_are_read_in_any_case_and_others_are_ignored(site: SmallSite):
    answer = ask(site, site.numbered, ra=0, Dec=0, sR=0.3, FROB="x", UPLOAD="y,z")
    assert len(read(answer).array) == (SKY.separation(SkyCoord(0, 0, unit="deg")).deg <= 0.3).sum()


def test_a_private_table_is_there_for_its_owner_alone(site: SmallSite):
    cone = {"RA": 12, "DEC": 0, "SR": 3}
    refused = ask(site, site.private, **cone)
    unknown = ask(site, "no.such_table", **cone)
    assert refused.status_code == unknown.status_code == 404
    assert errors_of(refused)[0].replace(site.private, "X") == errors_of(unknown)[0].replace("no.such_table", "X")
    assert len(read(ask(site, site.private, site.owner.token, **cone)).array) > 1
    assert requests.get(site.url(f"conesearch/{site.private}/capabilities"), timeout=60).status_code == 404


def test_a_table_without_positions_has_no_cone_search(site: SmallSite):
    assert ask(site, "photoz.products", RA=1, DEC=2, SR=1).status_code == 404


def test_capabilities_name_the_service_and_a_query_that_finds_something(site: SmallSite):
    root = etree.fromstring(requests.get(site.url(f"conesearch/{site.numbered}/capabilities"), timeout=60).content)
    (cone,) = root.xpath("//capability[@standardID='ivo://ivoa.net/std/ConeSearch']")
    assert cone.findtext("interface/accessURL") == site.cone(site.numbered)
    assert [child.tag for child in cone if child.tag != "interface"] == [
        "maxSR", "maxRecords", "verbosity", "testQuery",
    ]  # fmt: skip
    query = {name.upper(): cone.findtext(f"testQuery/{name}") for name in ("ra", "dec", "sr")}
    assert len(read(ask(site, site.numbered, **query)).array) >= 1


def test_capabilities_are_valid_against_the_schemas(site: SmallSite):
    answer = requests.get(site.url(f"conesearch/{site.numbered}/capabilities"), timeout=60)
    harvest_schema().assertValid(etree.fromstring(answer.content))


def test_a_cone_may_be_asked_for_in_another_format(site: SmallSite):
    answer = ask(site, site.numbered, RA=0, DEC=0, SR=0.3, RESPONSEFORMAT="csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == 1 + (SKY.separation(SkyCoord(0, 0, unit="deg")).deg <= 0.3).sum()
