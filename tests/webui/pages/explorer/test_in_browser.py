"""The data explorer in Chromium: panels of columns, ranges by brushing, and accessibility."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.server import RunningServer, running_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

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


def test_operators_fit_the_column(page: "Page", server: RunningServer):
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


def test_nothing_is_a_barrier(page: "Page", server: RunningServer):
    page.set_viewport_size({"width": 390, "height": 800})
    for scheme, address in (
        ("light", "/explore"),
        ("light", "/explore?table=tap_schema.columns&filter=contains:column_name:a&sort=asc:column_name"),
        ("dark", "/explore?table=tap_schema.columns&filter=contains:column_name:a&sort=asc:column_name"),
        ("dark", "/explore/column?table=tap_schema.columns&column=column_index"),
        ("light", "/explore/row?table=tap_schema.columns&row=3"),
    ):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto(server.base_url + address)
        for summary in page.locator("main summary").all():
            summary.click()
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
