"""Query page and product pages with the programs of others: Chromium, a SAMP hub, and lines pasted into a shell."""

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import requests
from astropy.io.votable import parse_single_table
from astropy.table import Table
from lxml import html
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient

from tests.server.api import Api
from tests.support.barriers import barriers
from tests.support.server import RunningServer, running_server
from tests.support.tools import Stilts
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow

_TABLE = "objid,ra,dec,z\n" + "".join(f"{n},{150 + n / 100},{2 + n / 200},{n / 50}\n" for n in range(40))
_WEB_PORT = 21012


@dataclass(frozen=True, slots=True)
class Site:
    """A server with a public and a private product: internal names, and the table of the private one."""

    server: RunningServer
    public: str
    private: str
    table: str

    def url(self, path: str) -> str:
        return f"{self.server.base_url}{path}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("programs")
    file = folder / "small sample.csv"
    file.write_text(_TABLE)
    meanings = {"objid": "id", "ra": "ra", "dec": "dec", "z": "z"}
    with running_server(folder / "data") as server:
        assert server.account is not None
        api = Api(server.base_url, server.account.token)
        made = [
            api.publish(f"Sample {who}", "redshift_catalog", file, meanings, visibility=who)
            for who in ("public", "private")
        ]
        yield Site(server, made[0]["internal_name"], made[1]["internal_name"], made[1]["tap_table"])


@pytest.fixture
def signed_in(page: "Page", site: Site) -> "Page":
    account = site.server.account
    assert account is not None
    page.set_default_timeout(60_000)
    page.goto(site.url("/login?next=/query"))
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/query")
    return page


def _complete(page: "Page", editor: "Locator") -> None:
    """Ask for completions until they are there: of a server that is busy there are none, and one asks again."""

    from playwright.sync_api import Error as PlaywrightError

    def asked() -> bool:
        editor.press("Control+ ")
        with suppress(PlaywrightError):
            page.locator("[role=listbox] [role=option]").first.wait_for(timeout=5000)
            return True
        return False

    wait_for(asked, "no completion is offered")


def test_a_query_is_completed_corrected_run_and_saved(signed_in: "Page", site: Site) -> None:
    page, problems = signed_in, []
    page.on("pageerror", lambda error: problems.append(str(error)))
    editor = page.get_by_label("Query", exact=True)
    editor.fill("SELECT TOP 5 objid FROM redshift_catalog.p")
    editor.press("End")
    editor.press("Control+ ")
    page.get_by_role("option", name=site.table).click()
    assert editor.input_value() == f"SELECT TOP 5 objid FROM {site.table}"

    editor.fill(f"SELECT TOP 5 objid, zz FROM {site.table} ORDER BY objid")
    editor.press("Control+Enter")
    page.get_by_role("alert").get_by_text("Unknown column zz").wait_for()
    assert editor.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == "zz"
    editor.press_sequentially("z")  # over the marked word
    _complete(page, editor)
    editor.press("Escape")
    editor.press("Control+Enter")
    page.get_by_role("heading", name="5 rows").wait_for()
    assert not page.get_by_role("alert").count()
    assert barriers(page) == ""

    page.get_by_text("Save as a user table").click()
    page.get_by_label("Name of the table").fill("Five")
    page.get_by_role("button", name="Save and open").click()
    page.wait_for_url("**/explore?table=*.five")
    page.get_by_role("status").get_by_text("5 rows").wait_for()
    page.get_by_role("link", name="Plot", exact=True).click()
    page.locator("figure > svg").first.wait_for()

    page.goto(site.url("/query"))
    page.get_by_text("History", exact=True).click()
    page.get_by_role("button", name="SELECT TOP 5 objid, z FROM").click()
    page.get_by_role("button", name="Run as a job").click()
    page.get_by_role("link", name="Download (vot)").wait_for()
    page.get_by_label("Name of the product").fill("Five as a product")
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_label("Meaning of objid").wait_for()
    assert not problems


def test_completion_asks_again_for_what_could_not_be_had(signed_in: "Page", site: Site) -> None:
    page = signed_in
    for path in ("language", "columns"):
        page.route(f"**/query/{path}*", lambda route: route.fulfill(status=503))
    with page.expect_response("**/query/language"):
        page.reload()
    page.unroute("**/query/language*")
    editor, offered = page.get_by_label("Query", exact=True), page.locator("#completions [role=option]")
    editor.fill(f"SELECT a.objid FROM {site.table} AS a JOIN {site.table} AS b ON a.objid = b.objid WHERE b.")
    editor.press("End")
    with page.expect_response("**/query/columns*") as answer:
        editor.press("Control+ ")
    assert answer.value.status == 503
    page.unroute("**/query/columns*")
    _complete(page, editor)
    assert [text.split("\n")[0] for text in offered.all_inner_texts()] == ["objid", "ra", "dec", "z"]
    page.route("**/query/tables*", lambda route: route.fulfill(status=503))
    editor.fill("SELECT conta")
    editor.press("End")
    _complete(page, editor)
    assert offered.all_inner_texts() == ["CONTAINS(inner REGION, outer REGION) -> INTEGER"]


def test_nothing_is_asked_of_cds_before_somebody_wants_aladin(page: "Page", site: Site) -> None:
    asked: list[str] = []
    page.context.route(lambda url: not url.startswith(site.server.base_url), lambda route: route.abort())
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url(f"/product/{site.public}"))
    page.get_by_role("link", name="Show its footprint on the sky in Aladin Lite").click()
    load = page.get_by_role("link", name="Load Aladin Lite from CDS")
    load.wait_for()
    assert [url for url in asked if not url.startswith(site.server.base_url)] == []
    with page.expect_request("https://aladin.cds.unistra.fr/**") as request:
        load.click()
    assert request.value.url == "https://aladin.cds.unistra.fr/AladinLite/api/v3/latest/aladin.js"
    assert {"referer", "cookie"}.isdisjoint(request.value.all_headers())
    page.get_by_text("Aladin Lite could not be loaded from CDS. Try again later.").wait_for()
    assert {url for url in asked if not url.startswith(site.server.base_url)} == {request.value.url}


class _Consent:
    """Answers the hub's question whether a page may connect, in place of its user."""

    def __init__(self) -> None:
        self.queue_request: Any = None
        self.queue_result: Any = None
        self.names: list[str] = []
        self._ended = threading.Event()
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while not self._ended.is_set():
            try:
                request = self.queue_request.get(timeout=0.1) if self.queue_request is not None else None
            except queue.Empty:
                continue
            if request is not None and request != "STOP":
                self.names.append(request[0]["samp.name"])
                self.queue_result.put(True)

    def stop(self) -> None:
        self._ended.set()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[_Consent]:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", _WEB_PORT)) == 0:
            pytest.skip("another SAMP hub has the port of the web profile")
    consent = _Consent()
    server = SAMPHubServer(
        web_profile=True, web_profile_dialog=consent, lockfile=str(tmp_path / "samp"), addr="127.0.0.1"
    )
    server.start()
    yield consent
    server.stop()
    consent.stop()


def test_tables_rows_and_footprints_go_to_samp_clients_and_highlights_come_back(
    signed_in: "Page", site: Site, hub: _Consent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:file://{tmp_path / 'samp'}")
    received: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue()
    client = SAMPIntegratedClient(name="Test reader", addr="127.0.0.1")
    client.connect()

    def take(_key: str, _sender: str, *rest: Any) -> None:
        mtype, params = rest[-3:-1]
        received.put((mtype, params))
        if len(rest) == 4:  # a call, which waits for its reply
            client.ereply(rest[0], "samp.ok", result={})

    for mtype in ("table.load.votable", "coverage.load.moc.fits"):
        client.bind_receive_call(mtype, take)
    for mtype in ("table.highlight.row", "coord.pointAt.sky"):
        client.bind_receive_notification(mtype, take)
    try:
        _send_rows(signed_in, site, client, received)
        _send_footprint(signed_in, site, received)
        _send_view(signed_in, site, client, received)
        _send_one_row(signed_in, site, received)
    finally:
        client.disconnect()
    assert hub.names


def _send_rows(
    page: "Page", site: Site, client: SAMPIntegratedClient, received: "queue.Queue[tuple[str, dict[str, str]]]"
) -> None:
    page.get_by_label("Query", exact=True).fill(f"SELECT objid, ra, dec FROM {site.table} ORDER BY objid")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Send to TOPCAT").click()
    page.get_by_role("button", name="Send", exact=True).click()
    mtype, sent = received.get(timeout=30)
    assert mtype == "table.load.votable"
    with urlopen(sent["url"], timeout=30) as answer:
        assert parse_single_table(BytesIO(answer.read())).array["objid"].tolist() == list(range(40))
    page.get_by_text("It has arrived.").wait_for()

    page.locator("tr[data-row='3']").click()
    messages = dict(received.get(timeout=30) for _ in range(2))
    assert messages["table.highlight.row"]["row"] == "3"
    assert messages["table.highlight.row"]["table-id"] == sent["table-id"]
    assert float(messages["coord.pointAt.sky"]["ra"]) == pytest.approx(150.03)

    client.enotify_all("table.highlight.row", **{"table-id": sent["table-id"], "url": sent["url"], "row": "7"})
    page.locator("tr.picked[data-row='7']").wait_for()


def _send_footprint(page: "Page", site: Site, received: "queue.Queue[tuple[str, dict[str, str]]]") -> None:
    page.goto(site.url(f"/product/{site.private}"))
    page.get_by_role("button", name="Send to TOPCAT").click()
    page.get_by_label("What").select_option(label="Footprint (MOC)")
    page.get_by_role("button", name="Send", exact=True).click()
    mtype, sent = received.get(timeout=30)
    assert mtype == "coverage.load.moc.fits"
    with urlopen(sent["url"], timeout=30) as answer:
        assert answer.read().startswith(b"SIMPLE")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"  # for programs that are pages


def _send_view(
    page: "Page", site: Site, client: SAMPIntegratedClient, received: "queue.Queue[tuple[str, dict[str, str]]]"
) -> None:
    """Send what a view of the explorer selects, from a later page of it, and receive highlights of its rows."""
    page.goto(site.url(f"/explore?table={site.table}&filter=ge:objid:5&sort=asc:objid&size=20&page=2"))
    page.get_by_text("Send to other programs").click()
    page.get_by_role("button", name="Send to TOPCAT").click()
    page.get_by_role("button", name="Send", exact=True).click()
    mtype, sent = received.get(timeout=30)
    assert mtype == "table.load.votable"
    with urlopen(sent["url"], timeout=30) as answer:
        assert parse_single_table(BytesIO(answer.read())).array["objid"].tolist() == list(range(5, 40))
    page.get_by_text("It has arrived.").wait_for()
    client.enotify_all("table.highlight.row", **{"table-id": sent["table-id"], "url": sent["url"], "row": "21"})
    page.locator("tr.picked[data-row='21']").get_by_role("cell", name="26", exact=True).wait_for()
    client.enotify_all("table.highlight.row", **{"table-id": sent["table-id"], "url": sent["url"], "row": "3"})
    page.get_by_text("Row 4 was chosen elsewhere; not among the rows shown.").wait_for()


def _send_one_row(page: "Page", site: Site, received: "queue.Queue[tuple[str, dict[str, str]]]") -> None:
    """Send a row of a selection from its own page, as a table and as a position."""
    page.goto(site.url(f"/explore/row?table={site.table}&filter=ge:objid:5&sort=desc:objid&row=3"))
    page.get_by_role("button", name="Send to TOPCAT").click()
    page.get_by_role("button", name="Send", exact=True).click()
    mtype, sent = received.get(timeout=30)
    assert mtype == "table.load.votable"
    with urlopen(sent["url"], timeout=30) as answer:
        assert parse_single_table(BytesIO(answer.read())).array["objid"].tolist() == [37]
    page.get_by_label("What").select_option(label="Position")
    page.get_by_role("button", name="Send", exact=True).click()
    mtype, sent = received.get(timeout=30)
    assert (mtype, float(sent["ra"]), float(sent["dec"])) == ("coord.pointAt.sky", 150.37, 2.185)


def _lines(site: Site, name: str) -> dict[str, str]:
    """Return the lines to copy of the page of a product, as its owner sees it."""
    account = site.server.account
    assert account is not None
    headers = {"Authorization": f"Bearer {account.token}"}
    page = html.fromstring(requests.get(site.url(f"/product/{name}"), headers=headers, timeout=60).text)
    return {found.get("id").removeprefix("copy-"): found.text_content() for found in page.iterfind(".//pre[@id]")}


@pytest.mark.parametrize("is_public", [True, False], ids=["public", "private"])
def test_lines_to_copy_run_as_they_stand(site: Site, stilts: Stilts, tmp_path: Path, is_public: bool) -> None:
    account = site.server.account
    assert account is not None
    lines = _lines(site, site.public if is_public else site.private)
    for name in ("pyvo", "stilts", "curl", "vcp"):
        assert ("$PZSERVER_TOKEN" in lines[name] or "PZSERVER_TOKEN" in lines[name]) is not is_public
        assert account.token not in lines[name]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "HOME": str(tmp_path), "PZSERVER_TOKEN": account.token}

    def run(*command: str) -> None:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"

    for name in ("stilts", "curl", "vcp"):
        run("sh", "-c", lines[name])
        if name == "curl":
            (tmp_path / "small sample.csv").rename(tmp_path / "by curl.csv")
    assert {(tmp_path / name).read_text() for name in ("by curl.csv", "small sample.csv")} == {_TABLE}
    check = "assert (len(rows), len(table)) == (10, 40), (rows, table)"
    run(sys.executable, "-c", f"{lines['pyvo']}\nrows = table\n{lines['pzserver']}\n{check}")
    (fits,) = tmp_path.glob("*.fits")
    assert len(Table.read(fits)) == 10
