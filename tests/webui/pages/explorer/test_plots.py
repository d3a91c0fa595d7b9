"""The page of plots of a selection, and its drawings and tables, as people and programs get them."""

import io
from urllib.parse import parse_qs, urlsplit

import httpx2
import numpy as np
import pytest
from astropy.io.votable import parse_single_table
from lxml import etree, html

from products.models import Visibility
from server.services import Services
from tests.webui.pages.conftest import Publish, SignIn
from tests.webui.pages.explorer.conftest import table_name

REDSHIFTS = np.array([number / 10 for number in range(1, 121) if number % 5])


def panels(page: str) -> list[str]:
    return [str(title) for title in html.document_fromstring(page).xpath("//section[@class='panel']/h2/text()")]


def address_of_form(page: str, number: int, **fields: object) -> dict[str, list[str]]:
    """Return the parameters that a browser sends for the form of a plot with other values in some fields."""
    form = html.document_fromstring(page).xpath(f"//form[.//input[@name='p_number'][@value='{number}']]")[0]
    sent: dict[str, list[str]] = {}
    for name, value in form.form_values():
        sent.setdefault(name, []).append(value)
    return sent | {name: [str(value)] for name, value in fields.items()}


def test_a_table_is_shown_by_plots_that_fit_its_columns(visitor: httpx2.Client, table: str):
    page = visitor.get("/explore/plot", params={"table": table})
    assert page.status_code == 200
    assert panels(page.text)[:2] == ["Sky map", "Redshift distribution N(z) of zspec"]
    document = html.document_fromstring(page.text)
    pictures = document.xpath("//noscript/img/@src")
    assert len(pictures) == len(panels(page.text))
    for picture in pictures:
        drawing = visitor.get(str(picture))
        assert (drawing.status_code, drawing.headers["content-type"]) == (200, "image/svg+xml")
        assert etree.fromstring(drawing.content).get("data-frame")
    assert not document.xpath("//*[@style or @onclick]")


def test_the_form_of_a_plot_changes_it_and_keeps_the_others(visitor: httpx2.Client, table: str):
    page = visitor.get("/explore/plot", params={"table": table, "plot": ["hist:zspec", "sky"]}).text
    answer = visitor.get("/explore/plot", params=address_of_form(page, 0, p_kind="xy", p_x="RAJ2000", p_y="zspec"))
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["location"])
    assert parts.fragment == "plot-1"
    assert parse_qs(parts.query) == {"table": [table], "plot": ["xy:RAJ2000,zspec", "sky"]}
    fields = address_of_form(page, 2, p_kind="hist", p_x="zspec", p_x_minus="DEJ2000", p_bins="20", p_flag="logcount")
    added = visitor.get("/explore/plot", params=fields).headers["location"]
    assert parse_qs(urlsplit(added).query)["plot"][2] == "hist:zspec-DEJ2000;logcount;bins=20"
    assert len(panels(visitor.get(added).text)) == 3


def test_ranges_and_cones_select_rows_for_all_plots(visitor: httpx2.Client, table: str):
    form = {"table": table, "form": "1", "plot": "nz:zspec", "f_column": "zspec", "f_operator": "between"}
    answer = visitor.get("/explore/plot", params={**form, "f_value": "1", "f_high": "2"})
    address = answer.headers["location"]
    assert parse_qs(urlsplit(address).query) == {
        "table": [table],
        "filter": ["between:zspec:1..2"],
        "plot": ["nz:zspec"],
    }
    page = html.document_fromstring(visitor.get(address).text)
    assert page.xpath("string(//pre[@id='adql'])").strip() == f"SELECT * FROM {table} WHERE zspec BETWEEN 1 AND 2"
    drawing = visitor.get(page.xpath("//noscript/img/@src")[0]).text
    assert "8 rows" in drawing
    cone = {"table": table, "form": "1", "plot": "sky", "position": "00:40:12 -05:03:00", "radius": "0.5"}
    address = visitor.get("/explore/plot", params={**cone, "unit": "arcmin"}).headers["location"]
    assert "1 rows" in visitor.get(address.replace("/explore/plot?", "/explore/plot.svg?")).text


def test_bins_are_tables_of_the_same_numbers_in_both_formats(visitor: httpx2.Client, table: str):
    address = {"table": table, "plot": "hist:zspec;bins=10"}
    csv = visitor.get("/explore/plot.csv", params=address)
    assert csv.headers["content-disposition"] == 'attachment; filename="hist.csv"'
    rows = np.genfromtxt(io.StringIO(csv.text), delimiter=",", names=True)
    edges = np.append(rows["low"], rows["high"][-1])
    np.testing.assert_array_equal(rows["n"], np.histogram(REDSHIFTS, edges - 1e-6)[0])
    votable = parse_single_table(io.BytesIO(visitor.get("/explore/plot.vot", params=address).content)).to_table()
    assert votable["n"].tolist() == rows["n"].tolist()
    points = visitor.get("/explore/plot.csv", params={"table": table, "plot": "xy:objid,zspec"})
    assert len(points.text.splitlines()) == 1 + len(REDSHIFTS)
    sky = parse_single_table(
        io.BytesIO(visitor.get("/explore/plot.vot", params={"table": table, "plot": "sky"}).content)
    )
    assert (len(sky.array), sky.get_field_by_id("ra").unit) == (120, "deg")


@pytest.mark.parametrize(
    ("plot", "named"),
    [
        ("pie:zspec", "pie"),
        ("hist:nothing", "nothing"),
        ("hist:flag", "flag"),
        ("xy:zspec", "1"),
        ("hist:zspec;bins=9999", "9999"),
        ("hist:zspec;<script>", "script"),
        ("nz:zspec;densities=zspec", "densities p(z)"),
    ],
)
def test_a_wrong_plot_is_named_on_the_page_and_in_the_picture(
    visitor: httpx2.Client, table: str, plot: str, named: str
):
    page = visitor.get("/explore/plot", params={"table": table, "plot": plot})
    assert page.status_code == 400
    [alert] = html.document_fromstring(page.text).xpath("//div[@role='alert']")
    assert named in alert.text_content()
    picture = visitor.get("/explore/plot.svg", params={"table": table, "plot": plot})
    assert picture.status_code == 400
    assert named in " ".join(etree.fromstring(picture.content).itertext())
    assert "<script" not in picture.text
    assert visitor.get("/explore/plot.csv", params={"table": table, "plot": plot}).status_code == 400


def test_a_drawing_is_kept_until_the_rows_or_the_selection_change(visitor: httpx2.Client, table: str):
    address = {"table": table, "plot": "hist:zspec"}
    first = visitor.get("/explore/plot.svg", params=address)
    again = visitor.get("/explore/plot.svg", params=address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = visitor.get("/explore/plot.svg", params={**address, "filter": "lt:zspec:3"})
    assert other.headers["etag"] != first.headers["etag"]
    assert "sandbox" in first.headers["content-security-policy"]


def test_plots_of_private_tables_are_for_their_readers(
    visitor: httpx2.Client, services: Services, publish: Publish, sign_in: SignIn
):
    name = table_name(services, publish("Mine alone", visibility=Visibility.PRIVATE))
    owner = sign_in("alice").get("/explore/plot.svg", params={"table": name, "plot": "hist:zspec"})
    assert owner.status_code == 200
    kept = {"If-None-Match": owner.headers["etag"]}
    for ending in ("", ".svg", ".csv", ".vot"):
        asked = {"table": name, "plot": "hist:zspec"}
        assert visitor.get(f"/explore/plot{ending}", params=asked, headers=kept).status_code in {303, 401}
        assert sign_in("bob").get(f"/explore/plot{ending}", params=asked, headers=kept).status_code == 404
