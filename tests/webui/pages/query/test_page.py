"""Query page over HTTP: results, errors at their place, tables, cone search, saving and sending."""

import re
from html import unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import numpy as np
from astropy import units as u
from astropy.io.votable import parse_single_table
from lxml import html
from mocpy import MOC

from products.models import Visibility
from server.services import Services
from tests.webui.pages.conftest import SignIn


def document(answer: httpx2.Response) -> html.HtmlElement:
    return html.fromstring(answer.text)


def run(browser: httpx2.Client, query: str, **fields: str) -> httpx2.Response:
    return browser.post("/query", data={"query": query, "maxrec": "2", "action": "run", **fields})


def test_rows_are_shown_with_their_number_and_the_estimate(alice: httpx2.Client, vvds: str) -> None:
    page = document(run(alice, f"SELECT objid, RAJ2000, DEJ2000, zspec\nFROM {vvds}\nORDER BY objid"))
    assert page.find(".//*[@id='result-title']").text_content() == "2 rows, and more cut at the maximum rows"
    assert "lane for short queries" in page.find(".//*[@data-estimate]").text_content()
    rows = page.findall(".//table[@data-rows]/tbody/tr")
    assert [[cell.text_content() for cell in row] for row in rows] == [
        ["1", "1", "10.5", "-5.25", "0.31"],
        ["2", "2", "10.6", "-5.5", "0.42"],
    ]
    assert (rows[0].get("data-ra"), rows[0].get("data-dec")) == ("10.5", "-5.25")
    assert page.find(".//textarea").text.strip().startswith("SELECT objid, RAJ2000")


def test_an_error_stands_at_its_place_and_the_text_is_kept(alice: httpx2.Client, vvds: str) -> None:
    query = f"SELECT objid,\n  zspecc\nFROM {vvds} WHERE 1 < 2 AND '<b>' = 'x'"
    answer = run(alice, query)
    page = document(answer)
    alert = page.find(".//*[@id='query-error']")
    assert (answer.status_code, alert.get("data-line"), alert.get("data-column")) == (400, "2", "3")
    assert alert.find(".//mark").text == "zspecc"
    assert page.find(".//textarea").text.strip("\n") == query
    assert "<b>" not in answer.text


def test_tables_of_others_are_neither_listed_nor_completed(
    visitor: httpx2.Client, alice: httpx2.Client, vvds: str
) -> None:
    for browser, is_there in ((alice, True), (visitor, False)):
        listed = browser.get("/query/tables", params={"search": "vvds sample"}).json()
        assert [table["name"] for table in listed["tables"]] == [vvds] * is_there
        assert browser.get("/query/columns", params={"table": vvds}).status_code == (200 if is_there else 404)
        assert (vvds in browser.get("/query", params={"search": "vvds"}).text) is is_there
    refused = run(visitor, f"SELECT * FROM {vvds}")
    assert (refused.status_code, "sign in" in refused.text) == (400, True)


def test_columns_and_functions_are_given_as_they_stand_in_queries(alice: httpx2.Client, vvds: str) -> None:
    columns = alice.get("/query/columns", params={"table": vvds}).json()["columns"]
    assert [column["name"] for column in columns] == ["objid", "RAJ2000", "DEJ2000", "zspec", "flag"]
    language = alice.get("/query/language").json()
    forms = {function["name"]: function["form"] for function in language["functions"]}
    assert forms["IVO_HEALPIX_INDEX"].startswith("ivo_healpix_index(")
    assert "SELECT" in language["keywords"]
    shown = document(alice.post("/query?action=tables", data={"query": "SELECT 1", "table": vvds}))
    assert [name.text for name in shown.iterfind(".//ul[@class='column-names']/li/code")][:2] == ["objid", "RAJ2000"]
    assert shown.find(".//textarea").text.strip() == "SELECT 1"


def test_a_cone_search_writes_a_query_that_finds_the_object(alice: httpx2.Client, vvds: str) -> None:
    fields = {"position": "00:42:24 -05:30:00", "radius": "5", "unit": "arcsec", "cone_table": vvds, "action": "cone"}
    query = document(alice.post("/query", data={"query": "", **fields})).find(".//textarea").text.strip()
    rows = document(run(alice, query)).findall(".//table[@data-rows]/tbody/tr")
    assert [row.get("data-ra") for row in rows] == ["10.6"]
    for field, value, words in (
        ("position", "M 31", "not looked up"),
        ("radius", "-1", "cannot be the radius"),
        ("cone_table", "nothing.there", "There is no table"),
    ):
        answer = alice.post("/query", data={"query": "SELECT kept", **fields, field: value})
        assert (answer.status_code in {400, 404}, words in unescape(answer.text)) == (True, True)
        assert document(answer).find(".//textarea").text.strip() == "SELECT kept"


def test_a_download_is_named_like_its_table(alice: httpx2.Client, vvds: str) -> None:
    answer = alice.post("/query/download", data={"query": f"SELECT objid FROM {vvds} ORDER BY objid", "format": "csv"})
    assert answer.text.split() == ["objid", "1", "2", "3"]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{vvds.split(".")[1]}.csv"'


def test_a_result_becomes_the_main_file_of_a_private_draft(alice: httpx2.Client, vvds: str, services: Services) -> None:
    fields = {"query": f"SELECT objid, zspec FROM {vvds}", "display_name": "Two columns", "product_type": "2"}
    sent = alice.post("/query/product", data=fields)
    assert sent.status_code == 303, sent.text
    name = re.fullmatch(r"/product/(\d+_two_columns)/columns", sent.headers["location"])
    assert name is not None
    identity = services.accounts.service.identity_of_user("alice")
    details = services.products.service.details(identity, name[1])
    assert details.product.visibility is Visibility.PRIVATE
    assert [file.name for file in details.files] == [f"{vvds.split('.')[1]}.parquet"]
    sources = services.products.provenance.of(identity, name[1]).sources
    assert [source.product.internal_name for source in sources if source.product] == [_name(vvds)]


def test_what_cannot_be_saved_says_why_and_keeps_the_query(alice: httpx2.Client, vvds: str) -> None:
    query = f"SELECT objid FROM {vvds}"
    for path, fields, words in (
        ("/query/table", {"table_name": ""}, "Enter a name"),
        ("/query/product", {"product_type": "99"}, "Choose what kind"),
        ("/query/product", {"product_type": "1", "display_name": "  "}, "name"),
    ):
        answer = alice.post(path, data={"query": query, **fields})
        assert (answer.status_code, words in answer.text) == (400, True)
        assert document(answer).find(".//textarea").text.strip() == query


def test_a_result_above_the_limit_of_files_leaves_no_draft(alice: httpx2.Client, services: Services) -> None:
    query = "SELECT RAND() AS a FROM tap_schema.columns AS b, tap_schema.columns AS c"
    identity = services.accounts.service.identity_of_user("alice")
    before = services.products.service.draft(identity)
    fields = {"query": query, "display_name": "Too large", "product_type": "7"}
    assert services.settings.max_upload_bytes == 20_000
    assert alice.post("/query/product", data=fields).status_code == 413
    assert services.products.service.draft(identity) == before


def test_a_job_is_shown_to_its_owner_who_can_abort_it(
    alice: httpx2.Client, visitor: httpx2.Client, sign_in: SignIn, vvds: str
) -> None:
    wrong = alice.post("/query", data={"query": "SELECT 1 FROM\n WHERE", "action": "job"})
    assert (wrong.status_code, document(wrong).find(".//*[@id='query-error']").get("data-line")) == (400, "2")
    address = alice.post("/query", data={"query": f"SELECT objid FROM {vvds}", "action": "job"}).headers["location"]
    page = alice.get(address).text
    assert (vvds in page, f'action="{address}/abort"' in page) == (True, True)
    assert address in alice.get("/query").text
    assert sign_in("bob").get(address).status_code == 404
    assert visitor.get(address).headers["location"].startswith("/login?next=")
    assert alice.post(f"{address}/table", data={"table_name": "x"}).status_code == 409
    assert alice.post(f"{address}/abort").status_code == 303
    assert "The job was aborted" in alice.get(address).text


def test_a_private_table_is_sent_by_an_address_that_ends_with_the_sign_in(
    alice: httpx2.Client, visitor: httpx2.Client, vvds: str
) -> None:
    made = alice.post("/query/send", data={"query": f"SELECT objid FROM {vvds} ORDER BY objid", "format": "votable"})
    path = urlsplit(made.json()["url"]).path
    fetched = visitor.get(path)
    assert parse_single_table(BytesIO(fetched.content)).array["objid"].tolist() == [1, 2, 3]
    alice.post("/logout")
    assert visitor.get(path).status_code == 403
    assert visitor.get(path.replace("/sent/", "/sent/x")).status_code == 403


def test_public_rows_are_sent_by_their_public_address(visitor: httpx2.Client) -> None:
    made = visitor.post("/query/send", data={"query": "SELECT TOP 1 * FROM tap_schema.tables", "format": "fits"})
    assert urlsplit(made.json()["url"]).path == "/tap/sync"
    refused = visitor.post("/query/send", data={"query": "SELECT FROM", "format": "fits"})
    assert (refused.status_code, "line 1" in refused.json()["error"]) == (400, True)


def test_a_footprint_is_sent_as_a_moc(alice: httpx2.Client, visitor: httpx2.Client, vvds: str, tmp_path: Path) -> None:
    made = alice.post("/query/send", data={"product": _name(vvds)})
    file = tmp_path / "moc.fits"
    file.write_bytes(visitor.get(urlsplit(made.json()["url"]).path).content)
    moc = MOC.load(file, format="fits")
    assert np.all(moc.contains_lonlat([10.5, 10.6] * u.deg, [-5.25, -5.5] * u.deg))
    assert visitor.post("/query/send", data={"product": _name(vvds)}).status_code == 404


def _name(table: str) -> str:
    """Return the internal name of the product of a table."""
    return table.split(".")[1].removeprefix("p")


def test_views_of_the_explorer_are_sent_with_their_rows_and_positions(alice: httpx2.Client, vvds: str) -> None:
    answer = alice.get("/explore", params={"table": vvds})
    page = document(answer)
    assert "connect-src 'self' http://localhost:21012" in answer.headers["Content-Security-Policy"]
    assert page.find(".//*[@data-samp-query]").get("data-samp-query") in page.find(".//pre[@id='adql']").text_content()
    rows = page.findall(".//table[@data-rows]/tbody/tr")
    assert [row.get("data-row") for row in rows] == ["0", "1", "2"]
    positions = {(row.get("data-ra"), row.get("data-dec")) for row in rows}
    assert positions == {("10.5", "-5.25"), ("10.6", "-5.5"), ("10.7", "-5.75")}


def test_a_result_leads_to_the_data_explorer_as_a_job(alice: httpx2.Client, vvds: str, services: Services) -> None:
    query = f"SELECT objid FROM {vvds} WHERE zspec > 0"
    button = document(run(alice, query)).find(".//button[@value='explore']")
    fields = {name.get("name"): name.get("value") for name in button.getparent().iterfind("input")}
    sent = alice.post("/query", data={**fields, "action": "explore"})
    address = sent.headers["location"]
    job = services.jobs.get(re.fullmatch(r"/query/jobs/(\w+)\?explore=1", address)[1], owner="alice")
    assert (job.parameters["QUERY"], job.parameters["RESPONSEFORMAT"]) == (query, "parquet")
    assert "The job waits for its turn" in alice.get(address).text
    refused = alice.post("/query", data={"query": "SELECT", "action": "explore"})
    assert refused.status_code == 400


def test_tables_of_data_are_listed_before_metadata(alice: httpx2.Client, vvds: str) -> None:
    for path, attribute in (("/query", 'name="table" value="{}"'), ("/explore", 'href="/explore?table={}"')):
        listed = alice.get(path, params={"search": "a"}).text
        places = [listed.index(attribute.format(name)) for name in (vvds, "photoz.products")]
        assert places == sorted(places), path
