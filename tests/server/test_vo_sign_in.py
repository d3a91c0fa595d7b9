"""How programs of the Virtual Observatory sign in: challenges, names and passwords, cookies, tokens."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pyvo
import requests
from lxml import etree
from pyvo.auth import AuthSession
from pzserver.sessions import TidySession

from core.auth.models import Scope
from core.auth.service import AccountService
from core.database import Database
from tests.server.api import Api
from tests.support.server import running_server
from tests.support.tools import Stilts

#: pyvo leaves connections to the garbage collector when it has read a VOTable to its last tag.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*socket.*:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collected"),
]

PASSWORD = "a long: password ü"
TABLE = "objid,RAdeg,DEdeg,zsp\n1,10.5,-5.25,0.31\n2,10.6,-5.5,0.42\n"
MEANINGS = {"RAdeg": "ra", "DEdeg": "dec", "zsp": "z"}


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    token: str
    reading: str
    table: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data: Path = tmp_path_factory.mktemp("vo") / "data"
    with running_server(data) as server:
        database = Database(f"sqlite:///{data / 'photoz.sqlite'}")
        accounts = AccountService(database)
        accounts.add_user("alice", PASSWORD)
        alice = accounts.identity_of_user("alice")
        token, reading = (accounts.issue_token(alice, "t", scope).secret for scope in (Scope.WRITE, Scope.READ))
        path = data.parent / "cat.csv"
        path.write_text(TABLE)
        product = Api(server.base_url, token).publish(
            "Hidden", "redshift_catalog", path, MEANINGS, visibility="private"
        )
        yield Site(server.base_url, token, reading, product["tap_table"])
        database.close()


def _challenges(answer: requests.Response) -> dict[str, dict[str, str]]:
    found = [header for key, header in answer.raw.headers.items() if key.lower() == "www-authenticate"]
    return {text.partition(" ")[0]: dict(re.findall(r'(\w+)="([^"]*)"', text)) for text in found}


def test_capabilities_say_how_one_may_sign_in(site: Site):
    for method in ("GET", "HEAD"):
        answer = requests.request(method, f"{site.url}/tap/capabilities", timeout=60)
        assert answer.status_code == 200
        said = _challenges(answer)
        assert set(said) == {"Basic", "ivoa_cookie", "ivoa_bearer"}
        assert {said[name]["standard_id"] for name in ("ivoa_cookie", "ivoa_bearer")} == {
            "ivo://ivoa.net/sso#tls-with-password"
        }
        assert "X-VO-Authenticated" not in answer.headers


def test_capabilities_say_who_signed_in_and_refuse_what_does_not_hold(site: Site):
    url = f"{site.url}/tap/capabilities"
    for auth in ({"Authorization": f"Bearer {site.token}"}, {"Authorization": f"Token {site.reading}"}):
        answer = requests.get(url, headers=auth, timeout=60)
        assert answer.headers["X-VO-Authenticated"] == "alice"
        assert _challenges(answer) == {}
    for auth in ({"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
        answer = requests.get(url, headers=auth, timeout=60)
        assert answer.status_code == 401
        assert set(_challenges(answer)) == {"Bearer", "Basic", "ivoa_cookie", "ivoa_bearer"}
        assert "X-VO-Authenticated" not in answer.headers


def _rows(site: Site, session: requests.Session) -> int:
    """Count the rows of the hidden table, by POST as VO clients do it."""
    answer = session.post(
        f"{site.url}/tap/sync",
        data={"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) FROM {site.table}", "RESPONSEFORMAT": "csv"},
        timeout=60,
    )
    return int(answer.text.split()[1]) if answer.ok else -answer.status_code


def test_the_cookie_of_ivoa_cookie_signs_a_program_in(site: Site):
    where = _challenges(requests.get(f"{site.url}/tap/capabilities", timeout=60))["ivoa_cookie"]["access_url"]
    with requests.Session() as session:
        assert _rows(site, session) == -401
        answer = session.post(where, data={"username": "alice", "password": PASSWORD}, timeout=60)
        assert (answer.status_code, answer.headers["X-VO-Authenticated"]) == (200, "alice")
        words = answer.headers["Set-Cookie"].lower()
        assert all(word in words for word in ("httponly", "samesite=strict", "path=/"))
        assert _rows(site, session) == 2
        # A browser that had it would not send it for pages of other sites, and it would not count.
        session.headers["Origin"] = "https://evil.example"
        assert _rows(site, session) == -403


def test_a_cookie_got_by_a_token_does_not_go_beyond_it(site: Site):
    with requests.Session() as session:
        answer = session.post(
            f"{site.url}/api/sign-in/cookie", data={"username": "alice", "password": site.reading}, timeout=60
        )
        assert answer.ok
        assert _rows(site, session) == 2
        answer = session.post(f"{site.url}/api/products/", json={"display_name": "x", "product_type": 7}, timeout=60)
        assert answer.status_code == 403


def test_the_token_of_ivoa_bearer_signs_a_program_in(site: Site):
    where = _challenges(requests.get(f"{site.url}/tap/capabilities", timeout=60))["ivoa_bearer"]["access_url"]
    answer = requests.post(where, data={"username": "alice", "password": PASSWORD}, timeout=60)
    assert answer.ok
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {answer.headers['X-VO-Bearer']}"
        assert _rows(site, session) == 2


@pytest.mark.parametrize("name", ["cookie", "token"])
def test_wrong_passwords_and_pages_of_other_sites_sign_nobody_in(site: Site, name: str):
    url, right = f"{site.url}/api/sign-in/{name}", {"username": "alice", "password": PASSWORD}
    for sent in ({**right, "password": "wrong"}, {**right, "username": "bob"}, {"username": "alice"}, {}):
        answer = requests.post(url, data=sent, timeout=60)
        assert answer.status_code == 401, sent
        assert "Set-Cookie" not in answer.headers
        assert "X-VO-Bearer" not in answer.headers
    for site_header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert requests.post(url, data=right, headers=site_header, timeout=60).status_code == 403


@pytest.mark.parametrize("password", ["password", "token", "reading"])
def test_basic_takes_a_password_or_a_token_of_the_account(site: Site, password: str):
    secret = {"password": PASSWORD, "token": site.token, "reading": site.reading}[password]
    with requests.Session() as session:
        session.auth = (b"alice", secret.encode())
        assert _rows(site, session) == 2
        session.auth = (b"admin", secret.encode())
        assert _rows(site, session) == -401


def test_pyvo_signs_in_by_password_by_cookie_and_by_token(site: Site):
    query = f"SELECT COUNT(*) AS n FROM {site.table}"
    with ExitStack() as opened:
        with_token, by_cookie = (opened.enter_context(TidySession()) for _ in range(2))
        with_token.headers["Authorization"] = f"Bearer {site.token}"
        signed = by_cookie.post(
            f"{site.url}/api/sign-in/cookie", data={"username": "alice", "password": PASSWORD}, timeout=60
        )
        password, cookie = AuthSession(), AuthSession()
        password.credentials.set_password("alice", site.reading)  # requests writes passwords in Latin-1
        for each in signed.cookies:
            cookie.credentials.set_cookie(each.name, each.value)
        for session in (password, cookie):
            for each in session.credentials.credentials.values():
                opened.callback(each.close)
        for session in (password, cookie, with_token):
            service = pyvo.dal.TAPService(f"{site.url}/tap", session=session)
            assert service.search(query)["n"][0] == 2
            assert site.table in service.tables
            job = service.submit_job(query)
            job.run().wait(phases=["COMPLETED", "ERROR"], timeout=120)
            assert job.fetch_result()["n"][0] == 2
            job.delete()


def test_stilts_signs_in_by_name_and_password(site: Site, stilts: Stilts, tmp_path: Path):
    out = tmp_path / "out.csv"
    query = f"adql=SELECT * FROM {site.table}"
    stilts(
        "-Dstar.basicauth.user=alice", f"-Dstar.basicauth.password={site.token}", "tapquery",
        f"tapurl={site.url}/tap", query, "sync=true", f"out={out}",
    )  # fmt: skip
    assert len(out.read_text().splitlines()) == 3


def _counted(site: Site, base: str, stilts: Stilts, folder: Path, *words: str) -> list[str]:
    out = folder / "out.csv"
    stilts(
        "-Dstar.basicauth.user=alice", f"-Dstar.basicauth.password={site.token}", "tapquery",
        f"tapurl={site.url}{base}", f"out={out}", "sync=false", *words,
    )  # fmt: skip
    return out.read_text().splitlines()[1:]


def test_stilts_with_a_password_queries_a_private_table_asynchronously(site: Site, stilts: Stilts, tmp_path: Path):
    query = f"adql=SELECT COUNT(*) AS n FROM {site.table}"
    assert _counted(site, "/tap", stilts, tmp_path, "poll=200", query) == ["2"]


def test_stilts_with_a_password_uploads_to_the_base_that_always_asks(site: Site, stilts: Stilts, tmp_path: Path):
    uploaded = tmp_path / "up.csv"
    uploaded.write_text("k\n1\n2\n3\n")
    query = f"adql=SELECT COUNT(*) AS n FROM {site.table} AS a JOIN TAP_UPLOAD.mine AS b ON a.objid = b.k"
    # Without interface=cap STILTS asks for nothing before it sends the upload, which it cannot send twice.
    words = ("interface=cap", "poll=200", query, "nupload=1", f"upload1={uploaded}", "ufmt1=csv", "upname1=mine")
    assert _counted(site, "/auth/tap", stilts, tmp_path, *words) == ["2"]


def test_the_base_that_always_asks_names_itself_in_all_addresses(site: Site):
    for path in ("/capabilities", "/tables", "/sync?LANG=ADQL&QUERY=SELECT+1", "/async", "/examples"):
        answer = requests.get(f"{site.url}/auth/tap{path}", timeout=60)
        assert answer.status_code == 401, path
        assert {"Basic", "ivoa_cookie"} <= set(_challenges(answer))
    signed = {"Authorization": f"Bearer {site.token}"}
    found = requests.get(f"{site.url}/auth/tap/capabilities", headers=signed, timeout=60).text
    assert f">{site.url}/auth/tap<" in found
    sent = {"LANG": "ADQL", "QUERY": f"SELECT * FROM {site.table}", "PHASE": "RUN"}
    made = requests.post(f"{site.url}/auth/tap/async", data=sent, headers=signed, timeout=60)
    assert made.url.startswith(f"{site.url}/auth/tap/async/")
    for phase in ("QUEUED", "EXECUTING"):
        ended = requests.get(f"{made.url}?WAIT=60&PHASE={phase}", headers=signed, timeout=90).text
    assert f'href="{made.url}/results/result"' in ended


@pytest.mark.parametrize("run", [True, False])
def test_a_job_of_nobody_on_a_table_that_may_be_private_is_asked_to_sign_in(site: Site, *, run: bool):
    def ask(query: str, **more: str) -> requests.Response:
        sent = {"LANG": "ADQL", "QUERY": query, **({"PHASE": "RUN"} if run else {}), **more}
        return requests.post(f"{site.url}/tap/async", data=sent, timeout=60, allow_redirects=False)

    for name in (site.table, "redshift_catalog.nothing", f"tap_schema.tables AS t JOIN {site.table} AS p ON 1=1"):
        answer = ask(f"SELECT * FROM {name}")
        assert answer.status_code == 401, name
        assert {"Basic", "ivoa_bearer"} <= set(_challenges(answer))
    common = "WITH mine AS (SELECT 1 AS x FROM tap_schema.tables) SELECT * FROM mine"
    for query in ("SELECT TOP 1 * FROM tap_schema.tables", common, "no ADQL at all", "SELECT * FROM tap_upload.t"):
        assert ask(query).status_code == 303, query


def test_a_job_of_nobody_is_asked_to_sign_in_when_it_is_run(site: Site):
    made = requests.post(f"{site.url}/tap/async", data={"LANG": "ADQL"}, timeout=60)
    sent = {"QUERY": f"SELECT * FROM {site.table}"}
    assert requests.post(f"{made.url}/parameters", data=sent, timeout=60).status_code == 200
    assert requests.post(f"{made.url}/phase", data={"PHASE": "RUN"}, timeout=60).status_code == 401


@pytest.mark.parametrize("path", ["/tap/capabilities", "/vospace/capabilities", "/datalink/capabilities"])
def test_capabilities_have_one_interface_for_each_way_to_sign_in(site: Site, path: str):
    document = etree.fromstring(requests.get(f"{site.url}{path}", timeout=60).content)
    interfaces = document.findall(".//interface")
    assert all(len(interface.findall("securityMethod")) <= 1 for interface in interfaces)  # VOResource 1.1, Erratum 1
    assert all(method.get("standardID") for method in document.findall(".//securityMethod"))
    assert any(interface.find("securityMethod") is not None for interface in interfaces)


def test_vospace_has_the_addresses_that_cadcutils_makes_of_redirects(site: Site):
    signed, path = {"Authorization": f"Bearer {site.token}"}, "/vospace/auth/files/home/alice/f.txt"
    assert requests.put(site.url + path, b"bytes", headers=signed, timeout=60).status_code in {200, 201}
    assert requests.get(site.url + path.replace("auth/", ""), headers=signed, timeout=60).content == b"bytes"
    refused = requests.get(f"{site.url}/vospace/auth/nodes", timeout=60)
    assert (refused.status_code, "Basic" in _challenges(refused)) == (401, True)
