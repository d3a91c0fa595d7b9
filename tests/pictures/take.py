"""Take the pictures of the documents anew: ``python -m tests.pictures.take``, of a server with demo data."""

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.pictures.pages import PICTURES, Picture
from tests.server.api import Api
from tests.support.server import Account, RunningServer, account_of, running_server
from tests.support.tools import chromium_path, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["main"]

_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
_WIDTH, _NARROW = 1280, 390
_COLOURS = 64
_MILLISECONDS = 120_000
_TABLE = "objid,RAJ2000,DEJ2000,zspec,e_zspec,ZFLAGS,rmag\n" + "".join(
    f"{n},{36.4 + n % 40 / 80:.5f},{-4.6 + n // 40 / 80:.5f},{0.05 + (n * 37 % 200) / 150:.4f},"
    f"{0.0003 + n % 7 / 1e4:.4f},{1 + n % 4},{18 + n * 13 % 60 / 10:.2f}\n"
    for n in range(600)
)


def main(arguments: Sequence[str]) -> int:
    """Take some pictures, or all without any, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures.take", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(PICTURES)}")
    parser.add_argument("--data", type=Path, help="data folder of a server with demo data; a new one without it")
    given = parser.parse_args(arguments)
    chromium = chromium_path()
    if chromium is None:
        print("Chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(given.data or Path(folder) / "data", env={"PHOTOZ_DEMO": "true"}) as server,
        running_browser(chromium) as browser,
    ):
        account = account_of((server.data / "first-account.txt").read_text(encoding="utf-8"))
        assert account is not None
        draft = _draft(server.base_url, account, Path(folder))
        page = browser.new_context().new_page()
        page.set_default_timeout(_MILLISECONDS)
        _sign_in(page, server.base_url, account)
        for name in given.names or tuple(PICTURES):
            content = _taken(page, server, PICTURES[name], draft)
            (_FOLDER / f"{name}.png").write_bytes(content)
            print(f"{name}: {len(content) / 1000:.0f} kB", flush=True)
    return 0


def _draft(base_url: str, account: Account, folder: Path) -> str:
    """Begin a product with a table, and return its internal name."""
    api = Api(base_url, account.token)
    path = folder / "vvds_deep.csv"
    path.write_text(_TABLE, encoding="ascii")
    made = api.upload("VVDS Deep", "redshift_catalog", path)
    api.inspected(made["id"])
    return str(made["internal_name"])


def _sign_in(page: "Page", base_url: str, account: Account) -> None:
    page.goto(f"{base_url}/login")
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base_url}/")


def _taken(page: "Page", server: RunningServer, picture: Picture, draft: str) -> bytes:
    page.set_viewport_size({"width": _NARROW if picture.is_narrow else _WIDTH, "height": picture.height})
    page.emulate_media(color_scheme="dark" if picture.is_dark else "light")
    page.goto(server.base_url + picture.address.format(draft=draft))
    page.locator(picture.shown).first.wait_for()
    if picture.opened:
        page.locator(picture.opened).first.click()
    page.wait_for_load_state("networkidle")
    content = page.screenshot()
    reduced = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").quantize(_COLOURS).save(reduced, "PNG", optimize=True)
    return reduced.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
