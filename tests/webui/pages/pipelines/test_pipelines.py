"""Pipelines in Chromium: the forms, the progress, and the reports, as people see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests
from lxml import etree

from pipelines.definitions import PIPELINES
from tests.pipelines.runs.published import MEANINGS, OBJECT_MEANINGS, catalogue, objects
from tests.server.api import Api
from tests.support.barriers import barriers
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_for
from webui.pages.pipelines.parameter_fields import entered_parameters, parameter_fields

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=window.hit=1>"
MILLISECONDS = 120_000


@dataclass(frozen=True, slots=True)
class Site:
    """A server with catalogues and objects."""

    server: RunningServer
    api: Api


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("pipelines")
    with running_server(folder / "data") as server:
        assert server.account is not None
        api = Api(server.base_url, server.account.token)
        for number, name in enumerate(("VVDS", HOSTILE)):
            path = folder / f"{number}.csv"
            catalogue("VVDS", shift_arcsec=0.3 * number).to_csv(path, index=False)
            api.publish(name, "redshift_catalog", path, MEANINGS)
        objects().to_csv(folder / "objects.csv", index=False)
        api.publish("Objects", "object_catalog", folder / "objects.csv", OBJECT_MEANINGS)
        yield Site(server, api)


@pytest.fixture
def signed_in(page: "Page", site: Site) -> "Page":
    assert site.server.account is not None
    page.set_default_timeout(MILLISECONDS)
    page.goto(f"{site.server.base_url}/login?next=/pipelines")
    page.get_by_label("Name").fill(site.server.account.name)
    page.get_by_label("Password").fill(site.server.account.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.server.base_url}/pipelines")
    return page


def _combine(page: "Page", site: Site, name: str) -> None:
    page.goto(f"{site.server.base_url}/run/combine_redshift_dedup")
    for box in page.locator("input[name=inputs]").all():
        box.check()
    page.get_by_label("Duplicates", exact=True).select_option("concatenate_and_mark_duplicates")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Run").click()


def _wait_for_the_report(page: "Page") -> None:
    page.get_by_role("link", name="Go to the product").wait_for()
    page.wait_for_load_state()


def test_catalogues_are_combined_and_the_report_is_shown(signed_in: "Page", site: Site):
    page = signed_in
    _combine(page, site, "In the browser")
    _wait_for_the_report(page)
    text = page.get_by_role("main").inner_text()
    assert "Finding duplicates among 80 rows" in text
    for title in ("Rows by survey", "Flags before", "Flags after", "Rows by outcome", "Groups of duplicates"):
        assert title in text
    for picture in ("Redshifts in the result", "Separations of pairs", "Rows on the sky"):
        assert page.locator(f"svg[role=img] title:has-text('{picture}')").count() == 1
    assert HOSTILE in text
    assert page.evaluate("window.hit") is None
    _expect_pictures(page, site)
    page.get_by_role("link", name="Go to the product").click()
    page.get_by_role("link", name="Combine Redshift Catalogs", exact=True).click()
    page.wait_for_url("**/runs/*")


def _expect_pictures(page: "Page", site: Site) -> None:
    """Expect that each picture of a report can be fetched alone, as SVG in which nothing runs, by who may read it."""
    links = [link.get_attribute("href") for link in page.locator("figure a[href$='.svg']").all()]
    run = page.url.rpartition("/")[2]
    pictures = site.api.json("GET", f"processes/{run}/report/")["pictures"]
    assert [f"{site.server.base_url}{link}" for link in links] == [picture["url"] for picture in pictures]
    assert {"Positions of the rows of the result", "Separations of pairs"} <= {picture["title"] for picture in pictures}
    for picture in pictures:
        assert requests.get(picture["url"], timeout=60).status_code == 404
        answer = page.request.get(picture["url"])
        assert answer.headers["content-type"] == picture["media_type"] == "image/svg+xml"
        policy = answer.headers["content-security-policy"]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        root = etree.fromstring(answer.body())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{*}title").text
    assert page.request.get(f"{site.server.base_url}/runs/{run}/pictures/other.svg").status == 404


def test_a_training_set_is_made(signed_in: "Page", site: Site):
    page = signed_in
    page.goto(f"{site.server.base_url}/run/training_set_maker")
    page.get_by_label("VVDS", exact=True).check()
    page.get_by_label("Objects", exact=True).check()
    page.get_by_label("Flux type").fill("cModel")
    page.get_by_role("button", name="Run").click()
    _wait_for_the_report(page)
    text = page.get_by_role("main").inner_text()
    assert "Redshifts with an object" in text
    assert "mag_r" in text


def test_what_is_wrong_stands_beside_its_field_and_nothing_entered_is_lost(signed_in: "Page", site: Site):
    page = signed_in
    page.goto(f"{site.server.base_url}/run/combine_redshift_dedup")
    page.get_by_label("Name", exact=True).fill("Kept")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("Choose at least one catalogue.").wait_for()
    assert page.get_by_label("Name", exact=True).input_value() == "Kept"
    page.locator("input[name=inputs]").first.check()
    page.get_by_label("Extra columns").fill("{Q: colour}")
    page.get_by_role("button", name="Run").click()
    page.locator(".field-error", has_text="extra_columns").wait_for()
    assert page.get_by_label("Extra columns").input_value() == "{Q: colour}"
    assert page.locator("input[name=inputs]").first.is_checked()


def test_catalogues_are_searched_and_what_is_chosen_stays_chosen(signed_in: "Page", site: Site):
    page = signed_in
    page.goto(f"{site.server.base_url}/run/combine_redshift_dedup")
    page.get_by_label("VVDS", exact=True).check()
    page.get_by_label("Search redshift catalogues").fill("onerror")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/form#chooser")
    rows = page.locator("#chooser tbody tr").all_inner_texts()
    assert {word for word in ("VVDS", "onerror") if any(word in row for row in rows)} == {"VVDS", "onerror"}
    assert page.get_by_label("VVDS", exact=True).is_checked()


@pytest.fixture(scope="module")
def finished(site: Site) -> str:
    """The path of the page of a run that has ended."""
    marking = {"param": {"combine_type": "concatenate_and_mark_duplicates"}}
    asked = {"pipeline": 2, "display_name": "For axe", "inputs": [1, 2], "used_config": marking}
    number = site.api.json("POST", "processes/", json=asked)["id"]
    wait_for(lambda: site.api.json("GET", f"processes/{number}/")["status"] == "Successful", "the run did not end")
    return f"/runs/{number}"


@pytest.mark.parametrize(("width", "scheme"), [(380, "light"), (380, "dark")])
def test_axe_finds_no_barrier(signed_in: "Page", site: Site, finished: str, scheme: str, width: int):
    page = signed_in
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "/pipelines",
        "/run/combine_redshift_dedup",
        "/run/training_set_maker",
        "/run/validate_estimates",
        "/run/estimate",
        finished,
    ):
        page.goto(site.server.base_url + path)
        assert barriers(page) == "", path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_a_form_that_is_sent_as_it_is_asks_for_nothing_but_the_defaults(name: str):
    fields = parameter_fields(PIPELINES[name])
    assert all(field.help for field in fields)
    values = {field.name: field.default for field in fields if field.kind != "flag" or field.default == "true"}
    assert entered_parameters(PIPELINES[name], values) == {}
    ticked = next((field.name for field in fields if field.kind == "flag"), None)
    if ticked is None:
        return
    opposite = "false" if ticked in values else "true"
    changed = {key: value for key, value in values.items() if key != ticked} | (
        {} if ticked in values else {ticked: "true"}
    )
    assert entered_parameters(PIPELINES[name], changed) == {ticked.upper(): opposite}
