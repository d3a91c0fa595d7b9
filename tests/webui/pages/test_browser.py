"""The wizard and hostile texts in Chromium, against a server as people run it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx2
import pytest

from tests.support.barriers import barriers
from tests.support.server import RunningServer, running_server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow

TABLE = "objid,RAJ2000,DEJ2000,zspec,flag\n" + "".join(
    f"{number},{10 + number / 10},{-5 - number / 20},{number / 50},A\n" for number in range(50)
)

PAYLOADS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "' autofocus onfocus=window.hit=1 x='",
    "</textarea><script>window.hit=1</script>",
    "</title><script>window.hit=1</script>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "[a](javascript:window.hit=1)",
    '![a](x" onerror="window.hit=1)',
    "<javascript:window.hit=1>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hit=1>",
)

#: Widths and themes in which pages are looked at.
_VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (380, "light"), (380, "dark"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("pages") / "data") as server:
        yield server


@pytest.fixture
def signed_in(page: "Page", server: RunningServer) -> "Page":
    assert server.account is not None
    page.goto(f"{server.base_url}/login?next=/product/new")
    page.get_by_label("Name").fill(server.account.name)
    page.get_by_label("Password").fill(server.account.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.base_url}/product/new")
    return page


def _begin(page: "Page", name: str, description: str = "") -> None:
    page.get_by_label("Name required").fill(name)
    page.get_by_label("Reference Redshift Catalog").check()
    page.get_by_label("Public").check()
    page.get_by_label("Description", exact=True).fill(description)
    page.get_by_role("button", name="Next: files").click()
    page.wait_for_url("**/files")


def _published(server: RunningServer) -> str:
    """Give a published product with a table, made through the REST API when it is not there yet."""
    assert server.account is not None
    headers = {"Authorization": f"Bearer {server.account.token}"}
    with httpx2.Client(base_url=f"{server.base_url}/api", headers=headers, timeout=30) as client:
        listed = client.get("/products", params={"display_name": "For axe"}).json()["results"]
        if not listed:
            new = {"display_name": "For axe", "product_type": 1, "description": "# Title\n\n- [a](https://a.example)"}
            number = client.post("/products", json=new).json()["id"]
            client.put(f"/products/{number}/files/vvds.csv", content=TABLE.encode()).raise_for_status()
            client.post(f"/products/{number}/inspect")
            client.get(f"/products/{number}/inspection", params={"wait": 30})
            meanings = {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}
            client.put(f"/products/{number}/columns", json=meanings).raise_for_status()
            listed = [client.post(f"/products/{number}/publish").json()]
        return str(listed[0]["internal_name"])


def _send(page: "Page", path: Path) -> None:
    page.get_by_label("Choose the main file").set_input_files(path)
    page.locator("form", has=page.get_by_label("Choose the main file")).get_by_role("button", name="Upload").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_new_user_publishes_shares_and_downloads_a_product_and_finds_tokens_and_pipelines(
    browser, server: RunningServer, request: pytest.FixtureRequest, tmp_path: Path, scripts: bool
):
    context = browser.new_context(java_script_enabled=scripts)
    context.set_default_timeout(60_000)
    page, name = context.new_page(), f"VVDS {request.node.callspec.id}"
    page.goto(server.base_url)
    page.get_by_role("link", name="Official data products").wait_for()
    page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    assert server.account is not None
    page.get_by_label("Name").fill(server.account.name)
    page.get_by_label("Password").fill(server.account.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.goto(server.base_url)
    page.get_by_role("link", name="User-generated data products").click()
    page.get_by_role("link", name="NEW PRODUCT").click()
    page.get_by_role("heading", name="New product").wait_for()
    _begin(page, name, "A **small** sample.")
    _describe_the_table(page, tmp_path, scripts=scripts)
    page.get_by_text("Please review your information before pressing the FINISH button.").wait_for()
    page.get_by_role("button", name="FINISH").click()
    page.get_by_role("heading", name=name).wait_for()
    assert "/review" not in page.url
    page.get_by_text("Published", exact=True).first.wait_for()
    page.get_by_role("img", name="Distribution of 50 redshifts").wait_for()
    address = page.url
    _share_and_download(page, name, address, scripts=scripts)
    page.get_by_text("admin", exact=True).first.click()
    page.get_by_role("link", name="API tokens").click()
    page.get_by_label("Name required").or_(page.get_by_label("Name", exact=True)).fill("notebook")
    page.get_by_role("button", name="Create token").click()
    page.get_by_text("Copy it now: it is shown only once.").wait_for()
    page.get_by_role("link", name="Pipelines").click()
    page.get_by_role("region", name="Training Set Maker").get_by_role("link", name="Run").click()
    page.get_by_label(name, exact=True).wait_for()
    context.close()


def _describe_the_table(page: "Page", folder: Path, *, scripts: bool) -> None:
    """Go through steps 2 and 3 of the wizard, with a wrong file first."""
    wrong, right = folder / "wrong.fits", folder / "vvds.csv"
    wrong.write_text("This is no FITS file.\n")
    _send(page, wrong)
    page.get_by_text("wrong.fits is not a FITS file").wait_for()
    if not scripts:  # with them it is told before the file is sent
        page.get_by_role("button", name="Remove wrong.fits").click()
    right.write_text(TABLE)
    _send(page, right)
    page.get_by_text("vvds.csv is a table of 50 rows and 5 columns.").wait_for()
    page.get_by_role("link", name="Next: columns").click()
    assert page.get_by_label("Meaning of zspec").input_value() == "z"
    page.get_by_role("button", name="Next: review").click()


def _share_and_download(page: "Page", name: str, address: str, *, scripts: bool) -> None:
    """Use the icons of a row of the list: both addresses can be copied, and the download is a zip."""
    page.get_by_role("link", name="User products").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Download {name}").click()
    assert download.value.suggested_filename.endswith(".zip")
    page.get_by_role("link", name=f"Share {name}").click()
    shown = page.get_by_role("dialog", name="Share this product") if scripts else page.get_by_role("main")
    shown.get_by_text("Internal name, for scripts and the pzserver library").wait_for()
    assert shown.locator("pre code").all_inner_texts() == [address, address.rpartition("/")[2]]
    if scripts:
        assert barriers(page) == ""
        _copy_both(page, shown, address)
        shown.get_by_role("button", name="Close").click()
        shown.wait_for(state="hidden")


def _copy_both(page: "Page", shown: "Locator", address: str) -> None:
    """Copy the address by the clipboard, and the internal name without one, as on a page of plain HTTP."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    buttons = shown.get_by_role("button", name="Copy")
    for number, text in enumerate((address, address.rpartition("/")[2])):
        if number:
            page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
        buttons.first.click()  # the button that was clicked has another name for a moment
        shown.get_by_role("button", name="Copied").nth(number).wait_for()
        page.evaluate("delete navigator.clipboard")
        assert page.evaluate("navigator.clipboard.readText()") == text


def test_other_columns_than_guessed_are_published_after_their_rows_are_prepared(signed_in: "Page", tmp_path: Path):
    page = signed_in
    _begin(page, "Two positions")
    path = tmp_path / "two.csv"
    path.write_text(
        "ra,dec,lon,lat,z,gmag,rmag\n"
        + "".join(f"{n},{n},{2 * n},{-n},{n / 20},{-99 if n % 3 else n},{-99 if n % 3 else n}\n" for n in range(1, 40))
    )
    _send(page, path)
    page.get_by_role("link", name="Next: columns").click()
    page.get_by_label("-99 in 2 columns").check()  # stands for both columns, and follows them
    page.get_by_text("gmag, rmag; up to").click()
    page.get_by_label("gmag").and_(page.locator(".stand-ins input:checked")).uncheck()
    assert not page.get_by_label("-99 in 2 columns").is_checked()
    assert page.locator(".stand-ins input[name]:checked").count() == 1
    page.get_by_label("Meaning of lon", exact=True).select_option("ra")
    page.get_by_text("Another column has this meaning too.").nth(1).wait_for()  # before anything is saved
    assert barriers(page) == ""
    for name, key in (("ra", ""), ("dec", ""), ("lat", "dec")):
        page.get_by_label(f"Meaning of {name}", exact=True).select_option(key)
    page.get_by_role("button", name="Next: review").click()
    page.get_by_role("button", name="FINISH").click()
    page.get_by_text("Use it in other programs").wait_for()
    assert "/review" not in page.url


def test_hostile_texts_are_shown_and_never_run(signed_in: "Page", server: RunningServer, tmp_path: Path):
    page, problems = signed_in, []
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    text = "\n\n".join(PAYLOADS)
    _begin(page, " ".join(PAYLOADS[:4]), text)
    columns = [payload.replace('"', '""') for payload in PAYLOADS[:6]]
    path = tmp_path / "<img src=x onerror=window.hit=1>.csv"
    header = ",".join(["ra", "dec", "z", *(f'"{name}"' for name in columns)])
    path.write_text(header + "\n" + "1,2,0.3,<script>window.hit=1</script>,b,c,d,e,f\n" * 3)
    _send(page, path)
    page.get_by_role("link", name="Next: columns").wait_for()
    page.wait_for_load_state()
    address = page.url.removesuffix("/files")
    seen = 0
    for step in ("/files", "/columns", "/review", "/edit", "/delete", ""):
        page.goto(address + step)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.hit") is None, step
        seen += "window.hit=1" in page.inner_text("body")
    for path_of_list in ("/", "/products?q=script", "/product/new"):
        page.goto(server.base_url + path_of_list)
        assert page.evaluate("window.hit") is None
    assert seen == 6
    assert problems == []


def test_a_file_above_the_limit_is_refused_before_it_is_sent(signed_in: "Page", tmp_path: Path):
    page = signed_in
    _begin(page, "Too large")
    page.evaluate("document.querySelector('form.sending').dataset.limit = '10'")
    path = tmp_path / "large.csv"
    path.write_text(TABLE)
    _send(page, path)
    page.get_by_text("The file large.csv is larger than the limit of 200 MB.").wait_for()


def test_a_refused_upload_shows_its_sentence(signed_in: "Page", tmp_path: Path):
    page = signed_in
    _begin(page, "Twice the same")
    path = tmp_path / "notes.txt"
    path.write_text("Notes.")
    for _ in range(2):
        page.get_by_label("Add files").set_input_files(path)
        page.locator("form", has=page.get_by_label("Add files")).get_by_role("button", name="Upload").click()
        page.get_by_role("button", name="Remove notes.txt").wait_for()
    page.get_by_text("This product already has a file named 'notes.txt'").wait_for()
    page.get_by_label("Choose the main file").wait_for()


#: The texts of lists that one would have to scroll sideways to: none but in tables of data.
_CLIPPED = """
    [...document.querySelectorAll("table.products, table.stacked")]
        .filter(table => table.parentElement.scrollWidth > table.parentElement.clientWidth)
        .map(table => table.className)
"""


def test_no_page_is_wider_than_the_window_and_no_list_is_clipped(signed_in: "Page", server: RunningServer):
    page = signed_in
    product = _published(server)
    for path in (
        "/",
        "/products",
        "/products/user",
        "/help",
        "/help/queries",
        "/curated",
        "/vospace",
        "/about",
        "/account",
        "/tokens",
        "/product/new",
        f"/product/{product}",
        f"/product/{product}/edit",
        f"/product/{product}/provenance",
        "/explore",
        "/files",
        "/jobs",
        "/groups",
        "/challenges",
        "/challenges/new",
        "/admin/users",
        "/admin/types",
        "/admin/log",
        "/admin/registry",
        "/admin/new-catalogue",
        "/query",
        "/tap",
        "/tap/examples",
    ):
        page.goto(server.base_url + path)
        for width in (380, 700, 1000, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert page.evaluate(_CLIPPED) == [], (path, width)


def test_axe_finds_no_barrier(signed_in: "Page", server: RunningServer):
    page = signed_in
    product = _published(server)
    for path in (
        "/",
        "/products/user",
        "/help",
        "/help/queries",
        "/curated",
        "/vospace",
        "/about",
        "/account",
        "/tokens",
        "/product/new",
        f"/product/{product}",
        f"/product/{product}/edit",
        f"/product/{product}/share",
        f"/product/{product}/address",
        f"/product/{product}/sky",
        f"/product/{product}/provenance",
        "/product/999",
        "/files",
        "/jobs",
        "/groups",
        "/challenges",
        "/deleted",
        "/query",
        "/tap",
        "/tap/examples",
        "/admin",
        "/admin/users",
        "/admin/users/admin",
        "/admin/new-release",
        "/admin/log",
        "/admin/registry",
        "/admin/new-catalogue",
    ):
        page.goto(server.base_url + path)
        # The style sheets alone ask for the width and the theme, so a page need not be loaded for each of them.
        for width, scheme in _VIEWS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours change at once
            assert barriers(page) == "", f"{path}, {width} px, {scheme}"


def test_the_cookie_is_out_of_reach_of_scripts(signed_in: "Page", server: RunningServer):
    cookie = next(cookie for cookie in signed_in.context.cookies() if cookie["name"] == "photoz_session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert signed_in.evaluate("document.cookie") == ""
    signed_in.get_by_text("admin", exact=True).click()
    signed_in.get_by_role("button", name="Sign out").click()
    signed_in.wait_for_url(f"{server.base_url}/")
    answer = httpx2.get(f"{server.base_url}/tokens", cookies={"photoz_session": cookie["value"]})
    assert answer.status_code == 303
