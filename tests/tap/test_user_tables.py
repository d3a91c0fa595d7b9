"""User tables: created, loaded, shared and removed by pyvo, cadc-tap and plain requests."""

import io
import subprocess
import sys
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pyarrow as pa
import pytest
import pyvo
import requests
from astropy.io.votable import parse_single_table
from astropy.table import Table
from lxml import etree
from pyvo.utils import prototype

from core.columns import Column
from core.photoz.forms import DensityForm
from core.votable import TableDescription
from tap.results import RESULT_FORMATS
from tests.support.tools import Stilts
from tests.tap.uploading import small
from tests.tap.user_site import CSV, POSITIONS, VOTABLE, XML, UserSite, made, user_site, vositable

#: pyvo leaves connections to the garbage collector when it has read a VOTable to its last tag.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.either_database,
    pytest.mark.filterwarnings("ignore:.*socket.*:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collected"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, module_database_url: str | None) -> Iterator[UserSite]:
    env = {"PHOTOZ_USER_QUOTA_BYTES": "3000000"}
    if module_database_url:
        env["PHOTOZ_DATABASE_URL"] = module_database_url
    with user_site(tmp_path_factory.mktemp("tables"), env) as running:
        yield running


def test_pyvo_makes_fills_indexes_and_removes_a_table(site: UserSite, tmp_path: Path):
    service = pyvo.dal.TAPService(site.url("").rstrip("/"), session=site.people["maria"])
    name = "user_maria.of_pyvo"
    Table({"id": [5, 6], "ra": [1.5, 2.5], "dec": [3.0, 4.0], "name": ["e", "f"]}).write(tmp_path / "rows.fits")
    prototype.activate_features("cadc-tb-upload")
    try:
        service.create_table(name, io.BytesIO(POSITIONS.encode()))
        service.load_table(name, io.BytesIO(b"id\tra\tdec\tname\n1\t10\t20\ta\n2\t\t\t\n"))
        service.load_table(name, io.BytesIO(b"name,id\n007,3\n"), format="csv")
        with (tmp_path / "rows.fits").open("rb") as file:
            service.load_table(name, file, format="FITSTable")
        service.create_index(name, "id", unique=True)
        result = service.run_sync(f"SELECT id, ra, name FROM {name} ORDER BY id")
        assert [row["name"] for row in result] == ["a", "", "007", "e", "f"]
        assert result["ra"].tolist() == [10.0, None, None, 1.5, 2.5]
        assert name in service.tables  # to look into it, pyvo asks without the session, hence as nobody
        service.remove_table(name)
    finally:
        prototype.deactivate_features("cadc-tb-upload")
    assert name not in site.ask("maria", "GET", "tables").text


def test_an_index_says_why_it_cannot_be(site: UserSite):
    table = made(site, "doubled", rows="id,name\n1,a\n1,b\n")
    for form, said in (
        ({"TABLE": table, "INDEX": "id", "UNIQUE": "true"}, "more than once"),
        ({"TABLE": table, "INDEX": "nothing"}, "INDEX=nothing is not a column"),
        ({"TABLE": "user_maria.nothing", "INDEX": "id"}, "There is no table"),
    ):
        job = site.people["maria"].post(
            site.url("table-update"), data=form | {"PHASE": "RUN"}, allow_redirects=False, timeout=60
        ).headers["Location"]  # fmt: skip
        for phase in ("QUEUED", "EXECUTING"):
            site.people["maria"].get(job, params={"WAIT": "60", "PHASE": phase}, timeout=90)
        assert site.people["maria"].get(f"{job}/phase", timeout=60).text == "ERROR"
        assert said in site.people["maria"].get(f"{job}/error", timeout=60).text


def test_cadc_tap_makes_fills_shares_and_removes_a_table(site: UserSite, tmp_path: Path):
    service, name = site.url("").rstrip("/"), "user_maria.articles"
    (tmp_path / ".netrc").write_text(f"machine {service} login maria password {site.passwords['maria']}\n")
    (tmp_path / ".netrc").chmod(0o600)
    (tmp_path / "table.xml").write_text(vositable("article|char|30*", "count|long"))
    (tmp_path / "rows.tsv").write_text("article\tcount\nalpha\t1\n007\t\n")
    (tmp_path / "rows.csv").write_text('count,article\n4,"delta, x"\n')
    (tmp_path / "upload.xml").write_bytes(small((1.0, 2.0)))

    def cadc_tap(command: str, *arguments: str, who: str = "-n", answers: str = "") -> str:
        done = subprocess.run(
            [Path(sys.executable).parent / "cadc-tap", command, who, "-s", service, *arguments],
            capture_output=True, text=True, check=False, timeout=120, input=answers,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        return done.stdout + done.stderr

    query = f"SELECT * FROM {name} ORDER BY article"
    assert cadc_tap("create", name, str(tmp_path / "table.xml")) == ""
    cadc_tap("load", name, str(tmp_path / "rows.tsv"))
    cadc_tap("load", "-f", "csv", name, str(tmp_path / "rows.csv"))
    assert cadc_tap("query", "-f", "csv", query).split("\n")[2:5] == ["007,", "alpha,1", '"delta, x",4']
    assert "ERROR" not in cadc_tap("index", name, "article")
    described = cadc_tap("schema", name)
    assert "article        Y      Column article" in described
    assert "maria  false" in described
    assert "Unknown table" in cadc_tap("query", "-f", "csv", query, who="-a")
    cadc_tap("permission", "o+r", name)
    assert "alpha,1" in cadc_tap("query", "-f", "csv", query, who="-a")
    uploaded = cadc_tap("query", "-f", "csv", "-t", f"up:{tmp_path / 'upload.xml'}", "SELECT dec FROM tap_upload.up")
    assert uploaded.split("\n")[2] == "2"
    cadc_tap("delete", name, answers="yes\n")
    assert "not found" in cadc_tap("schema", name)


def test_a_votable_becomes_a_table_with_its_rows(site: UserSite, tmp_path: Path):
    table = Table({"ra": [10.0, 200.0, 10.1], "dec": [-5.0, 5.0, -5.1], "z": [0.1, 0.2, 0.3]})
    table["ra"].unit = table["dec"].unit = "deg"
    for name in ("ra", "dec"):
        table[name].meta["ucd"] = f"pos.eq.{name};meta.main"
    sink = io.BytesIO()
    table.write(sink, format="votable")
    full = "user_maria.positions"
    assert site.ask("maria", "PUT", f"tables/{full}", sink.getvalue(), VOTABLE).status_code == 201
    near = f"SELECT z FROM {full} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, -5, 0.5)) ORDER BY z"
    assert site.rows("maria", near) == ["0.1", "0.3"]
    assert site.rows("maria", f"SELECT indexed FROM tap_schema.columns WHERE table_name = '{full}'") == ["1", "1", "0"]
    assert site.ask("maria", "POST", f"tables/{full}", sink.getvalue(), VOTABLE).status_code == 204
    assert site.rows("maria", f"SELECT COUNT(*) FROM {full}") == ["6"]
    cone = site.people["maria"].get(
        f"{site.server.base_url}/conesearch/{full}", params={"RA": 10, "DEC": -5, "SR": 0.5}, timeout=60
    )
    assert len(parse_single_table(io.BytesIO(cone.content)).array) == 4
    join = f"SELECT COUNT(*) FROM TAP_UPLOAD.t JOIN {full} AS c ON DISTANCE(t.ra, t.dec, c.ra, c.dec) < 0.01"
    answer = site.people["maria"].post(
        site.url("sync"),
        data={"LANG": "ADQL", "QUERY": join, "UPLOAD": "t,param:t", "FORMAT": "csv"},
        files={"t": small((10.1, -5.1), (0.0, 0.0))},
        timeout=60,
    )
    assert answer.text.split() == ["count_1", "2"]


def test_many_loads_are_put_together(site: UserSite):
    table = made(site, "grown")
    for number in range(20):
        assert site.ask("maria", "POST", f"load/{table}", f"id,ra,dec\n{number},{number},0\n", CSV).status_code == 200
    assert site.rows("maria", f"SELECT COUNT(*), SUM(id) FROM {table}") == ["20,190"]
    assert site.rows("maria", f"SELECT id FROM {table} WHERE DISTANCE(ra, dec, 7, 0) < 0.5") == ["7"]


def test_descriptions_units_and_ucds_may_change_and_names_may_not(site: UserSite):
    table = made(site, "described", rows="id,ra,dec\n1,2,3\n")
    changed = (
        POSITIONS.replace("A table", "Another").replace("Column id", "The number").replace("<column>", "<column>", 1)
    )
    assert site.ask("maria", "POST", f"tables/{table}", changed, XML).status_code == 204
    root = etree.fromstring(site.ask("maria", "GET", f"tables/{table}").content)
    assert root.findtext("description") == "Another"
    assert root.findtext("column/description") == "The number"
    refused = site.ask("maria", "POST", f"tables/{table}", vositable("other|int"), XML)
    assert (refused.status_code, "no column 'other'" in refused.text) == (400, True)
    assert site.rows("maria", f"SELECT id, ra FROM {table}") == ["1,2"]


def test_a_name_is_taken_once_and_only_in_ones_own_schema(site: UserSite):
    table = made(site, "once")
    assert site.ask("maria", "PUT", f"tables/{table.upper()}", POSITIONS, XML).status_code == 409
    for other in ("user_otto.mine", "photoz.mine", "tap_schema.tables", "redshift_catalog.x", "user_maria_.x"):
        answer = site.ask("maria", "PUT", f"tables/{other}", POSITIONS, XML)
        assert (answer.status_code, "user_maria" in answer.text) == (403, True), other
    assert site.ask("nobody", "PUT", "tables/user_nobody.x", POSITIONS, XML).status_code == 401
    assert site.ask("reading", "PUT", "tables/user_maria.x", POSITIONS, XML).status_code == 403
    assert site.ask("maria", "DELETE", "tables/photoz.products").status_code == 403
    assert site.ask("maria", "POST", "load/tap_schema.tables", "a\n1\n", CSV).status_code == 403


def test_a_table_is_there_for_those_alone_who_may_read_it(site: UserSite):
    table = made(site, "secret", rows="id,name\n1,marker value\n")
    group = site.people["maria"].post(f"{site.server.base_url}/api/groups", json={"name": "friends"}, timeout=60).json()
    site.people["maria"].put(f"{site.server.base_url}/api/groups/{group['id']}/members/otto", json={}, timeout=60)

    def seen(who: str) -> bool:
        texts = [
            site.ask(who, "GET", "tables").text,
            site.query(who, "SELECT table_name FROM tap_schema.tables").text,
            site.query(who, "SELECT table_name FROM tap_schema.columns").text,
        ]
        answers = [table in text for text in texts]
        answers.append("marker value" in site.query(who, f"SELECT name FROM {table}").text)
        answers.append(site.ask(who, "GET", f"tables/{table}").status_code == 200)
        assert len(set(answers)) == 1, answers
        return answers[0]

    def writes(who: str) -> int:
        return site.ask(who, "POST", f"load/{table}", "id\n9\n", CSV).status_code

    def permit(text: str, who: str = "maria") -> int:
        return site.ask(who, "POST", f"permissions/{table}", text, "text/plain").status_code

    assert [seen(who) for who in ("maria", "reading", "admin", "otto", "nobody")] == [True, True, True, False, False]
    assert [writes(who) for who in ("nobody", "otto", "reading")] == [401, 404, 403]
    for who, status in (("nobody", 401), ("otto", 404), ("reading", 403)):
        for method, path in (("DELETE", "tables"), ("POST", "tables"), ("POST", "permissions")):
            assert site.ask(who, method, f"{path}/{table}", "public=true", CSV).status_code == status, (who, path)
    unknown = site.query("otto", "SELECT * FROM user_maria.nothing").text.replace("user_maria.nothing", table)
    assert site.query("otto", f"SELECT * FROM {table}").text == unknown
    assert permit("r-group=ivo://photoz.local/gms?friends\n") == 200
    assert [seen("otto"), writes("otto"), permit("public=true", "otto")] == [True, 403, 403]
    assert site.ask("otto", "DELETE", f"tables/{table}").status_code == 403
    assert site.ask("otto", "GET", f"permissions/{table}").status_code == 403
    assert permit("r-group=\nrw-group=friends\n") == 200
    assert [seen("otto"), writes("otto"), seen("nobody")] == [True, 200, False]
    assert site.ask("otto", "DELETE", f"tables/{table}").status_code == 403
    assert permit("rw-group=\npublic=true\n") == 200
    assert [seen("nobody"), writes("otto"), writes("nobody")] == [True, 403, 401]
    expected = "owner=maria\npublic=true\nr-group=\nrw-group="
    assert site.ask("maria", "GET", f"permissions/{table}").text == expected
    assert permit("public=maybe") == 400
    assert permit("r-group=ivo://x/gms?strangers") == 400
    assert permit("public=false") == 200
    assert not seen("nobody")


def test_a_whole_schema_is_shared(site: UserSite):
    table = made(site, "of_schema", rows="id\n1\n")

    def permissions(who: str, method: str = "GET", text: str = "") -> tuple[int, str]:
        answer = site.ask(who, method, "permissions/user_maria", text, "text/plain" if text else "")
        return answer.status_code, answer.text

    assert permissions("maria") == (200, "owner=maria\npublic=false\nr-group=\nrw-group=")
    assert [permissions(who)[0] for who in ("otto", "nobody")] == [404, 404]
    for text in ("r-group=ivo://elsewhere.org/gms?friends", "r-group=nobody-has-this", "public=maybe"):
        assert permissions("maria", "POST", text)[0] == 400
    assert [permissions(who, "POST", "public=true")[0] for who in ("nobody", "otto", "reading")] == [401, 404, 403]
    assert permissions("maria", "POST", "public=true")[0] == 200
    assert site.rows("nobody", f"SELECT id FROM {table}") == ["1"]
    assert site.ask("otto", "POST", f"load/{table}", "id\n9\n", CSV).status_code == 403
    assert permissions("otto")[0] == 403
    assert permissions("maria", "POST", "public=false")[0] == 200
    assert site.query("nobody", f"SELECT id FROM {table}").status_code != 200


def test_a_cookie_of_a_browser_counts_for_pages_of_this_server_alone(site: UserSite):
    with requests.Session() as browser:
        form = {"name": "maria", "password": site.passwords["maria"]}
        browser.post(f"{site.server.base_url}/login", data=form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
        for method in ("PUT", "POST", "DELETE"):
            answer = browser.request(
                method, site.url("tables/user_maria.x"), headers={"Sec-Fetch-Site": "cross-site"}, timeout=60
            )
            assert (answer.status_code, "another site" in answer.text) == (403, True)


def test_rows_count_towards_the_quota(site: UserSite):
    table = made(site, "large", vositable("noise|char|*"))
    rows = "noise\n" + "".join(f"{md5(str(number).encode()).hexdigest()}\n" for number in range(60_000))
    assert site.ask("maria", "POST", f"load/{table}", rows, CSV).status_code == 200
    answer = site.ask("maria", "POST", f"load/{table}", rows, CSV)
    assert (answer.status_code, "quota" in answer.text) == (413, True)
    assert site.rows("maria", f"SELECT COUNT(*) FROM {table}") == ["60000"]
    assert site.ask("maria", "DELETE", f"tables/{table}").status_code == 204
    assert site.ask("maria", "GET", f"tables/{table}").status_code == 404
    made(site, "after", rows="id\n1\n")


def test_taplint_finds_nothing_wrong_with_a_nasty_table(site: UserSite, stilts: Stilts):
    columns = ("SELECT|int", "a b|double", "&quot;c&quot;|char|*", "Δ|unicodeChar|*", "list|float|*", "pair|double|2")
    table = made(site, "nasty", vositable(*columns, "when|char|*"))
    site.ask("maria", "POST", f"load/{table}", "SELECT,a b,Δ\n1,2,ü\n", CSV)
    assert site.rows("maria", f'SELECT "SELECT", "a b", "Δ" FROM {table}') == ["1,2,ü"]
    site.ask("maria", "POST", f"permissions/{table}", "public=true", "text/plain")
    report = stilts("taplint", f"tapurl={site.url('').rstrip('/')}", "stages=TMV TME TMS TMC CPV CAP MDQ")
    assert "Errors: 0; Warnings: 0;" in report, report


def test_densities_of_users_and_of_uploads_are_asked_by_name(site: UserSite):
    form = DensityForm("hist", 3, (0.0, 0.5, 1.0, 2.0))
    columns = (Column("id", "long"), Column("pz", "double", "*", density=form.to_json()))
    rows = pa.record_batch([[1, 2], [[1.0, 2.0, 0.5], [0.0, 1.0, 1.0]]], names=["id", "pz"])
    document = b"".join(RESULT_FORMATS["votable"].write(TableDescription(columns), [rows], limit=None))
    assert site.ask("maria", "PUT", "tables/user_maria.densities", document, VOTABLE).status_code == 201
    query = (
        "SELECT t.id, pz_cdf(t.pz, 1), pz_mean(u.pz) FROM user_maria.densities t JOIN tap_upload.u u ON u.id = t.id"
        " WHERE pz_probability(u.pz, 0.5, 1) < 0.4 AND pz_quantile(t.pz, 0.9) > 1"
    )
    data = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv", "UPLOAD": "u,param:u"}
    found = site.people["maria"].post(site.url("sync"), data=data, files={"u": ("u", document)}, timeout=60)
    # Masses: 0.5, 1, 0.5 of the first, whose middle bin is too likely; 0, 0.5, 1 of the second.
    assert found.text.splitlines()[1:] == [f"2,{1 / 3!r},{(0.5 * 0.75 + 1.5) / 1.5!r}"]
