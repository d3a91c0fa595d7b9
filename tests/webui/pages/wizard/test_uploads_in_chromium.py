"""Step 2 in Chromium: a broken connection, pause, a reload and dropped files; bytes that arrived are not sent again."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.barriers import barriers
from tests.support.server import RunningServer, running_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.slow

_FIRST_PART = 1 << 20
_ROWS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("uploads") / "data") as server:
        yield server


@pytest.fixture
def page(browser: "Browser", server: RunningServer) -> Iterator["Page"]:
    """Step 2 of a new product, signed in."""
    assert server.account is not None
    headers = {"Authorization": f"Bearer {server.account.token}"}
    new = {"display_name": "In parts", "product_type": 1}
    made = httpx2.post(f"{server.base_url}/api/products", json=new, headers=headers, timeout=30).json()
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{server.base_url}/login?next=/product/{made['internal_name']}/files")
    page.get_by_label("Name").fill(server.account.name)
    page.get_by_label("Password").fill(server.account.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("Choose the main file").wait_for()
    yield page
    context.close()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "large.csv"
    rows = "".join(f"{n},{n % 360}.25,{n % 90}.5,0.{n:06d}\n" for n in range(_ROWS))
    path.write_text(f"objid,ra,dec,z\n{rows}")
    assert path.stat().st_size > 1.5 * _FIRST_PART
    return path


def _upload(page: "Page", label: str, *paths: Path) -> None:
    page.get_by_label(label).set_input_files(list(paths))
    page.locator("form", has=page.get_by_label(label)).get_by_role("button", name="Upload", exact=True).click()


def test_an_upload_survives_a_broken_connection_a_pause_and_a_reload(page: "Page", table: Path) -> None:
    offsets: list[int] = []
    is_broken = True

    def pass_on(route: "Route") -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        offset = int(parse_qs(urlsplit(route.request.url).query)["offset"][0])
        offsets.append(offset)
        if offset and is_broken:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/**", pass_on)
    _upload(page, "Choose the main file", table)
    page.get_by_text("The connection was lost at").wait_for()
    page.get_by_role("button", name="Pause large.csv").click()
    page.get_by_text("Paused at").wait_for()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    page.get_by_text("have arrived. To continue, choose the same file again").wait_for()
    assert barriers(page) == ""
    is_broken = False
    _upload(page, "Choose the main file", table)
    page.get_by_text(f"large.csv is a table of {_ROWS} rows and 4 columns.").wait_for()
    assert offsets[0] == 0
    assert set(offsets[1:]) == {_FIRST_PART}


def test_files_are_sent_in_turn_and_a_wrong_one_is_told(page: "Page", tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("notes")
    (tmp_path / "empty.txt").write_text("")
    _upload(page, "Add files", tmp_path / "a.txt", tmp_path / "empty.txt", tmp_path / "b.txt")
    page.get_by_text("The submitted file is empty.").wait_for()
    page.get_by_text("Stored, 5 B").nth(1).wait_for()
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["more"], "dropped.md"));
        const form = document.querySelector("form[data-uploads]:has([value=auxiliary])");
        form.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }""")
    page.get_by_role("button", name="Remove dropped.md").wait_for()
    is_opened = """() => {
        const data = new DataTransfer();
        data.items.add(new File(["more"], "beside.md"));
        const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        return document.body.dispatchEvent(drop);
    }"""
    assert not page.evaluate(is_opened)  # a file that is dropped beside the forms does not replace the page
    page.get_by_role("button", name="Remove b.txt").wait_for()


def test_an_upload_to_ones_own_files_continues_after_a_broken_connection_and_a_reload(
    page: "Page", server: RunningServer, table: Path
) -> None:
    offsets: list[int] = []
    is_broken = True

    def pass_on(route: "Route") -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        offset = int(parse_qs(urlsplit(route.request.url).query)["offset"][0])
        offsets.append(offset)
        if offset and is_broken:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.goto(f"{server.base_url}/files")
    page.route("**/file-uploads/**", pass_on)
    _upload(page, "Upload files", table)
    page.get_by_text("The connection was lost at").wait_for()
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_text("To continue, choose the same file again").wait_for()
    page.evaluate("localStorage.clear()")  # as in another browser
    assert barriers(page) == ""
    is_broken = False
    _upload(page, "Upload files", table)
    page.get_by_role("link", name="large.csv", exact=True).wait_for()
    assert offsets[0] == 0
    assert set(offsets[1:]) == {_FIRST_PART}
    page.get_by_text(f"{round(table.stat().st_size / 1e6, 2):.3g} MB", exact=True).wait_for()
