"""Programs of others that the tests look through: STILTS and Chromium."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["Stilts", "chromium_path", "running_browser"]

_STILTS_SECONDS = 600.0

_BROWSER_SECONDS = 120.0
_CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Stilts:
    """STILTS without a display: ``stilts("tpipe", "in=x.fits", "cmd=…")`` gives what it wrote on standard output."""

    command: str
    #: A file for the classes that the first run loads, with which Java starts sooner; none to go without.
    classes: Path | None = None

    def __call__(self, *arguments: str) -> str:
        """Run one STILTS task; what it complains about is in the message when it fails."""
        # Start-up counts for more than speed in such short runs.
        java = ["-Djava.awt.headless=true", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xlog:disable"]
        if self.classes is not None:
            option = "SharedArchiveFile" if self.classes.exists() else "ArchiveClassesAtExit"
            java.append(f"-XX:{option}={self.classes}")
        done = subprocess.run(
            [self.command, *java, *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_STILTS_SECONDS,
        )
        assert done.returncode == 0, f"stilts {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
        return done.stdout


def chromium_path() -> str | None:
    """Find Chromium or Chrome, the one without windows first, which is the quickest; none without one."""
    return next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)


@contextmanager
def running_browser(path: str) -> Iterator["Browser"]:
    """Start a browser without a window and close it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=list(_CHROMIUM_ARGUMENTS), timeout=_BROWSER_SECONDS * 1000
        )
        try:
            yield browser
        finally:
            browser.close()
