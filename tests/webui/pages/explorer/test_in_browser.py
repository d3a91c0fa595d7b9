"""The data explorer in Chromium: panels of columns, plots, ranges by brushing, and accessibility."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.barriers import barriers
from tests.support.server import RunningServer, running_server
from tests.webui.pages.explorer.conftest import STARS

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("explorer") / "data") as server:
        yield server


def test_a_range_is_brushed_in_the_panel_of_a_column(page: "Page", server: RunningServer):
    page.goto(f"{server.base_url}/explore")
    page.get_by_role("link", name="tap_schema.columns").click()
    page.get_by_role("link", name="Statistics of column_index").click()
    panel = page.get_by_role("dialog")
    bars = panel.get_by_role("img")
    bars.wait_for()
    box = bars.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    low, high = (float(panel.get_by_label(label, exact=True).input_value()) for label in ("From", "To"))
    assert 0 < low < high
    panel.get_by_role("button", name="Filter by this range").click()
    page.wait_for_url("**filter=between**")
    listed = page.get_by_role("status").inner_text()
    assert "rows selected" in listed
    page.get_by_role("link", name="Remove: column_index between").click()
    page.wait_for_url(f"{server.base_url}/explore?table=tap_schema.columns")


def test_operators_fit_the_column_and_columns_are_found_by_name(page: "Page", server: RunningServer):
    page.goto(f"{server.base_url}/explore?table=tap_schema.columns")
    page.get_by_text("Add a filter").click()
    page.get_by_label("Column", exact=True).select_option("column_name")
    offered = page.get_by_label("Condition").locator("option:not([hidden])").all_inner_texts()
    assert "contains" in offered
    assert "between" not in offered
    page.get_by_label("Condition").select_option("contains")
    page.get_by_label("Value", exact=True).fill("arraysize")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**filter=contains**")
    assert page.locator("table.rows tbody tr").count() >= 1
    page.get_by_text("Columns:").click()
    page.get_by_role("button", name="None", exact=True).click()
    page.get_by_label("Find a column").fill("NAME")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Show these columns").click()
    page.wait_for_url("**show=**")
    assert parse_qs(urlsplit(page.url).query)["show"] == ["table_name", "column_name"]


def test_nothing_is_a_barrier(page: "Page", server: RunningServer):
    page.set_viewport_size({"width": 390, "height": 800})
    for scheme, address in (
        ("light", "/explore"),
        ("light", "/explore?table=tap_schema.columns&filter=contains:column_name:a&sort=asc:column_name"),
        ("dark", "/explore?table=tap_schema.columns&filter=contains:column_name:a&sort=asc:column_name"),
        ("dark", "/explore/column?table=tap_schema.columns&column=column_index"),
        ("light", "/explore/row?table=tap_schema.columns&row=3"),
        ("light", "/explore/plot?table=tap_schema.columns&plot=hist:column_index&filter=gt:column_index:3"),
        ("dark", "/explore/plot?table=tap_schema.columns&plot=xy:column_index,principal;colour=std"),
    ):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto(server.base_url + address)
        for summary in page.locator("main summary").all():
            summary.click()
        assert barriers(page) == "", address
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def test_rows_are_in_the_first_screen_of_a_phone(page: "Page", server: RunningServer):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.base_url}/explore?table=tap_schema.columns")
    box = page.locator("table.rows tbody tr").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844


@pytest.fixture(scope="module")
def stars(server: RunningServer) -> str:
    """The name of a public table of 120 stars along a line of the sky, (10, -5) to (11.2, -6.2), with redshifts."""
    assert server.account is not None
    headers = {"Authorization": f"Bearer {server.account.token}"}
    with httpx2.Client(base_url=f"{server.base_url}/api", headers=headers, timeout=60) as client:
        new = {"display_name": "Stars", "product_type": 1, "visibility": "public"}
        number = client.post("/products", json=new).raise_for_status().json()["id"]
        client.put(f"/products/{number}/files/stars.csv", content=STARS).raise_for_status()
        client.post(f"/products/{number}/inspect")
        client.get(f"/products/{number}/inspection", params={"wait": 60})
        meanings = {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}
        client.put(f"/products/{number}/columns", json=meanings).raise_for_status()
        client.post(f"/products/{number}/publish").raise_for_status()
    query = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": "SELECT table_name FROM photoz.products"}
    return httpx2.get(f"{server.base_url}/tap/sync", params=query, timeout=60).text.split()[1]


def _drag(page: "Page", plot: "Locator", begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag across a plot between two points, given as shares of its width and height."""
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * begin[0], box["y"] + box["height"] * begin[1])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end[0], box["y"] + box["height"] * end[1], steps=3)
    page.mouse.up()


def test_a_drag_across_a_plot_selects_rows_for_all(page: "Page", server: RunningServer, stars: str, tmp_path: Path):
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(
        f"{server.base_url}/explore/plot?table={stars}&plot=sky&plot=nz:zspec&plot=xy:objid,zspec&plot=hist:objid-zspec"
    )
    sky, redshifts, plane, difference = (
        page.locator(f"figure[data-name={name}] > svg") for name in ("sky", "nz", "xy", "hist")
    )
    redshifts.get_by_text("96 of 120 rows").wait_for()
    _drag(page, redshifts, (0.3, 0.4), (0.6, 0.4))
    page.wait_for_url("**filter=between**")
    [given] = parse_qs(urlsplit(page.url).query)["filter"]
    low, high = (float(bound) for bound in given.removeprefix("between:zspec:").split(".."))
    inside = sum(low <= number / 10 <= high for number in range(1, 121) if number % 5)
    assert 10 < inside < 60
    for plot in (sky, redshifts, plane):
        plot.get_by_text(f"{inside} rows").wait_for()
    page.go_back()
    plane.get_by_text("96 of 120 rows").wait_for()
    _drag(page, plane, (0.3, 0.3), (0.7, 0.7))
    page.wait_for_url("**filter=between**filter=between**")
    page.go_back()
    sky.get_by_text("120 rows").wait_for()
    _drag(page, difference, (0.3, 0.4), (0.6, 0.4))
    page.wait_for_url("**filter=between**")
    [given] = parse_qs(urlsplit(page.url).query)["filter"]
    low, high = (float(bound) for bound in given.removeprefix("between:objid-zspec:").split(".."))
    inside = sum(low <= number - number / 10 <= high for number in range(1, 121) if number % 5)
    assert 10 < inside < 60
    plane.get_by_text(f"{inside} rows").wait_for()
    page.go_back()
    sky.get_by_text("120 rows").wait_for()
    _drag(page, sky, (0.49, 0.43), (0.49, 0.6))
    page.wait_for_url("**cone=**")
    ra, dec, radius = (float(part) for part in parse_qs(urlsplit(page.url).query)["cone"][0].split(","))
    assert abs(ra - 10.6) < 0.15
    assert abs(dec + 5.6) < 0.15
    assert 0.1 < radius < 0.6
    sky.wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").first.click()
    download.value.save_as(tmp_path / "sky.png")
    assert (tmp_path / "sky.png").read_bytes().startswith(b"\x89PNG")
    assert problems == []


def test_plots_are_pictures_without_scripts(browser, server: RunningServer, stars: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.base_url}/explore/plot?table={stars}&plot=nz:zspec")
    picture = page.get_by_role("img", name="Redshift distribution")
    picture.wait_for()
    page.get_by_text("Change this plot").click()
    page.locator("section").get_by_label("Kind").select_option("hist")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**plot=hist%3Azspec**")
    context.close()
