"""Refused uploads: URLs of internal addresses, broken documents, too many bytes."""

import io
from collections.abc import Iterator

import pytest
import requests
from astropy.io.votable import parse

from tests.support.files_over_http import FileServer, file_server
from tests.tap.small_site import SmallSite
from tests.tap.uploading import LIMIT, ask, small, upload_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    with upload_site(tmp_path_factory.mktemp("refusals")) as running:
        yield running


@pytest.fixture(scope="module")
def files() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Somebody without credentials."""
    with requests.Session() as running:
        yield running


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.2:{port}/mine.vot",
        "http://localhost.:{port}/../127.0.0.3",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:{port}/mine.vot",
        "http://[::ffff:127.0.0.2]:{port}/mine.vot",
        "http://0.0.0.0:{port}/mine.vot",
        "http://2130706434:{port}/mine.vot",
        "http://0x7f.2:{port}/mine.vot",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "ftp://127.0.0.1/x",
        "http://user:secret@127.0.0.1:{port}/mine.vot",
        "{files}/to-loopback",
        "{files}/to-file",
        "{files}/for-ever",
        "{files}/missing",
        "vos://elsewhere.org!vospace/x",
        "nonsense",
    ],
)
def test_no_address_lends_out_the_place_of_the_server(site: SmallSite, session, files: FileServer, uri: str):
    files.redirect("/to-loopback", f"http://127.0.0.4:{files.port}/reached")
    files.redirect("/to-file", "file:///etc/passwd")
    files.redirect("/for-ever", "/for-ever")
    answer = ask(session, site, "SELECT * FROM TAP_UPLOAD.t", f"t,{uri.format(port=files.port, files=files.url)}")
    assert answer.status_code == 400, answer.text
    assert "QUERY_STATUS" in answer.text
    assert "root:" not in answer.text
    assert "/reached" not in files.asked


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        ("t", "not of the form name,uri"),
        ("t,", "not of the form name,uri"),
        ("a b,param:t", "'a b' cannot be the name"),
        ('"t",param:t', "cannot be the name"),
        ("pg_catalog.x,param:t", "cannot be the name"),
        ("x'; DROP TABLE y --,param:t", "not of the form"),
        ("select,param:t", "'select' cannot be the name"),
        ("t,param:other", "'other' of the form, which is missing"),
        ("t,param:t;T,http://example.org/", "to two tables"),
        (";".join(f"t{i},param:t" for i in range(21)), "21 tables"),
    ],
)
def test_what_is_wrong_with_upload_is_said(site: SmallSite, session, upload: str, said: str):
    answer = ask(session, site, "SELECT * FROM TAP_UPLOAD.t", upload, t=small((1.0, 2.0)))
    assert answer.status_code == 400
    infos = parse(io.BytesIO(answer.content)).resources[0].infos
    assert said in next(info.content for info in infos if info.value == "ERROR")


_BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_XXE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "without a table"),
        (b"not xml", "TAP_UPLOAD.t"),
        (b"<a/>", "without a table"),
        (small((1.0, 2.0))[:-60], "TAP_UPLOAD.t is not well-formed XML"),
        (small((1.0, 2.0)).replace(b"<TD>2.0", b"<TD>north"), "A cell of the column dec of TAP_UPLOAD.t"),
        (small((1.0, 2.0)).replace(b"<TD>2.0</TD>", b""), "Row 1 of TAP_UPLOAD.t has 1 cells"),
        (small((1.0, 2.0)).replace(b'"double"', b'"quaternion"'), "ra, dec"),
        (_BOMB.encode() + small((1.0, 2.0)), "document type declaration"),
        (_XXE.encode() + small((1.0, 2.0)).replace(b"1.0", b"&a;"), "document type declaration"),
        (
            small().replace(b"<TABLEDATA></TABLEDATA>", b'<BINARY><STREAM href="file:///etc/passwd"/></BINARY>'),
            "elsewhere or compressed",
        ),
        (small().replace(b"<TABLEDATA></TABLEDATA>", b"<BINARY><STREAM>A</STREAM></BINARY>"), "TAP_UPLOAD.t"),
        (small().replace(b'"double"', b'"double" arraysize="99999999999999999999"'), "ra"),
    ],
    ids=["empty", "text", "xml", "cut", "cell", "row", "type", "bomb", "entity", "elsewhere", "base64", "size"],
)
def test_a_document_that_is_no_votable_is_refused_with_a_reason(site: SmallSite, session, document: bytes, said: str):
    answer = ask(session, site, "SELECT * FROM TAP_UPLOAD.t", "t,param:t", t=document)
    assert answer.status_code == 400, answer.text
    infos = parse(io.BytesIO(answer.content)).resources[0].infos
    message = next(info.content for info in infos if info.value == "ERROR")
    assert said in message
    assert not any(word in message for word in ("/uploads", "Traceback", "duckdb", "uploaded_rows"))


def test_tables_larger_than_the_limit_are_refused_together(site: SmallSite, session):
    table = small(*((float(i % 360), 1.0) for i in range(30_000)))
    assert LIMIT / 2 < len(table) < LIMIT
    query = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.a"
    assert ask(session, site, query, "a,param:a", a=table).text.split() == ["n", "30000"]
    answer = ask(session, site, query, "a,param:a;b,param:b", a=table, b=table)
    assert answer.status_code == 413
    assert "2 MB" in answer.text


def test_more_columns_than_allowed_are_refused(site: SmallSite, session):
    many = b'<FIELD name="x" datatype="short"/>' * 5000
    answer = ask(
        session, site, "SELECT * FROM TAP_UPLOAD.t", "t,param:t", t=small().replace(b"<FIELD", many + b"<FIELD", 1)
    )
    assert answer.status_code in {400, 413}
    assert "4096 columns" in answer.text


def test_nobody_else_sees_an_upload(site: SmallSite, session):
    tables = {"mine": small((1.0, 2.0))}
    seen = ask(session, site, "SELECT table_name FROM tap_schema.tables", "mine,param:mine", **tables).text
    assert "mine" not in seen.lower()
    assert "tap_upload" not in seen.lower()
    assert "mine" not in session.get(site.url("tap/tables"), timeout=60).text
    other = ask(session, site, "SELECT * FROM TAP_UPLOAD.mine", [], none=b"")
    assert other.status_code == 400
    assert "Unknown table TAP_UPLOAD.mine" in other.text


def test_a_page_of_another_site_gets_nothing_by_the_cookie_of_a_browser(site: SmallSite):
    with requests.Session() as browser:
        account = site.server.account
        assert account is not None
        browser.post(
            site.url("login"),
            data={"name": account.name, "password": account.password},
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=60,
        )
        form = {
            "LANG": "ADQL",
            "QUERY": f"SELECT COUNT(*) AS n FROM {site.private}",
            "UPLOAD": "t,param:t",
            "FORMAT": "csv",
        }
        sent = {"data": form, "files": {"t": small((1.0, 2.0))}, "timeout": 60}
        assert browser.post(site.url("tap/sync"), headers={"Sec-Fetch-Site": "cross-site"}, **sent).status_code == 403
        own = browser.post(site.url("tap/sync"), headers={"Sec-Fetch-Site": "same-origin"}, **sent)
        assert own.text.split() == ["n", "40"]


def test_a_reader_of_a_private_table_needs_its_rights_with_an_upload_too(site: SmallSite, session):
    query = f"SELECT COUNT(*) FROM TAP_UPLOAD.t, {site.private}"
    answer = ask(session, site, query, "t,param:t", t=small((1.0, 2.0)))
    assert answer.status_code == 401
    assert "Unknown table" in answer.text
