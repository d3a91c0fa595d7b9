"""The page of examples, read by STILTS, pyvo and an RDFa reader, and results as pages of a running server."""

from pathlib import Path
from urllib.parse import quote, urljoin

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pyvo
import requests
from lxml import etree, html
from pzserver.sessions import TidySession

from core.photoz.forms import DensityForm
from core.web.frames import PageFrame
from tap.metadata.catalog import TableSet
from tap.pages.examples import examples_document, examples_of
from tap.results.framed_page import framed_result
from tests.support.taplint import complaints
from tests.support.tools import Stilts
from tests.tap.small_site import SmallSite, small_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    with small_site(folder) as running:
        running.owner.publish("Estimates", "photoz_estimates", estimates(folder), {"num": "id"}, visibility="public")
        yield running


def estimates(folder: Path) -> Path:
    """Photo-z estimates with densities on a grid."""
    grid = np.linspace(0, 1.5, 31)
    values = np.exp(-0.5 * ((grid - np.linspace(0.1, 1.4, 40)[:, None]) / 0.1) ** 2)
    density = {"density": DensityForm("interp", len(grid), tuple(grid)).to_json()}
    schema = pa.schema([pa.field("num", pa.int64()), pa.field("pz", pa.list_(pa.float32()), metadata=density)])
    pq.write_table(pa.table([list(range(40)), list(values)], schema=schema), folder / "estimates.parquet")
    return folder / "estimates.parquet"


def page(site: SmallSite, token: str | None = None) -> etree._Element:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.get(site.url("tap/examples"), headers=headers, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xhtml+xml"
    return etree.fromstring(answer.content)


def test_there_are_seven_examples_before_anything_is_published():
    root = etree.fromstring(examples_document(examples_of(TableSet(())), PageFrame(b"<html><body>", b"</body></html>")))
    examples = root.xpath("//*[@typeof='example']")
    assert len(examples) == 7
    assert len({example.get("id") for example in examples}) == 7


def test_examples_are_rdfa_as_dali_and_tap_define_it(site: SmallSite):
    root = page(site)
    assert root.tag == "{http://www.w3.org/1999/xhtml}html"
    assert root.xpath("//@vocab") == ["http://www.ivoa.net/rdf/examples#"]
    for example in root.xpath("//*[@typeof='example']"):
        assert example.get("resource") == f"#{example.get('id')}"
        assert len(example.xpath(".//*[@property='name']")) == 1
        (query,) = example.xpath(".//*[@property='query']")
        for table in example.xpath(".//*[@property='table']"):
            assert table.text in query.text
        assert not example.xpath(".//*[@src or @href]")


def test_examples_name_only_tables_that_the_asker_may_read(site: SmallSite):
    tables = set(page(site).xpath("//*[@property='table']/text()"))
    assert site.private not in tables
    assert {site.numbered, site.nameless, "photoz.products", "tap_schema.columns"} <= tables


def test_pyvo_runs_every_example(site: SmallSite, tidy_session: TidySession):
    tap = pyvo.dal.TAPService(site.url("tap"), session=tidy_session)
    examples = tap.examples
    assert len(examples) >= 11
    rows = [len(example.execute()) for example in examples]
    assert sum(count > 0 for count in rows) >= 9


def test_taplint_finds_nothing_to_say_of_examples_and_capabilities(site: SmallSite, stilts: Stilts):
    said = stilts("taplint", f"tapurl={site.url('tap')}", "stages=TME CPV CAP EXA", "report=EWF")
    assert not complaints(said), said


def test_capabilities_name_every_format(site: SmallSite):
    root = etree.fromstring(requests.get(site.url("tap/capabilities"), timeout=60).content)
    aliases = set(root.xpath("//outputFormat/alias/text()"))
    assert {"votable", "csv", "tsv", "parquet", "fits", "json", "arrow", "html", "ecsv"} <= aliases


def test_an_answer_as_a_page_forbids_scripts_by_its_headers(site: SmallSite):
    query = {
        "LANG": "ADQL",
        "QUERY": "SELECT '<script>alert(1)</script>' AS x FROM tap_schema.schemas",
        "FORMAT": "html",
    }
    answer = requests.get(site.url("tap/sync"), params=query, timeout=60)
    assert answer.headers["Content-Type"] == "text/html;charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text


def test_a_browser_gets_a_result_in_the_frame_of_the_site(site: SmallSite):
    query = {
        "LANG": "ADQL",
        "QUERY": f"SELECT TOP 2 '</body><script>' AS x, num FROM {site.numbered} ORDER BY num",
        "RESPONSEFORMAT": "html",
    }
    answer = requests.post(site.url("tap/sync"), data=query, headers={"Accept": "text/html"}, timeout=60)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    document = html.fromstring(answer.content)
    assert document.xpath("//header//nav/a/@href")[:2] == ["/products/official", "/products/user"]
    assert len(document.xpath("//main//table[@tabindex='0']/tbody/tr")) == 2
    links = {link.text: link.get("href") for link in document.xpath("//main/nav/a|//main/nav/span/a")}
    assert {"Edit this query", "Address of this result", "csv", "votable", "parquet"} <= set(links)
    assert len(requests.get(links["csv"], timeout=60).text.splitlines()) == 3
    again = requests.get(links["Address of this result"], headers={"Accept": "text/html"}, timeout=60)
    assert html.fromstring(again.content).xpath("count(//main//tbody/tr)") == 2


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_result_is_framed_however_it_comes_in_pieces(count: int):
    whole = [b"<html><head></head><body><h1>R</h1><table>", *([b"<tr></tr>"] * (count - 2)), b"</table></body></html>"]
    pieces = [b"".join(whole)] if count == 1 else whole
    frame = PageFrame(b"<main>", b"</main>")
    text = b"".join(framed_result(pieces, frame, "https://x.org/tap", {"QUERY": "a<b"}, is_repeatable=False)).decode()
    assert text.startswith("<main><nav")
    assert text.endswith(f"{'<tr></tr>' * (count - 2)}</table></div></main>")
    assert "QUERY=a%3Cb" in text
    assert "Download" not in text


def test_addresses_of_files_are_links_on_a_page(site: SmallSite):
    query = {"LANG": "ADQL", "QUERY": "SELECT access_url FROM photoz.product_files", "FORMAT": "html"}
    root = etree.HTML(requests.get(site.url("tap/sync"), params=query, timeout=60).text)
    links = root.xpath("//td/a/@href")
    assert len(links) == 3
    assert all(link.startswith(site.server.base_url) for link in links)


def test_an_error_of_a_query_as_fits_is_a_proper_error(site: SmallSite):
    query = {"LANG": "ADQL", "QUERY": "SELECT nothing FROM photoz.products", "FORMAT": "fits"}
    answer = requests.get(site.url("tap/sync"), params=query, timeout=60)
    assert answer.status_code == 400
    assert b"QUERY_STATUS" in answer.content


def test_the_address_of_the_service_is_a_page_whose_form_runs_a_query(site: SmallSite):
    for path in ("tap", "tap/"):
        answer = requests.get(site.url(path), timeout=60)
        assert answer.headers["Content-Type"] == "application/xhtml+xml"
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    page = etree.fromstring(answer.content)
    (form,) = page.xpath("//*[local-name()='form']")
    fields = {field.get("name"): field.get("value") or field.text for field in form.xpath(".//*[@name]")}
    assert set(fields) == {"LANG", "QUERY", "RESPONSEFORMAT", "MAXREC"}
    fields["RESPONSEFORMAT"] = form.xpath(".//*[local-name()='option']/@value")[0]
    shown = requests.post(form.get("action"), data=fields, timeout=60)
    assert shown.headers["Content-Type"].startswith("text/html")
    assert site.numbered in shown.text
    links = page.xpath("//*[local-name()='main']//*[local-name()='a' and @href != '/query']/@href")
    assert any(site.numbered in link for link in links)
    assert not any(site.private in link for link in links)
    for link in dict.fromkeys(links):
        resource = link.startswith(f"{site.url('tap')}/") and "?" not in link
        answer = (requests.head if resource else requests.get)(urljoin(site.url(""), link), timeout=60)
        assert answer.status_code == (405 if link.endswith("/sync") else 200), link


def test_a_query_in_the_address_of_the_page_stands_in_its_form(site: SmallSite):
    query = "SELECT '</textarea><script>' AS x,\n 1 AS \x00\udcff FROM t"
    page = etree.fromstring(
        requests.get(site.url("tap") + "?QUERY=" + quote(query, errors="replace"), timeout=60).content
    )
    (field,) = page.xpath("//*[local-name()='textarea']")
    assert field.text == "SELECT '</textarea><script>' AS x,\n 1 AS  ? FROM t"
    assert not page.xpath("//*[local-name()='script']")


def test_a_browser_is_told_what_is_wrong_with_its_query_above_the_query(site: SmallSite):
    query = {"LANG": "ADQL", "QUERY": "SELECT nothing FROM photoz.products", "RESPONSEFORMAT": "html"}
    answer = requests.post(site.url("tap/sync"), data=query, headers={"Accept": "text/html,*/*;q=0.8"}, timeout=60)
    assert answer.status_code == 400
    shown = etree.fromstring(answer.content)
    assert "nothing" in "".join(shown.xpath("//*[@role='alert']//text()"))
    assert shown.xpath("string(//*[local-name()='textarea'])") == query["QUERY"]
    told = requests.post(site.url("tap/sync"), data=query, timeout=60)
    assert (told.status_code, told.headers["Content-Type"]) == (400, "application/x-votable+xml")


def test_a_browser_is_not_asked_for_a_password_because_of_a_misspelt_table(site: SmallSite):
    query = {"LANG": "ADQL", "QUERY": "SELECT 1 FROM photoz.product", "RESPONSEFORMAT": "html"}
    answer = requests.get(site.url("tap/sync"), params=query, headers={"Accept": "text/html"}, timeout=60)
    assert answer.status_code == 400
    assert "WWW-Authenticate" not in answer.headers


def test_descriptions_of_tables_have_no_markup(site: SmallSite):
    page = etree.fromstring(requests.get(site.url("tap"), timeout=60).content)
    assert not any("**" in text for text in page.itertext())
