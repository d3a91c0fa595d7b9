"""Barriers on a page for people who cannot see or use all of it, as axe-core finds them."""

from typing import TYPE_CHECKING

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["barriers"]

# What is no barrier is not sent: it is long, and takes as much time as the search.
_RUN = """axe.run({resultTypes: ["violations"]}).then(
    (found) => ({...found, passes: [], incomplete: [], inapplicable: []}))"""


def barriers(page: "Page") -> str:
    """Return a report of the violations on a page as it is shown now; empty when there are none."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = AxeResults(page.evaluate(_RUN))
    return str(found.generate_report()) if found.violations_count else ""
