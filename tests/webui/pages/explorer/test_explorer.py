"""The data explorer: tables, rows, filters, columns and single rows, as people see them."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import numpy as np
import pytest
from lxml import html

from products.models import Visibility
from server.services import Services
from tests.core.photoz.samples import ensemble
from tests.products.readers.qp.samples import write_ensemble
from tests.webui.pages.conftest import Publish, SignIn
from tests.webui.pages.explorer.conftest import table_name


def _rows(page: str) -> list[list[str]]:
    cells = html.document_fromstring(page).xpath("//table[@class='rows']/tbody/tr")
    return [[cell.text_content().strip() for cell in row.iterchildren()] for row in cells]


def _link(page: str, text: str) -> str:
    found = html.document_fromstring(page).xpath(f"//nav[@class='explorer-pages'][1]/a[.='{text}']/@href")
    return str(found[0])


def test_all_rows_are_shown_in_pages(visitor: httpx2.Client, table: str):
    first = visitor.get("/explore", params={"table": table, "size": "50"})
    assert first.status_code == 200
    assert "<b>120</b> rows" in first.text
    assert "page 1 of 3" in first.text
    seen, page = _rows(first.text), first.text
    for _ in range(2):
        page = visitor.get(_link(page, "Next")).text
        seen += _rows(page)
    assert sorted(int(row[1]) for row in seen) == list(range(1, 121))
    assert _rows(visitor.get(_link(first.text, "Last")).text) == _rows(page)
    assert "page 3 of 3" in visitor.get("/explore", params={"table": table, "page": "99"}).text


def test_the_page_with_all_that_it_loads_is_small(visitor: httpx2.Client, table: str):
    for address in ("/explore", f"/explore?table={table}"):
        page = visitor.get(address)
        files = [visitor.get(path).content for path in set(re.findall(r'(?:href|src)="(/static/[^"]*)"', page.text))]
        assert len(files) >= 3
        assert sum(map(len, files)) + len(page.content) < 250_000, address  # before they are compressed


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sorted_pages_agree_from_both_ends(visitor: httpx2.Client, table: str, direction: str):
    address = {"table": table, "sort": f"{direction}:zspec", "size": "20"}
    pages = [_rows(visitor.get("/explore", params={**address, "page": str(page)}).text) for page in range(1, 7)]
    values = [row[4] for page in pages for row in page]
    known = sorted((number / 10 for number in range(1, 121) if number % 5), reverse=direction == "desc")
    assert values == [str(value) for value in known] + ["\N{EN DASH}"] * 24
    assert sorted(int(row[1]) for page in pages for row in page) == list(range(1, 121))


def test_forms_lead_to_canonical_addresses(visitor: httpx2.Client, table: str):
    form = {"table": table, "form": "1", "f_column": "zspec", "f_operator": "between", "f_value": "1", "f_high": "2"}
    answer = visitor.get("/explore", params=form)
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert parse_qs(urlsplit(address).query) == {"table": [table], "filter": ["between:zspec:1..2"]}
    page = visitor.get(address).text
    assert "<b>8</b> of 120 rows selected" in page
    assert sorted(int(row[1]) for row in _rows(page)) == [11, 12, 13, 14, 16, 17, 18, 19]
    cone = {"table": table, "form": "1", "position": "00:40:12 -05:03:00", "radius": "0.5", "unit": "arcmin"}
    page = visitor.get(visitor.get("/explore", params=cone).headers["location"]).text
    assert [row[1] for row in _rows(page)] == ["5"]
    some = {"table": table, "form": "1", "show": ["flag", "objid"], "search": ""}
    address = visitor.get("/explore", params=some).headers["location"]
    assert parse_qs(urlsplit(address).query) == {"table": [table], "show": ["flag", "objid"]}
    assert all(flag == "AB"[int(number) % 2] for _, flag, number in _rows(visitor.get(address).text))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"filter": "eq:nothing:1"}, "nothing"),
        ({"form": "1", "f_column": "zspec", "f_operator": "eq", "f_value": "<b>"}, "<b>"),
        ({"form": "1", "position": "M 31", "radius": "1"}, "Names of objects are not looked up"),
        ({"form": "1", "position": "10 5", "radius": "wide"}, "wide"),
        ({"sort": "up:zspec"}, "up:zspec"),
    ],
)
def test_a_wrong_value_is_told_on_the_page(visitor: httpx2.Client, table: str, wrong: dict[str, str], named: str):
    answer = visitor.get("/explore", params={"table": table, **wrong})
    assert answer.status_code == 400
    alert = html.document_fromstring(answer.text).xpath("string(//*[@role='alert'])")
    assert named in alert
    assert len(_rows(answer.text)) == 50


def test_the_adql_of_the_view_is_shown_edited_and_exported(visitor: httpx2.Client, table: str):
    page = visitor.get("/explore", params={"table": table, "filter": ["eq:flag:A", "le:zspec:1"]}).text
    document = html.document_fromstring(page)
    query = str(document.xpath("//input[@name='QUERY']/@value")[0])
    assert document.xpath("//form[@action='/tap/sync']//option/text()")[:2] == ["votable", "votable/td"]
    edit = urlsplit(str(document.xpath("//a[starts-with(@href, '/query?')]/@href")[0]))
    assert parse_qs(edit.query)["query"] == [query]
    assert query == f"SELECT * FROM {table} WHERE flag = 'A' AND zspec <= 1"


def test_a_column_tells_its_statistics(visitor: httpx2.Client, table: str):
    page = visitor.get("/explore/column", params={"table": table, "column": "zspec"}).text
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)", page))
    assert facts["Rows"] == "120"
    assert facts["Without a value"] == "24"
    assert (facts["Minimum"], facts["Maximum"], facts["Different values"]) == ("0.1", "11.9", "96")
    assert float(facts["Mean"]) == pytest.approx(sum(n / 10 for n in range(1, 121) if n % 5) / 96)
    assert "96 values of the selection" in page
    part = visitor.get("/explore/column", params={"table": table, "column": "flag", "part": "1"}).text
    assert "<html" not in part
    found = re.findall(r'<a href="([^"]*)">([AB])</a></th><td class="num">(\d+)', part)
    assert [(value, count) for _, value, count in found] == [("A", "60"), ("B", "60")]
    assert "<b>60</b> of 120 rows" in visitor.get(unescape(found[0][0])).text
    assert visitor.get("/explore/column", params={"table": table, "column": "link"}).status_code == 200
    assert visitor.get("/explore/column", params={"table": table, "column": "nothing"}).status_code == 400


def test_a_row_has_all_its_values(visitor: httpx2.Client, table: str):
    address = {"table": table, "show": "objid", "filter": "eq:flag:A", "sort": "desc:objid"}
    listed = visitor.get("/explore", params=address).text
    link = html.document_fromstring(listed).xpath("//table[@class='rows']/tbody/tr[2]/th/a/@href")[0]
    page = visitor.get(str(link)).text
    assert "http://example.org/118" in page
    assert "Row 2 <small>of 60 selected" in page
    back = html.document_fromstring(page).xpath("//nav[@class='crumbs']/a[2]/@href")[0]
    assert {name: value for name, (value,) in parse_qs(urlsplit(str(back)).query).items()} == address
    assert visitor.get("/explore/row", params={**address, "row": "61"}).status_code == 400
    assert visitor.get("/explore/row", params={**address, "row": "0"}).status_code == 400


def test_tables_are_searched_and_private_ones_are_not_there(
    visitor: httpx2.Client, sign_in: SignIn, services: Services, publish: Publish, table: str
):
    private = table_name(services, publish("Hidden", visibility=Visibility.PRIVATE))
    listing = visitor.get("/explore").text
    assert table in listing
    assert private not in listing
    assert private in sign_in("alice").get("/explore", params={"search": "hidden"}).text
    assert table not in sign_in("alice").get("/explore", params={"search": "hidden"}).text
    for page in ("/explore", "/explore/column", "/explore/row"):
        for name in (private, "redshift_catalog.p99_nothing", "x\0y", '"'):
            answer = visitor.get(page, params={"table": name or "x"})
            assert answer.status_code == 303, (page, name)
            assert answer.headers["location"].startswith("/login?next=%2Fexplore")
            assert sign_in("bob").get(page, params={"table": name}).status_code == 404


def test_tables_of_the_catalogue_are_shown(visitor: httpx2.Client, table: str):
    page = visitor.get("/explore", params={"table": "photoz.products", "filter": f"eq:table_name:{table}"}).text
    assert len(_rows(page)) == 1
    assert len(_rows(visitor.get("/explore", params={"table": "tap_schema.tables"}).text)) > 5


def test_the_page_of_a_product_leads_to_its_rows(visitor: httpx2.Client, publish: Publish, services: Services):
    product = publish("Stars", visibility=Visibility.PUBLIC)
    page = visitor.get(f"/product/{product.internal_name}").text
    assert f'href="/explore?table={table_name(services, product)}"' in page


def test_hostile_names_and_many_columns_are_shown_as_they_are(
    visitor: httpx2.Client, services: Services, publish: Publish
):
    names = [
        "objid",
        "RAJ2000",
        "DEJ2000",
        "zspec",
        "sdss-i",
        "select",
        "<b>x</b>",
        "a:b%3A",
        'q"q',
        *map("m{}".format, range(60)),
    ]
    head = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    rows = [f"{n},{10 + n},{-n},0.{n},{20 + n},{n},<script>{n}</script>,{n},{n}" + ",1" * 60 for n in range(1, 4)]
    content = "\n".join([head, *rows]).encode()
    table = table_name(services, publish("Hostile", table=content, visibility=Visibility.PUBLIC))
    page = visitor.get("/explore", params={"table": table})
    assert page.status_code == 200
    assert "Columns: 60 of 69" in page.text
    assert "<script>1" not in page.text
    assert "&lt;script&gt;1&lt;/script&gt;" in page.text
    document = html.document_fromstring(page.text)
    panels = document.xpath("//a[@data-panel]/@href")
    assert len(panels) == 60
    for panel in panels[4:9]:
        assert visitor.get(str(panel)).status_code == 200, panel
    for column, value in (
        ("sdss-i", "22"),
        ("select", "2"),
        ("a:b%3A", "2"),
        ('q"q', "2"),
        ("<b>x</b>", "<script>2</script>"),
    ):
        form = {"table": table, "form": "1", "f_column": column, "f_operator": "eq", "f_value": value}
        found = visitor.get(visitor.get("/explore", params=form).headers["location"])
        assert [row[1] for row in _rows(found.text)] == ["2"], column


def test_the_page_of_a_row_draws_its_density(
    visitor: httpx2.Client, services: Services, publish: Publish, tmp_path: Path
):
    made = ensemble("interp")[:20]
    identifiers = 500 + np.arange(20) // 4  # four objects have the same one
    modes = np.ravel(made.metadata["xvals"])[np.argmax(made.objdata["yvals"], axis=1)]
    made.set_ancil({"object_id": identifiers, "zmode": modes})
    file = write_ensemble(made, tmp_path, "hdf5").read_bytes()
    product = publish(table=file, file_name="pz.hdf5", kind=4, visibility=Visibility.PUBLIC)
    page = visitor.get("/explore/row", params={"table": table_name(services, product), "row": "7"}).text
    assert page.count('class="curve curve-') == 1
    assert "the vertical line is the point estimate in <code>zmode</code>" in page
    assert f'href="/product/{product.internal_name}/densities?id=501"' in page
    document = html.document_fromstring(page)
    values = {row[0].text_content(): row[1].text_content().strip() for row in document.xpath("//tbody/tr")}
    ticks = document.xpath("//figure//text[@text-anchor='middle']")
    places, redshifts = zip(*((float(tick.get("x")), float(tick.text)) for tick in ticks[:-1]), strict=True)
    points = [point.split() for point in document.xpath("//path[contains(@class, 'curve ')]/@d")[0][1:].split("L")]
    highest = min(points, key=lambda point: float(point[1]))
    peak = np.interp(float(highest[0]), places, redshifts)
    assert modes[5] != pytest.approx(modes[6], abs=0.1)
    assert peak == pytest.approx(float(values["zmode"]), abs=0.05)
    assert (
        len(document.xpath("//td/div[@tabindex='0'][@aria-label='Value of yvals' or @aria-label='Value of pz']")) == 1
    )
