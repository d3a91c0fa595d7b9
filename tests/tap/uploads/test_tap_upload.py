"""TAP_UPLOAD, with tables sent by pyvo, STILTS and plain requests."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from astropy.table import Table
from pzserver.sessions import TidySession

from tests.support.files_over_http import FileServer, file_server
from tests.support.taplint import complaints
from tests.support.tools import Stilts
from tests.tap.small_site import DEC, RA, SmallSite
from tests.tap.uploading import ask, small, tap, upload_site

#: pyvo leaves connections to the garbage collector when it has read a VOTable to its last tag.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*socket.*:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collected"),
]

SAMPLE = Path(__file__).parents[1] / "documents" / "every_type.xml"
SERIALIZATIONS = ("tabledata", "binary", "binary2", "fits")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    with upload_site(tmp_path_factory.mktemp("uploads")) as running:
        yield running


@pytest.fixture(scope="module")
def files() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


@pytest.fixture(scope="module")
def session(site: SmallSite) -> Iterator[requests.Session]:
    """Somebody without credentials."""
    with TidySession() as running:
        yield running


@pytest.fixture(scope="module")
def documents(stilts: Stilts, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The sample in each serialization of VOTable, as STILTS writes it."""
    folder, found = tmp_path_factory.mktemp("documents"), {"tabledata": SAMPLE.read_bytes()}
    for name in SERIALIZATIONS[1:]:
        less = ["cmd=delcols '$16 $17 $18 $19'"] if name == "fits" else []
        stilts("tpipe", f"in={SAMPLE}", "ifmt=votable", *less, f"ofmt=votable-{name}-inline", f"out={folder / name}")
        found[name] = (folder / name).read_bytes()
    return found


def is_null(value: object) -> bool:
    return bool(np.ma.is_masked(value)) if np.ndim(value) == 0 else bool(np.ma.getmaskarray(value).all())


def same(one: object, other: object) -> bool:
    """Say whether two cells are equal; a number that is none is as good as no number."""
    if np.ndim(other) == 0 and isinstance(other, (float, np.floating)) and (is_null(other) or np.isnan(other)):
        return is_null(one) or bool(np.isnan(one))
    if is_null(other):
        return is_null(one)
    if np.asarray(other).dtype.kind != "f":
        return bool(np.array_equal(np.ma.filled(one).ravel(), np.ma.filled(other).ravel()))
    return bool(np.array_equal(np.ma.filled(one, np.nan).ravel(), np.ma.filled(other, np.nan).ravel(), equal_nan=True))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_a_table_comes_back_as_it_was_sent(site: SmallSite, session, documents, serialization: str, mode: str):
    sent = parse_single_table(SAMPLE)
    run = getattr(tap(site, session), f"run_{mode}")
    result = run("SELECT * FROM TAP_UPLOAD.mine", uploads={"mine": io.BytesIO(documents[serialization])})
    found = result.votable.get_first_table()
    expected = sent.fields[:15] if serialization == "fits" else sent.fields
    assert [field.name for field in found.fields] == [field.name for field in expected]
    ascii_only = {"text"} if serialization == "fits" else set()  # FITS has no other text
    for one, other in zip(found.fields, expected, strict=True):
        assert (one.unit, one.ucd, one.xtype) == (other.unit, other.ucd, other.xtype)
        assert one.description == other.description
        if one.name not in ascii_only:
            cells = zip(found.array[one.name], sent.array[other.name], strict=True)
            assert [pair for pair in cells if not same(*pair)] == [], one.name
    if serialization == "tabledata":
        types = {field.name: (field.datatype, field.arraysize) for field in sent.fields}
        changed = {
            "bits": ("boolean", "3"),
            "letter": ("char", "*"),
            "four": ("char", "*"),
            "rows of three": ("double", "*"),
        }
        assert {field.name: (field.datatype, field.arraysize) for field in found.fields} == types | changed


def _written(name: str, folder: Path) -> bytes:
    """Return three rows as a file of a format, written by astropy."""
    table = Table({"n": [1, 2, 3], "ra": [10.5, 11.5, 359.25], "name": ["a", "b,c", ""]})
    path = folder / f"table.{name}"
    table.write(path, format={"csv": "ascii.csv", "ecsv": "ascii.ecsv"}.get(name, name), overwrite=True)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["csv", "ecsv", "fits", "parquet", "votable"])
def test_tables_of_other_formats_are_recognised_by_their_bytes(site: SmallSite, session, tmp_path: Path, name: str):
    query = "SELECT SUM(n) AS n, MAX(ra) AS ra, MIN(name) AS name FROM TAP_UPLOAD.t WHERE name <> ''"
    answer = ask(session, site, query, "t,param:t", t=_written(name, tmp_path))
    assert answer.text.split() == ["n,ra,name", "3,11.5,a"]
    assert answer.headers["Content-Disposition"] == 'inline; filename="result.csv"'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04" + bytes(100), "starts like zip. Send VOTable, CSV, ECSV, FITS or Parquet"),
        (b'{"a": 1}', "starts like JSON"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "starts like HDF5"),
        (b"SIMPLE  = broken", "TAP_UPLOAD.t"),
        (b"PAR1 broken", "TAP_UPLOAD.t"),
    ],
)
def test_what_was_sent_instead_of_a_table_is_named(site: SmallSite, session, content: bytes, said: str):
    answer = ask(session, site, "SELECT * FROM TAP_UPLOAD.t", "t,param:t", t=content)
    assert answer.status_code == 400
    assert said in answer.text


def test_odd_names_are_written_in_quotes(site: SmallSite, session):
    query = 'SELECT "SELECT", "RA (J2000)", m."δ ""dec""" FROM TAP_UPLOAD.mine AS m WHERE "SELECT" = 1'
    result = tap(site, session).run_sync(query, uploads={"mine": io.BytesIO(SAMPLE.read_bytes())})
    assert result.fieldnames == ("SELECT", "RA (J2000)", 'δ "dec"')
    assert list(result[0].values()) == [1, 10.123456789012345, -89.5]


def test_names_that_are_repeated_or_missing_are_made_unique(site: SmallSite, session):
    document = small((1.0, 2.0)).replace(b'name="dec"', b'name="ra"')
    answer = ask(session, site, "SELECT * FROM TAP_UPLOAD.t", "t,param:t", t=document)
    assert answer.text.split() == ["ra,ra_1", "1,2"]
    answer = ask(session, site, "SELECT * FROM tap_upload.T", "t,param:t", t=small((1.0, 2.0)).replace(b'"dec"', b'""'))
    assert answer.text.split() == ["ra,col2", "1,2"]


def test_complex_numbers_are_pairs(site: SmallSite, session):
    document = small((1.0, 2.0)).replace(b'"dec" datatype="double"', b'"dec" datatype="floatComplex"')
    document = document.replace(b"<TD>2.0</TD>", b"<TD>2.5 -1</TD>")
    result = tap(site, session).run_sync("SELECT * FROM TAP_UPLOAD.t", uploads={"t": io.BytesIO(document)})
    assert list(result[0]["dec"]) == [2.5, -1.0]


def test_arrays_without_values_are_empty_and_end_no_process(site: SmallSite, session):
    document = small((1.0, 2.0)).replace(b'"dec" datatype="double"', b'"dec" datatype="double" arraysize="0"')
    document = document.replace(b"<TD>2.0</TD>", b"<TD/>")
    answer = ask(session, site, "SELECT ra FROM TAP_UPLOAD.t", "t,param:t", t=document)
    assert answer.text.split() == ["ra", "1"]
    result = tap(site, session).run_sync("SELECT * FROM TAP_UPLOAD.t", uploads={"t": io.BytesIO(document)})
    assert (result[0]["ra"], len(result[0]["dec"])) == (1.0, 0)


def test_a_table_without_rows_is_a_table(site: SmallSite, session):
    answer = ask(session, site, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t", "t,param:t", t=small())
    assert answer.text.split() == ["n", "0"]


@pytest.mark.parametrize(
    "condition",
    [
        "1 = CONTAINS(POINT(RAJ2000, DEJ2000), CIRCLE(t.ra, t.dec, 0.5))",
        "DISTANCE(t.ra, t.dec, RAJ2000, DEJ2000) < 0.5",
    ],
)
def test_a_match_by_position_finds_what_astropy_finds(site: SmallSite, session, condition: str):
    generator = np.random.default_rng(5)
    ra, dec = np.append(generator.uniform(0, 360, 200), [0, 180]), np.append(generator.normal(0, 1, 200), [90, -90])
    places = Table({"n": np.arange(202), "ra": ra, "dec": dec})
    query = f"SELECT t.n, c.num FROM TAP_UPLOAD.t AS t JOIN {site.numbered} AS c ON {condition}"
    result = tap(site, session).run_sync(query, uploads={"t": places})
    sky = SkyCoord(RA, DEC, unit="deg")
    mine, theirs, _, _ = sky.search_around_sky(
        SkyCoord(ra, dec, unit="deg"), seplimit=0.5 * SkyCoord(0, 0, unit="deg").ra.unit
    )
    assert sorted(zip(result["n"].tolist(), result["num"].tolist(), strict=True)) == sorted(
        zip(mine.tolist(), theirs.tolist(), strict=True)
    )
    assert len(result) > 20


def test_two_tables_of_one_query_meet(site: SmallSite, session):
    tables = {"a": small((1.0, 2.0), (3.0, 4.0)), "b": small((3.0, 9.0), (5.0, 6.0))}
    query = "SELECT a.dec, b.dec AS other FROM TAP_UPLOAD.one AS a JOIN TAP_UPLOAD.two AS b USING (ra)"
    for upload in ("one,param:a;two,param:b", ["one,param:a", "two,param:b"]):
        answer = ask(session, site, query, upload, **tables)
        assert answer.text.split() == ["dec,other", "4,9"]


def test_a_table_may_come_as_plain_text_of_the_form(site: SmallSite, session):
    form = {"LANG": "ADQL", "QUERY": "SELECT ra FROM TAP_UPLOAD.t", "UPLOAD": "t,param:mine", "FORMAT": "csv"}
    answer = session.post(site.url("tap/sync"), data=form | {"mine": small((1.0, 2.0)).decode()}, timeout=60)
    assert answer.text.split() == ["ra", "1"]


def test_uploads_add_up_until_a_job_runs(site: SmallSite, session):
    form = {"LANG": "ADQL", "QUERY": "SELECT a.ra FROM TAP_UPLOAD.a AS a JOIN TAP_UPLOAD.b AS b USING (ra)"}
    made = session.post(
        site.url("tap/async"),
        data=form | {"UPLOAD": "a,param:one"},
        files={"one": small((1.0, 2.0), (3.0, 4.0))},
        allow_redirects=False,
        timeout=60,
    )
    job = made.headers["Location"]
    session.post(f"{job}/parameters", data={"UPLOAD": "b,param:two"}, files={"two": small((3.0, 9.0))}, timeout=60)
    assert "a,param:one;b,param:two" in session.get(f"{job}/parameters", timeout=60).text
    session.post(f"{job}/phase", data={"PHASE": "RUN"}, timeout=60)
    session.get(job, params={"WAIT": "60", "PHASE": "QUEUED"}, timeout=90)
    session.get(job, params={"WAIT": "60", "PHASE": "EXECUTING"}, timeout=90)
    answer = session.get(f"{job}/results/result", timeout=60)
    assert parse_single_table(io.BytesIO(answer.content)).array["ra"].tolist() == [3.0]
    session.delete(job, timeout=60)


def test_a_job_that_never_runs_takes_its_tables_with_it(site: SmallSite, session):
    made = session.post(
        site.url("tap/async"),
        data={"QUERY": "SELECT 1", "UPLOAD": "a,param:one"},
        files={"one": small((1.0, 2.0))},
        allow_redirects=False,
        timeout=60,
    )
    assert any(files for _, _, files in os.walk(site.server.data / "uploads"))
    session.delete(made.headers["Location"], allow_redirects=False, timeout=60)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_stilts_brings_a_table(site: SmallSite, stilts: Stilts, tmp_path: Path, mode: str):
    places = tmp_path / "places.csv"
    places.write_text("name,ra,dec\na,0.1,0\nb,180,80\n")
    query = (
        f"SELECT t.name, c.num FROM TAP_UPLOAD.up1 AS t JOIN {site.numbered} AS c "
        "ON 1=CONTAINS(POINT(c.RAJ2000, c.DEJ2000), CIRCLE(t.ra, t.dec, 0.3))"
    )
    text = stilts(
        "tapquery", f"tapurl={site.url('tap')}", f"sync={mode == 'sync'}", f"adql={query}", "nupload=1",
        f"upload1={places}", "ufmt1=csv", "ofmt=csv",
    )  # fmt: skip
    sky = SkyCoord(RA, DEC, unit="deg")
    near = np.flatnonzero(sky.separation(SkyCoord(0.1, 0, unit="deg")).deg < 0.3)
    assert sorted(text.split()[1:]) == sorted(f"a,{number}" for number in near)


def test_stilts_matches_with_tapskymatch(site: SmallSite, stilts: Stilts, tmp_path: Path):
    places = tmp_path / "places.csv"
    places.write_text(
        "name,ra,dec\n"
        + "".join(f"n{i},{RA[i]!r},{DEC[i]!r}\n".replace("np.float64(", "").replace(")", "") for i in range(60))
    )
    text = stilts(
        "tapskymatch", f"tapurl={site.url('tap')}", f"taptable={site.numbered}", "taplon=RAJ2000", "taplat=DEJ2000",
        "tapcols=num", f"in={places}", "ifmt=csv", "inlon=ra", "inlat=dec", "sr=0.0001", "find=best", "ofmt=csv",
    )  # fmt: skip
    found = csv.DictReader(io.StringIO(text))
    assert {(row["name"], row["num"]) for row in found} == {(f"n{i}", str(i)) for i in range(60)}


def test_taplint_finds_nothing_wrong_with_uploads(site: SmallSite, stilts: Stilts):
    report = stilts("taplint", f"tapurl={site.url('tap')}", "stages=CPV CAP UPL")
    assert not complaints(report), report


def test_a_table_is_fetched_from_an_address(site: SmallSite, session, files: FileServer):
    files.put("/mine.vot", small((1.0, 2.0)))
    files.redirect("/moved", "/mine.vot")
    for path in ("/mine.vot", "/moved"):
        answer = ask(session, site, "SELECT dec FROM TAP_UPLOAD.t", f"t,{files.url}{path}")
        assert answer.text.split() == ["dec", "2"]
    job = tap(site, session).run_async("SELECT dec FROM TAP_UPLOAD.t", uploads={"t": f"{files.url}/mine.vot"})
    assert job["dec"].tolist() == [2.0]


def test_a_table_is_read_from_our_own_vospace_by_those_who_may(site: SmallSite, session, tmp_path: Path):
    path = tmp_path / "places.vot"
    path.write_bytes(small(*((10.0 + i, i / 2) for i in range(5))))
    product = site.owner.upload("Places", "validation_results", path, visibility="private")
    site.owner.json("POST", f"products/{product['id']}/publish/")
    node = f"products/{product['internal_name']}/places.vot"
    for uri in (f"vos://photoz.local!vospace/{node}", site.url(f"vospace/files/{node}")):
        with requests.Session() as owner:
            owner.headers["Authorization"] = f"Bearer {site.owner.token}"
            answer = ask(owner, site, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t", f"t,{uri}")
            assert answer.text.split() == ["n", "5"]
        refused = ask(session, site, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t", f"t,{uri}")
        missing = ask(session, site, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t", f"t,{uri.replace('places.vot', 'x')}")
        assert refused.status_code == missing.status_code == 400
        assert refused.text.replace("places.vot", "x") == missing.text
